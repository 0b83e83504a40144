"""Who handed in what, as platforms and people lay it down."""

import io
import os
import sys
import zipfile
from dataclasses import replace

import pytest

from course_lib.grading.reading.archives import Limits
from course_lib.grading.reading.collect import collect


def lay(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return folder


def pack(*names):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, name.encode() if isinstance(name, str) else b"")
    return buffer.getvalue()


def told(collection):
    return {s.student: [f.name for f in s.files] for s in collection.submissions}


def test_notebooks_and_folders_named_after_students(tmp_path):
    lay(tmp_path, "ada.ipynb", "李 雷/01_dot.ipynb", "李 雷/deep/02_soft.ipynb", 'O\'Neil, "Sam"/01_dot.ipynb',
        "readme.txt", "ada/.ipynb_checkpoints/01_dot.ipynb")
    collection = collect(tmp_path)
    assert told(collection) == {
        'O\'Neil, "Sam"': ['O\'Neil, "Sam"/01_dot.ipynb'],
        "ada": ["ada.ipynb"],
        "李 雷": ["李 雷/01_dot.ipynb", "李 雷/deep/02_soft.ipynb"],
    }
    assert collection.notes == ()
    assert collection.submissions[1].files[0].data == b"ada.ipynb"


def test_a_student_twice_is_one_student(tmp_path):
    lay(tmp_path, "ada.ipynb", "ada/02_soft.ipynb")
    assert told(collect(tmp_path)) == {"ada": ["ada/02_soft.ipynb", "ada.ipynb"]}


def test_archives_of_students(tmp_path):
    (tmp_path / "ada.zip").write_bytes(pack("01_dot.ipynb", "more/02_soft.ipynb", "../out.ipynb"))
    (tmp_path / "bob.zip").write_bytes(b"no zip")
    (tmp_path / "eve.zip").write_bytes(pack("essay.docx"))
    (tmp_path / "joe").mkdir()
    (tmp_path / "joe" / "handin.zip").write_bytes(pack("01_dot.ipynb"))
    collection = collect(tmp_path)
    assert told(collection) == {"ada": ["ada/01_dot.ipynb", "ada/more/02_soft.ipynb"], "bob": [], "eve": [],
                                "joe": ["joe/handin/01_dot.ipynb"]}
    problems = {s.student: s.problems for s in collection.submissions}
    assert "leads out" in problems["ada"][0] and "ordinary zip" in problems["bob"][0]
    assert problems["eve"] == ("there is no notebook in the archive",) and problems["joe"] == ()


CANVAS = ("lovelaceada_4711_90210_01_dot_product_attention.ipynb",
          "turingalan_LATE_4712_90211_01_dot_product_attention-2.ipynb")


def test_canvas(tmp_path):
    collection = collect(lay(tmp_path, *CANVAS))
    assert told(collection) == {"lovelaceada": [CANVAS[0]], "turingalan": [CANVAS[1]]}
    assert [(s.lms_id, s.late) for s in collection.submissions] == [("4711", False), ("4712", True)]


def test_two_people_of_one_name(tmp_path):
    collection = collect(lay(tmp_path, "liwei_11_1_a.ipynb", "liwei_22_2_a.ipynb"))
    assert told(collection) == {"liwei": ["liwei_11_1_a.ipynb"], "liwei (22)": ["liwei_22_2_a.ipynb"]}


@pytest.mark.parametrize("name", ["Ada Lovelace_12345_assignsubmission_file_/01_dot.ipynb",
                                  "Ada Lovelace_12345_assignsubmission_file_01_dot.ipynb"])
def test_moodle(tmp_path, name):
    submission, = collect(lay(tmp_path, name)).submissions
    assert (submission.student, submission.lms_id) == ("Ada Lovelace", "12345")


GRADESCOPE = """\
submission_987:
  :submitters:
  - :name: "Lovelace, Ada"
    :sid: '0042'
    :email: ada@example.org
  :created_at: 2026-11-20 10:00:00
"""


