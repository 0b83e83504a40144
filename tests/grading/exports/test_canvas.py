"""One column of a Canvas gradebook, and not a byte beside it."""

import csv
import io
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_lib.grading.exports.canvas import GradebookError, fill_canvas, write_canvas
from course_lib.grading.exports.csv_bytes import read_cells, replace_cells

# As Canvas' exporter writes it (lib/gradebook_exporter.rb), with odd names, quotes and line ends.
BOOK = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Notes,Homework 1 (900),\"Week 1, attention (901)\",Week 2 (902),Current Score\r\n"
    ",,,,,,,Manual Posting,,\r\n"
    "    Points Possible,,,,,,10,2,5,(read only)\r\n"
    "\"Lovelace, Ada\",11,s11,ada01,Lecture,\"says \"\"hi\"\"\",7.50,,3,75.00\r\n"
    "\"O'Neill, \"\"Kit\"\"\",12,s12,kit,\"A, B and C\",,,\"\",,\r\n"
    "王小明,13,s13,wang,Lecture,,N/A,1.5,,\r\n"
    "\"Smith, Jo\",14,s14,jo1,Lecture,,,,,\r\n"
    "\"Smith, Jo\",15,s15,jo2,Lecture,,,,,\r\n"
    "\"=\"\"=Evil, Bob\"\"\",16,s16,bob,Lecture,\"two\r\nlines\",,EX,,\r\n"
    "\"Student, Test\",17,,f3a,Lecture,,,N/A,,\r\n"
).encode()
TITLE = "Week 1, attention"


def filled(book, *records, column=TITLE, **options):
    """The result, after seeing to it that all else is as it was."""
    result = fill_canvas(book, records, column, **options)
    before, after = (list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))) for data in (book, result.data))
    at = before[0].index(result.column)
    for old, new in zip(before, after, strict=True):
        assert [c for i, c in enumerate(old) if i != at] == [c for i, c in enumerate(new) if i != at]
    return result


def cells(result):
    rows = list(csv.reader(io.StringIO(result.data.decode("utf-8-sig"), newline="")))
    return [row[rows[0].index(result.column)] for row in rows]


@pytest.mark.parametrize("student, lms_id, row", [
    ("Ada Lovelace", None, 3), ("Lovelace, Ada", None, 3), ("lovelaceada", "11", 3), ("lovelaceada", None, 3),
    ("ADA  LOVELACE", None, 3), ("ada01", None, 3), ("s11", None, 3), ("11", None, 3), ("Ada M. Lovelace", "11", 3),
    ("Ada Lovelace", "s11", 3), ('O\'Neill, "Kit"', None, 4), ("oneillkit", "12", 4), ("王小明", None, 5),
    ("wang", None, 5), ("Jo Smith", "15", 7), ("Jo Smith (15)", "15", 7), ("jo1", None, 6),
])
def test_who_is_who(record, student, lms_id, row):
    result = filled(BOOK, record(student, lms_id=lms_id))
    old = cells(filled(BOOK))
    assert cells(result) == [*old[:row], "2", *old[row + 1:]]
    assert result.filled == ((student, old[row], "2"),) and not result.left_out and len(result.without_record) == 6


@pytest.mark.parametrize("student, lms_id, why", [
    ("Jo Smith", None, "2 rows could be meant"),
    ("smithjo", "99", "2 rows could be meant"),
    ("Grace Hopper", None, "no such student"),
    ("Ada", None, "no such student"),
    ("Grace Hopper", "11", "is that of 'Lovelace, Ada'"),   # by chance, or from another platform
    ("submission_12", "12", "is that of"),
    ("Ada Smith", "11", None),                             # a married name: the number and a word of the name agree
    ("Jo Smith", "11", "is that of"),
    ("王小明 Lovelace", "11", None),
    ("Wang", "11", "is that of"),
    ("Ada Lovelace", "12", "is that of"),
    ("", None, "no such student"),
    ("😀", None, "no such student"),
    ("=Evil, Bob", None, "excused"),
    ("Test Student", None, "does not have this assignment"),
])
def test_nothing_is_guessed(record, student, lms_id, why):
    result = filled(BOOK, record(student, lms_id=lms_id))
    if why is None:
        assert not result.left_out
        return
    assert result.data == BOOK and not result.filled
    [(who, said)] = result.left_out
    assert who == student and why in said


