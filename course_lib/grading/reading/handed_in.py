"""What was collected, before anything of it is run: who has which exercises, and what cannot be read."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from course_lib.grading.assignment import Assignment
from course_lib.grading.exports.words import one_line
from course_lib.grading.reading.answers import Found, find_answers, read_lesson, sheets_of
from course_lib.grading.reading.collect import Collection


def describe_collection(
    collection: Collection, assignment: Assignment, notebooks: Mapping[int, Path]
) -> Iterator[str]:
    """A line a student: how many exercises of each chapter are attempted, lateness, problems. Then what belongs to nobody.

    Args:
        collection: what `collect` found.
        assignment: what counts.
        notebooks: the chapters' notebooks as they were given out, by chapter.
    """
    lessons = {chapter: read_lesson(notebook) for chapter, notebook in notebooks.items()}
    for submission in collection.submissions:
        sheets = sheets_of(submission.files)
        parts = [f"chapter {chapter}: {_attempted(find_answers(sheets, assignment.exercises(chapter), lesson))}"
                 for chapter, lesson in lessons.items()]
        parts += ["late"] if submission.late else []
        parts += [one_line(problem) for problem in (*submission.problems, *(p for s in sheets for p in s.problems))]
        yield f"{one_line(submission.student)}: {'; '.join(parts)}"
    yield from (f"Nobody's: {one_line(note)}" for note in collection.notes)


def _attempted(found: Mapping[str, Found]) -> str:
    statuses = [answer.status for answer in found.values()]
    lost = statuses.count("missing")
    if lost == len(statuses):
        return "not there"
    tried = statuses.count("found") + statuses.count("broken")
    return f"{tried} of {len(statuses)} attempted" + (f", {lost} not found" if lost else "")
