"""One small lesson without a fault, data/02_small.py, in a checkout of its own. Tests change it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest

from course_lib.authoring import Problem, build, lint

GOOD = (Path(__file__).parent / "data" / "02_small.py").read_text(encoding="utf-8")
GLOSSARY = """\
# Glossary

| term | 中文 | one line | chapter |
|---|---|---|---|
| mean | 平均数 | a sum, divided | 2 |

| term | 中文 | one line | chapter |
|---|---|---|---|
| later | 以后 | still to come | 7 |
"""


@dataclass(frozen=True)
class Fact:
    """What a card says of an exercise."""

    chapter: int
    title: str
    points: int
    difficulty: int
    importance: int
    minutes: int


EXERCISES = {
    "other-chapter": Fact(1, "Another", 1, 1, 1, 1),
    "take-mean": Fact(2, "Take the mean", 3, 2, 5, 10),
    "take-spread": Fact(2, "Take the spread", 1, 3, 1, 1),
}
QUESTIONS = {"mean-of-two", "mean-of-noise"}


@dataclass(frozen=True)
class Checkout:
    """A folder with `solutions/`, `chapters/` and one lesson in it."""

    root: Path
    name: str

    @property
    def source(self) -> Path:
        return self.root / "solutions" / f"{self.name}.py"

    @property
    def glossary(self) -> Path:
        return self.root / "chapters" / "GLOSSARY.md"

    def notebook(self, edition: str) -> Path:
        return self.root / {"learner": "chapters", "solved": "solutions"}[edition] / f"{self.name}.ipynb"

    def cells(self, edition: str) -> dict[str, nbformat.NotebookNode]:
        """The stored cells, by id."""
        return {cell.id: cell for cell in nbformat.read(self.notebook(edition), 4).cells}

    def build(self, **options) -> list[Problem]:
        return build(solutions=self.root / "solutions", chapters=self.root / "chapters", **options)

    def lint(self) -> list[Problem]:
        return lint(self.source, exercises=EXERCISES, questions=QUESTIONS)


@pytest.fixture
def lesson(tmp_path: Path) -> Callable[..., Checkout]:
    """`lesson((old, new), ...)`: a checkout with the faultless lesson, changed; or with `text=`."""

    def write(*changes: tuple[str, str], text: str = GOOD, name: str = "02_small") -> Checkout:
        for old, new in changes:
            assert old in text, f"{old!r} is not in the lesson"
            text = text.replace(old, new, 1)
        checkout = Checkout(tmp_path, name)
        for folder in ("solutions", "chapters"):
            (tmp_path / folder).mkdir(exist_ok=True)
        checkout.glossary.write_text(GLOSSARY, encoding="utf-8")
        checkout.source.write_text(text, encoding="utf-8")
        return checkout

    return write
