"""A class in which almost nobody is friendly, graded in one run: nobody gains, nobody else loses, nothing is left."""

import csv
import json
import os
import re
import sys
import tempfile
import threading
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hostile_bank import ATTACKS, HONEST, apart
from hostile_bank.attack import ATTACKED, FORBIDDING, KEY, MARK, OTHER
from hostile_bank.laying import cell, lay, notebook

from course_lib.exercises.bank import all_exercises
from course_lib.grading import marking
from course_lib.grading.assignment import whole_chapters
from course_lib.grading.briefing import describe_class
from course_lib.grading.grade import grade
from course_lib.grading.papers import write_papers
from course_lib.grading.records import file_names, same_but_for_time
from course_lib.grading.workers.limits import Limits
from course_lib.paths import CHAPTERS, ROOT

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the walls are Linux's")
BANK = all_exercises()
POINTS = {ATTACKED: 2.0, OTHER: 3.0, FORBIDDING: 4.0}
CLASS = replace(whole_chapters("1"), points=POINTS)
LIMITS = Limits(seconds=2.5, memory=256 * 2**20, processes=16, files=64, file_size=8 * 2**20, printed=3000, flood=2**20)
SEED = "a seed that nobody knows, SECRET-7741"
BY_NAME = {attack.name: attack for attack in ATTACKS}
# What a worker must not reach, wherever else the grader's machine may be written to.
PLACES = ["/tmp", "/var/tmp", "/dev/shm", "/run", "/", "/root", "/home", Path.home(), ROOT, ROOT / "course_lib", CHAPTERS,
          *filter(None, sys.path), Path.home() / ".cache", tempfile.gettempdir()]


def of_this_run(base):
    """The processes that a server below `base` has started, by a name in their environment."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"COURSE_GRADING={base}".encode() in (folder / "environ").read_bytes():
                found[folder.name] = (folder / "cmdline").read_bytes()
        except OSError:
            pass
    return found


def shared():
    """Those of System V's tables in which something is left."""
    return [kind for kind in ("shm", "sem", "msg")
            if any(line.split()[0] == str(KEY) for line in Path(f"/proc/sysvipc/{kind}").read_text().splitlines())]


def open_walls(records):
    return [line for record in records.values() for line in record.stamp["walls"] if "missing" in line or "in part" in line]


def marked():
    return {str(path) for place in PLACES for path in Path(place).glob(f"*{MARK}*")} | {
        str(path) for place in PLACES for path in Path(place).glob(f"__pycache__/*{MARK}*")}


def threads():
    return {thread for thread in threading.enumerate() if thread.name != "tqdm_monitor"}  # the progress bar's own


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Grades a list of attacks and honest submissions; returns records by student, and the folder of papers."""
    home = tmp_path_factory.mktemp("hostile")
    seed = home / "seed.txt"
    seed.write_text(SEED)
    (home / "tmp").mkdir()
    before, tempfile.tempdir = tempfile.tempdir, str(home / "tmp")

    def graded(name, attacks, honest=HONEST):
        place, out = home / name, home / f"{name} out"
        place.mkdir()
        for student, cells in honest.items():
            (place / f"{student}.ipynb").write_bytes(notebook(*(cell(source, id) for id, source in cells.items())))
        for attack in attacks:
            lay(place, attack)
        records, collection = grade(place, out, CLASS, seed_file=seed, limits=LIMITS, jobs=1, progress=False)
        write_papers(records, out, [CHAPTERS / "01_dot_product_attention.ipynb"])
        return {record.student: record for record in records}, out, home

    yield graded
    tempfile.tempdir = before


@pytest.fixture(scope="module")
def alone(run):
    return run("alone", ())[0]


def chosen(attacks):
    """Those whose name matches the environment's HOSTILE, for whoever works on one of them."""
    return [attack for attack in attacks if re.search(os.environ.get("HOSTILE", ""), attack.name)]


@pytest.fixture(scope="module")
def graded(run):
    """Everybody, with nothing between them and the walls: what is refused by its words alone would test no wall."""
    left = (marked(), threads())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(marking, "odd_conduct", lambda code: ())
        return (*run("class", chosen(ATTACKS)), left)


@pytest.fixture(scope="module")
def read_first(run):
    """Those who take Python apart, graded as ever: their code is read before it runs."""
    return run("read first", chosen(apart.ATTACKS))


@pytest.mark.parametrize("name", BY_NAME)
def test_an_attack_gains_nothing(graded, name):
    attack, (records, *_) = BY_NAME[name], graded
    if attack.called not in records and not chosen([attack]):
        pytest.skip("not chosen")
    record = records[attack.called]
    results = {result.id: result for result in record.exercises}
    if attack.walled and open_walls(records):
        pytest.skip(open_walls(records)[0])
    assert results[attack.exercise].status in attack.status, results[attack.exercise]
    assert results[OTHER].status in attack.other, results[OTHER]
    earned = {id for id, result in results.items() if result.status == "passed"}
    assert record.points == sum(POINTS[id] for id in earned)
    assert "LOOT" not in "".join(result.printed for result in record.exercises) or "LOOT 0" in str(record), record