def test_gradescope(tmp_path):
    lay(tmp_path, "submission_987/01_dot.ipynb", "submission_988/01_dot.ipynb")
    (tmp_path / "submission_metadata.yml").write_text(GRADESCOPE)
    collection = collect(tmp_path)
    assert told(collection) == {"Lovelace, Ada": ["submission_987/01_dot.ipynb"],
                                "submission_988": ["submission_988/01_dot.ipynb"]}
    assert [s.lms_id for s in collection.submissions] == ["0042", "988"]

    (tmp_path / "submission_metadata.yml").write_text("[1, 2")
    assert "submission_987" in told(collect(tmp_path)) and "not Gradescope's list" in collect(tmp_path).notes[0]


@pytest.mark.parametrize("names, students", [
    (("class/ada.ipynb", "class/bob/01_dot.ipynb", "class/eve.zip"), {"ada", "bob", "eve"}),
    (("class/ada/01_dot.ipynb", "class/bob/02_soft.ipynb"), {"ada", "bob"}),
    (("ada/01_dot.ipynb", "ada/02_soft.ipynb"), {"ada"}),
    (("ada.ipynb", "bob/01_dot.ipynb"), {"ada", "bob"}),
    (tuple(f"all/{name}" for name in CANVAS), None),
])
def test_a_folder_that_was_packed_as_a_whole_is_no_student(tmp_path, names, students):
    (tmp_path / "class.zip").write_bytes(pack(*names))
    (tmp_path / "flat.zip").write_bytes(pack(*CANVAS))
    found = {each.student for each in collect(tmp_path / "class.zip").submissions}
    assert found == (students or {each.student for each in collect(tmp_path / "flat.zip").submissions})


def test_a_platforms_archive_as_it_was_downloaded(tmp_path):
    whole = tmp_path / "download.zip"
    whole.write_bytes(pack(*CANVAS))
    assert set(told(collect(whole))) == {"lovelaceada", "turingalan"}
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "submissions.zip").write_bytes(pack(*CANVAS))
    assert set(told(collect(tmp_path / "folder"))) == {"lovelaceada", "turingalan"}


# Who would be somebody else


def member(name, content=b"mine"):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


AS_ADA = {
    "Canvas, in an archive of one's own": (CANVAS[0], "mallory_3_4_work.zip", CANVAS[0]),
    "Moodle, in an archive of one's own": (
        "Ada_1_assignsubmission_file_/a.ipynb", "mallory.zip", "Ada_1_assignsubmission_file_/b.ipynb"),
    "a folder's name in an archive": ("ada/a.ipynb", "mallory.zip", "ada/b.ipynb"),
    "Moodle, in a folder of one's own": (
        "Ada_1_assignsubmission_file_/a.ipynb", "Mal_2_assignsubmission_file_/Ada_1_assignsubmission_file_/b.ipynb", ""),
    "Moodle, in a file's name": (
        "Ada_1_assignsubmission_file_a.ipynb", "Mal_2_assignsubmission_file_Ada_1_assignsubmission_file_b.ipynb", ""),
    "a folder like a platform's": ("ada/a.ipynb", "mallory/ada_1_2_b.ipynb", ""),
}


@pytest.mark.parametrize("name", AS_ADA)
def test_nobody_hands_in_for_somebody_else(tmp_path, name):
    hers, theirs, inside = AS_ADA[name]
    lay(tmp_path, hers, theirs)
    if inside:
        (tmp_path / theirs).write_bytes(member(inside))
    alone = tmp_path / "alone"
    lay(alone, hers)
    before, = collect(alone).submissions
    (tmp_path / "alone" / hers).unlink()
    ada, mallory = collect(tmp_path).submissions
    assert ada == before and ada.lms_id != mallory.lms_id or ada.lms_id is None
    assert mallory.student.lower().startswith("mal") and len(mallory.files) == 1


def test_nor_if_nobody_else_has_handed_in(tmp_path):
    (tmp_path / "mallory_3_4_work.zip").write_bytes(member(CANVAS[0]))
    mallory, = collect(tmp_path).submissions
    assert (mallory.student, mallory.lms_id, len(mallory.files)) == ("mallory", "3", 1)


@pytest.mark.parametrize("folder", ["", "assignment_7_export/"])
def test_a_students_own_list_names_nobody(tmp_path, folder):
    lay(tmp_path, *(f"{folder}submission_{n}/{file}" for n in (987, 988) for file in ("a.ipynb", "submission_metadata.yml")))
    forged = GRADESCOPE + GRADESCOPE.replace("987", "988")
    (tmp_path / folder / "submission_988/submission_metadata.yml").write_text(forged)
    (tmp_path / folder / "submission_988/more.zip").write_bytes(member("submission_metadata.yml", forged.encode()))
    (tmp_path / folder / "submission_metadata.yml").write_text(GRADESCOPE)
    ada, other = collect(tmp_path).submissions
    assert (ada.student, ada.lms_id, len(ada.files)) == ("Lovelace, Ada", "0042", 1)
    assert (other.student, other.lms_id) == ("submission_988", "988")