def test_a_number_of_one_and_the_name_of_another(record):
    book = BOOK.replace(b'"Smith, Jo",14', b'"Lovelace, Jo",14')
    [(_, said)] = filled(book, record("Ada Lovelace", lms_id="14")).left_out
    assert "'Lovelace, Jo'" in said and "'Lovelace, Ada'" in said


def test_two_submissions_for_one_row(record):
    result = filled(BOOK, record("Ada Lovelace"), record("ada01"), record("王小明"))
    assert [who for who, _, _ in result.filled] == ["王小明"]
    assert [who for who, _ in result.left_out] == ["Ada Lovelace", "ada01"]
    assert "could also be for 'ada01'" in result.left_out[0][1]


def test_only_the_bytes_of_the_cells_change(record):
    result = filled(BOOK, record("Ada Lovelace"), record("oneillkit"), record("王小明"))
    expected = BOOK.replace(b',7.50,,3,', b',7.50,2,3,').replace(b',,"",,\r\n', b',,"2",,\r\n')
    assert result.data == expected.replace(b"N/A,1.5,,", b"N/A,2,,")
    assert result.filled[2] == ("王小明", "1.5", "2")


@pytest.mark.parametrize("change", [
    lambda b: b"\xef\xbb\xbf" + b,
    lambda b: b.replace(b"\r\n", b"\n"),
    lambda b: b.rstrip(b"\r\n"),
    lambda b: b + b"\r\n\r\n",
    lambda b: b.replace(b",,,,,,,Manual Posting,,\r\n", b""),
    lambda b: b.replace(b"Manual Posting", b"Manual Posting (scores hidden from instructors)"),
    lambda b: b.replace("王小明".encode(), "Zoë".encode("cp1252")),
])
def test_every_kind_of_file_keeps_its_bytes(record, change):
    book = change(BOOK)
    result = fill_canvas(book, [record("Ada Lovelace")], TITLE)
    assert result.data == book.replace(b",7.50,,3,", b",7.50,2,3,") and len(result.filled) == 1
    assert fill_canvas(book, [], TITLE).data == book


def test_semicolons_and_decimal_commas(record):
    book = ("Student;ID;SIS Login ID;Section;A, b (1)\n    Points Possible;;;;2,00\nLovelace, Ada;11;ada;X;0,50\n").encode()
    result = fill_canvas(book, [record("Ada Lovelace")], "A, b")
    assert result.data == book.replace(b"X;0,50", b"X;2") and not result.notes


def test_first_and_last_names_in_two_columns(record):
    book = b"LastName,FirstName,ID,SIS Login ID,Section,A (1)\nPoints Possible,,,,,2\nLovelace,Ada,11,ada,X,\n"
    assert fill_canvas(book, [record("Ada Lovelace")], "1").data == book.replace(b"X,\n", b"X,2\n")


@pytest.mark.parametrize("asked", ["901", TITLE, f"{TITLE} (901)", " 901 "])
def test_the_column_by_its_number_or_its_name(record, asked):
    assert filled(BOOK, record("Ada Lovelace"), column=asked).column == f"{TITLE} (901)"


@pytest.mark.parametrize("asked, said", [
    ("Weak 1, attention", "Week 1, attention"), ("903", "no column"), ("Current Score", "computes"), ("ID", "no column"),
    ("Section", "no column"), ("", "no column"),
])
def test_a_column_that_is_not_to_be_had(record, asked, said):
    with pytest.raises(GradebookError, match=said):
        fill_canvas(BOOK, [record("Ada Lovelace")], asked)


