"""A CSV table in which single cells can be replaced while every other byte stays what it was."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_BOM = b"\xef\xbb\xbf"
_QUOTE, _CR, _LF = b'"\r\n'


@dataclass(frozen=True)
class Cell:
    """A cell: what it says, and from where to where it stands in the file, quotes included."""

    text: str
    start: int
    end: int
    quoted: bool


def read_cells(data: bytes, delimiter: str = ",") -> list[list[Cell]]:
    """The rows of a table, empty lines left out.

    The bytes are walked as they are: in UTF-8, as in all encodings that Excel saves CSV in but UTF-16, no letter
    holds the byte of a quote, a delimiter or a line's end.

    Raises:
        ValueError: it is UTF-16, or a quoted cell never ends.
    """
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise ValueError('the file is in UTF-16; export it again, or save it as "CSV UTF-8".')
    rows: list[list[Cell]] = [[]]
    at, comma = (len(_BOM) if data.startswith(_BOM) else 0), ord(delimiter)
    while at < len(data) or rows[-1]:
        start = at
        quoted = data[at:at + 1] == b'"'
        if quoted:
            at = _closing_quote(data, at)
        while at < len(data) and data[at] not in (comma, _CR, _LF):
            at += 1
        rows[-1].append(Cell(_text(data[start:at], quoted), start, at, quoted))
        if at < len(data) and data[at] == comma:
            at += 1
            continue
        at += 2 if data[at:at + 2] == b"\r\n" else 1
        rows.append([])
        if at >= len(data):
            break
    return [row for row in rows if row and (len(row) > 1 or row[0].text)]


def replace_cells(data: bytes, changes: Mapping[Cell, str] | Iterable[tuple[Cell, str]]) -> bytes:
    """The table with other texts in some cells; a cell keeps its quotes. The texts must need none."""
    pieces, at = [], 0
    for cell, text in sorted(dict(changes).items(), key=lambda change: change[0].start):
        if set(text) & set('",;\t\r\n'):
            raise ValueError(f"{text!r} cannot stand in a cell without quotes.")
        pieces += [data[at:cell.start], (f'"{text}"' if cell.quoted else text).encode()]
        at = cell.end
    return b"".join([*pieces, data[at:]])


def _closing_quote(data: bytes, at: int) -> int:
    """Where a cell that begins with a quote at `at` ends."""
    start = at
    while True:
        at = data.find(b'"', at + 1)
        if at < 0:
            line = data.count(b"\n", 0, start) + 1
            raise ValueError(f"the quote that opens in line {line} is never closed.")
        if data[at + 1:at + 2] != b'"':
            return at + 1
        at += 1


def _text(raw: bytes, quoted: bool) -> str:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("cp1252", "replace")
    if not quoted:
        return text
    inside, _, rest = text[1:].replace('""', "\0").partition('"')
    return inside.replace("\0", '"') + rest