def test_a_name_that_is_made_for_two_of_one_name_may_be_somebodys(tmp_path):
    collection = collect(lay(tmp_path, *(f"{name}_{n}_assignsubmission_file_/a.ipynb" for name, n in (
        ("Li", 1), ("Li", 2), ("Li (2)", 3)))))
    assert [(s.student, s.lms_id) for s in collection.submissions] == [("Li", "1"), ("Li (2)", "2"), ("Li (2) (3)", "3")]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere there are no such names")
def test_names_that_are_no_text_can_be_written_down_and_stay_apart(tmp_path):
    for byte in (b"\xff", b"\xfe"):
        with open(os.fsencode(tmp_path) + b"/" + byte + b".ipynb", "wb") as file:
            file.write(byte)
    collection = collect(tmp_path)
    assert told(collection) == {"\\udcfe": ["\\udcfe.ipynb"], "\\udcff": ["\\udcff.ipynb"]}


def test_one_student_fills_no_memory_and_no_page(tmp_path):
    lay(tmp_path, *(f"mallory/{i}.ipynb" for i in range(60)), "ada/a.ipynb")
    (tmp_path / "mallory/links.zip").write_bytes(pack(*(f"../{i}\x1b[31m\n.ipynb" for i in range(40))))
    ada, mallory = collect(tmp_path).submissions
    assert len(mallory.files) == 50 and "Of 60 notebooks 50 were read" in mallory.problems[0]
    assert len(mallory.problems) == 21 and all(problem.isprintable() for problem in mallory.problems)
    few = replace(Limits(), student_bytes=12)
    assert [len(s.files) for s in collect(tmp_path, few).submissions] == [1, 0]


def test_an_archive_of_a_class_that_is_too_large_leaves_nobody_out(tmp_path):
    whole = tmp_path / "download.zip"
    whole.write_bytes(pack(*CANVAS))
    with pytest.raises(ValueError, match="unpack it into a folder"):
        collect(whole, replace(Limits(), total_bytes=len(CANVAS[0]) + 3))


def test_links_are_not_followed(tmp_path):
    lay(tmp_path / "secret", "exam.ipynb")
    lay(tmp_path / "in", "ada/01_dot.ipynb")
    (tmp_path / "in" / "eve").symlink_to(tmp_path / "secret", target_is_directory=True)
    (tmp_path / "in" / "bob").mkdir()
    (tmp_path / "in" / "bob" / "01.ipynb").symlink_to(tmp_path / "secret" / "exam.ipynb")
    collection = collect(tmp_path / "in")
    assert told(collection) == {"ada": ["ada/01_dot.ipynb"], "bob": []}
    assert collection.submissions[1].problems == ("01.ipynb was not read: it is a link",)


def test_what_cannot_be_read_costs_nobody_else(tmp_path, monkeypatch):
    lay(tmp_path, "ada/01.ipynb", "bob/01.ipynb")
    from pathlib import Path
    read = Path.read_bytes

    def broken(self):
        if "bob" in str(self):
            raise PermissionError(13, "Permission denied")
        return read(self)

    monkeypatch.setattr(Path, "read_bytes", broken)
    collection = collect(tmp_path)
    assert told(collection) == {"ada": ["ada/01.ipynb"], "bob": []}
    assert collection.submissions[1].problems == ("01.ipynb was not read: Permission denied",)


def test_nothing_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="give the folder or the zip archive"):
        collect(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="no notebook"):
        collect(tmp_path)
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(ValueError, match="neither a folder nor a zip"):
        collect(tmp_path / "a.txt")


def test_the_order_does_not_depend_on_the_disk(tmp_path):
    lay(tmp_path, *(f"{name}/{file}.ipynb" for name in "zebra ant Mole".split() for file in "ba"))
    assert list(told(collect(tmp_path))) == ["Mole", "ant", "zebra"]
    assert os.listdir(tmp_path)