@pytest.mark.parametrize("total", ["Current Score", "Unposted Final Grade", "Homework Current Points", "Override Score"])
def test_a_total_without_its_mark_is_not_written_either(total):
    with pytest.raises(GradebookError, match="computes"):
        fill_canvas(f"Student,ID,Section,{total}\nA,1,X,\n".encode(), [], total)


def test_a_column_that_is_marked_read_only():
    book = BOOK.replace(b"Points Possible,,,,,,10", b"Points Possible,,,,,(read only),10")
    with pytest.raises(GradebookError, match="'Notes' is read only"):
        fill_canvas(book, [], "Notes")


def test_rows_without_a_record_are_named():
    assert filled(BOOK).without_record == (
        "Lovelace, Ada", 'O\'Neill, "Kit"', "王小明", "Smith, Jo", "Smith, Jo", "=Evil, Bob", "Student, Test")


def test_two_columns_of_one_name(record):
    book = BOOK.replace(b"Week 2 (902)", b'"Week 1, attention (902)"')
    with pytest.raises(GradebookError, match="2 columns.*902.*number in brackets"):
        fill_canvas(book, [], TITLE)
    assert fill_canvas(book, [record("Ada Lovelace")], "902").column.endswith("(902)")


@pytest.mark.parametrize("book, said", [
    (b"", "no gradebook"), (b"a,b\n1,2\n", "no gradebook"), ('a,"b\n'.encode(), "never closed"),
    (BOOK.decode().encode("utf-16"), "UTF-16"), (b"\x00\x01\x02", "no gradebook"),
])
def test_what_is_no_gradebook(book, said):
    with pytest.raises(GradebookError, match=said):
        fill_canvas(book, [], "1")


def test_other_points_are_told_or_converted(record, result):
    one = record("Ada Lovelace", result(of=8.0, points=3.0))
    told = filled(BOOK, one)
    assert told.filled[0][2] == "3" and "has 2 points in Canvas, the records 8" in told.notes[0]
    converted = filled(BOOK, one, scale=True)
    assert converted.filled[0][2] == "0.75" and "converted" in converted.notes[0]
    assert not filled(BOOK, record("Ada Lovelace")).notes


def test_a_row_that_another_program_cut(record):
    book = BOOK.replace(b",7.50,,3,75.00", b"")
    [(_, why)] = fill_canvas(book, [record("Ada Lovelace")], TITLE).left_out
    assert "too short" in why


def test_no_file_is_overwritten(record, tmp_path):
    source = tmp_path / "book.csv"
    source.write_bytes(BOOK)
    write_canvas(source, tmp_path / "new.csv", [record("Ada Lovelace")], TITLE)
    assert source.read_bytes() == BOOK != (tmp_path / "new.csv").read_bytes()
    for target in (source, tmp_path / "new.csv"):
        with pytest.raises(FileExistsError):
            write_canvas(source, target, [record("Bob")], TITLE)
    with pytest.raises(GradebookError, match="book.csv: no column"):
        write_canvas(source, tmp_path / "x.csv", [], "Week 9")
    assert not (tmp_path / "x.csv").exists()


TEXT = st.text(st.sampled_from('ab ,;"\n王=\t'), max_size=6)


@given(st.lists(st.lists(TEXT, min_size=2, max_size=2), min_size=1, max_size=4), st.sampled_from(["\n", "\r\n"]),
       st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]), st.sampled_from(",;"), st.booleans())
def test_the_reader_agrees_with_pythons(rows, end, quoting, delimiter, bom):
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=end, quoting=quoting, delimiter=delimiter).writerows(rows)
    data = text.getvalue().encode("utf-8-sig" if bom else "utf-8")
    read = read_cells(data, delimiter)
    assert [[cell.text for cell in row] for row in read] == rows
    cell = random.Random(0).choice([cell for row in read for cell in row])
    changed = replace_cells(data, {cell: "7"})
    assert changed[:cell.start] == data[:cell.start] and changed.endswith(data[cell.end:])
    again = [[each.text for each in row] for row in read_cells(changed, delimiter)]
    assert again == [["7" if each is cell else each.text for each in row] for row in read]
