"""Who handed in what, as platforms and people lay it down."""

import io
import os
import zipfile

import pytest

from course_lib.grading.collect import collect


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


def test_a_platforms_archive_as_it_was_downloaded(tmp_path):
    whole = tmp_path / "download.zip"
    whole.write_bytes(pack(*CANVAS))
    assert set(told(collect(whole))) == {"lovelaceada", "turingalan"}
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "submissions.zip").write_bytes(pack(*CANVAS))
    assert set(told(collect(tmp_path / "folder"))) == {"lovelaceada", "turingalan"}


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