@pytest.mark.parametrize("name", [attack.name for attack in apart.ATTACKS])
def test_what_no_wall_can_stop_is_pointed_out(read_first, name):
    """Who takes Python itself apart in his own process may gain points, and not without somebody being told to look."""
    attack = BY_NAME[name]
    if attack.called not in read_first[0]:
        pytest.skip("not chosen")
    record = read_first[0][attack.called]
    passed = [result.id for result in record.exercises if result.status == "passed"]
    assert record.look_at or attack.exercise not in passed, record


def test_nobody_is_pointed_out_for_nothing(alone):
    assert [record.look_at for record in alone.values()] == [()] * len(HONEST)


def test_the_bank_is_large_and_its_names_are_its_own():
    assert len(ATTACKS) >= 100 and len(BY_NAME) == len(ATTACKS) == len({attack.called for attack in ATTACKS})
    assert all(attack.tries.endswith(".") for attack in ATTACKS)


def test_everybody_else_gets_what_they_get_alone(graded, alone):
    records = graded[0]
    for student in HONEST:
        assert same_but_for_time(records[student], alone[student]), student
    assert alone["honest"].points == 9 and alone["zoe, honest and last"].points == 5


def test_nothing_is_left_behind(graded):
    _, _, home, (files, before) = graded
    assert of_this_run(home) == {}
    assert list((home / "tmp").iterdir()) == []
    assert threads() == before
    if not open_walls(graded[0]):
        assert shared() == [] and marked() == files


def test_no_exercise_takes_longer_than_its_time(graded):
    """With what a busy machine needs besides: a bound against waiting for what never comes, not a measurement."""
    for record in graded[0].values():
        assert record.seconds["total"] < 3 * (LIMITS.seconds + 20), record.student


class Page(HTMLParser):
    """Fails at whatever in a page could run, fetch or send something."""

    INERT = {"html", "head", "meta", "title", "style", "body", "header", "main", "footer", "section", "h1", "h2", "h3", "p",
             "span", "bdi", "b", "em", "strong", "code", "pre", "br", "a", "details", "summary", "div", "table", "thead", "tbody",
             "tfoot", "tr", "th", "td", "ul", "ol", "li", "figure", "figcaption", "img", "sub", "sup", "i", "hr", "blockquote"}

    def handle_starttag(self, tag, attributes):
        assert tag in self.INERT, tag
        for name, value in attributes:
            assert not name.startswith("on"), (tag, name)
            if name in ("href", "src"):
                assert re.match(r"#|https://|data:image/", value), value


def pages(out):
    return sorted((out / "feedback").glob("*.html"))


def test_no_page_runs_what_a_learner_wrote(graded, read_first):
    for out in (graded[1], read_first[1]):
        for page in [*pages(out), out / "class.html"]:
            Page().feed(page.read_text(encoding="utf-8"))
            assert "\x1b" not in page.read_text(encoding="utf-8")


def test_no_terminal_obeys_what_a_learner_wrote(graded, read_first):
    for records, *_ in (graded, read_first):
        told = describe_class(list(records.values()), ["a note"])
        assert all(line.isprintable() or "\u202e" in line for line in told.splitlines())


def test_no_learner_is_told_what_is_secret(graded):
    records, out, home, _ = graded
    hidden = [stage for id in POINTS for stage in BANK[id].stages if stage.hidden]
    secret = [SEED, str(home), *(text for stage in hidden for text in (f">{stage.name}<", stage.tells)), "(2, 2, 3, 4)",
              "amax(dim=-1, keepdim=True)\n    weights = shifted.exp()"]
    names = file_names(records)
    assert {page.stem for page in pages(out)} == set(names.values())
    for student in records:
        for paper in (out / "feedback" / f"{names[student]}.html", out / "gradescope" / f"{names[student]}.json"):
            text = paper.read_text(encoding="utf-8")
            assert not [word for word in secret if word in text], student
            assert student == "prints to the terminal" or "\x00" not in text


def test_no_cell_of_a_table_is_a_formula(graded):
    with (graded[1] / "grades.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert len(rows) == len(graded[0]) + 1 and len({len(row) for row in rows}) == 1
    assert not [cell for row in rows for cell in row if re.match(r"[=+@\t\r]|-[^0-9]", cell)]


def test_papers_for_machines_can_be_read_by_them(graded):
    suites = ElementTree.parse(graded[1] / "junit.xml").getroot()
    assert len(suites) == len(graded[0])
    for path in (graded[1] / "gradescope").iterdir():
        assert json.loads(path.read_text(encoding="utf-8"))["output_format"] == "text"


def test_every_file_of_the_run_lies_where_it_belongs(graded):
    _, out, *_ = graded
    for path in out.rglob("*"):
        assert path.resolve().is_relative_to(out.resolve()) and not path.is_symlink()
        assert "/" not in path.name and path.name.isprintable()
