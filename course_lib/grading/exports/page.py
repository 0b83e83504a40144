"""A page of HTML that stands alone: nothing runs, nothing is fetched; for phones and paper, by day and by night."""

import html

from course_lib.exercises.markup import inline
from course_lib.grading.exports.words import clean, one_line

_STYLE = """
:root { color-scheme: light dark; --ink: #22223b; --paper: #fffefb; --soft: #f3f0e8; --line: #d8d2c4;
        --quiet: #5c5c70; --right: #1e7a54; --wrong: #a85a10; --open: #5c5c70; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8e6e0; --paper: #17171d; --soft: #24242d; --line: #44444f; --quiet: #a9a9b8;
          --right: #5cc798; --wrong: #eda55d; --open: #a9a9b8; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.2rem 1rem 3rem; max-width: 46rem; background: var(--paper); color: var(--ink);
       font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .3rem; }
h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; }
h3 { font-size: 1.05rem; margin: 0 0 .3rem; }
p { margin: .45rem 0; }
.quiet { color: var(--quiet); font-size: .9rem; }
.points { font-size: 1.25rem; font-weight: 600; }
section { border: 1px solid var(--line); border-left: .35rem solid var(--open); border-radius: .3rem;
          padding: .7rem .9rem; margin: .8rem 0; }
section.passed { border-left-color: var(--right); }
section.failed, section.broken, section.stopped, section.problems { border-left-color: var(--wrong); }
.word { font-weight: 600; color: var(--open); }
.passed .word { color: var(--right); }
.failed .word, .broken .word, .stopped .word { color: var(--wrong); }
code, pre { font: .9em/1.45 ui-monospace, Consolas, monospace; background: var(--soft); border-radius: .2rem; }
code { padding: 0 .2em; overflow-wrap: anywhere; }
td code { overflow-wrap: normal; }
a { color: inherit; }
pre { padding: .6rem; overflow: auto; max-height: 24rem; white-space: pre-wrap; }
details { margin: .5rem 0; }
details > div { border-left: 2px solid var(--line); padding-left: .8rem; margin-left: .2rem; }
summary { cursor: pointer; color: var(--quiet); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; margin: .5rem 0; }
th, td { overflow-wrap: break-word; border-bottom: 1px solid var(--line); padding: .25rem .7rem .25rem 0;
         text-align: left; vertical-align: top; }
thead th { color: var(--quiet); font-weight: 600; font-size: .9rem; }
td:not(.n) { min-width: 4.5rem; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
td.n { white-space: nowrap; }
tfoot td { font-weight: 600; }
figure { margin: .8rem 0; }
img { max-width: 100%; height: auto; border-radius: .3rem; }
@media print {
  :root { color-scheme: light; --ink: #000; --paper: #fff; --soft: #f4f4f4; --line: #bbb; --quiet: #444;
          --right: #1e7a54; --wrong: #a85a10; --open: #5c5c70; }
  body { max-width: none; padding: 0; font-size: 10.5pt; }
  section, tr, figure { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  pre { max-height: none; }
  details:not([open])::details-content { content-visibility: visible; display: block; height: auto; } }
"""
# Should anything a learner wrote ever get through unescaped, the browser still runs nothing and fetches nothing.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def page(title: str, body: str) -> str:
    """The document. `title` is escaped here, `body` is HTML already."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{text(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def text(words: str) -> str:
    """Words on one line, escaped."""
    return html.escape(one_line(words))


def name(words: str) -> str:
    """A person's name, escaped, and kept from turning the direction of the words around it."""
    return f"<bdi>{text(words) or '(no name)'}</bdi>"


def paragraphs(lines: list[str]) -> str:
    """Lines with `code` and **bold** marked up, all else escaped; one in three backticks is of fixed width."""
    return "".join(
        pre(line.strip("`")) if line.startswith("```") else f"<p>{inline(clean(line))}</p>" for line in lines)


def pre(words: str) -> str:
    """What was printed, as it was."""
    return f"<pre>{html.escape(clean(words))}</pre>"


def table(head: list[str], rows: list[list[str]], *, numbers: set[int], foot: list[str] | None = None) -> str:
    """A table of cells that are HTML already; the columns in `numbers` are set right."""
    def row(cells: list[str], tag: str) -> str:
        scope = ' scope="col"' if tag == "th" else ""
        marks = [' class="n"' if i in numbers else "" for i in range(len(cells))]
        inside = (f"<{tag}{scope}{mark}>{cell}</{tag}>" for cell, mark in zip(cells, marks, strict=True))
        return f"<tr>{''.join(inside)}</tr>"

    end = f"<tfoot>{row(foot, 'td')}</tfoot>" if foot else ""
    return (f'<div class="scroll"><table><thead>{row(head, "th")}</thead>'
            f"<tbody>{''.join(row(cells, 'td') for cells in rows)}</tbody>{end}</table></div>")
