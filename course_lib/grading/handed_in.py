"""What was collected, before anything of it is run: who has which exercises, and what cannot be read."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from course_lib.grading.answers import find_answers, read_lesson, sheets_of
from course_lib.grading.assignment import Assignment
from course_lib.grading.collect import Collection
from course_lib.grading.exports.words import one_line


def describe_collection(
    collection: Collection, assignment: Assignment, notebooks: Mapping[int, Path]
) -> Iterator[str]:
    """A line a student: how many exercises are attempted, lateness, problems. Then what belongs to nobody.

    Args:
        collection: what `collect` found.
        assignment: what counts.
        notebooks: the chapters' notebooks as they were given out, by chapter.
    """
    lessons = {chapter: read_lesson(notebook) for chapter, notebook in notebooks.items()}
    for submission in collection.submissions:
        sheets = sheets_of(submission.files)
        found = [answer for chapter, lesson in lessons.items()
                 for answer in find_answers(sheets, assignment.exercises(chapter), lesson).values()]
        tried = sum(answer.status in ("found", "broken") for answer in found)
        parts = [f"{tried} of {len(found)} attempted"]
        lost = sum(answer.status == "missing" for answer in found)
        parts += [f"{lost} cells not found"] if lost else []
        parts += ["late"] if submission.late else []
        parts += [one_line(problem) for problem in (*submission.problems, *(p for s in sheets for p in s.problems))]
        yield f"{one_line(submission.student)}: {'; '.join(parts)}"
    yield from (f"Nobody's: {one_line(note)}" for note in collection.notes)
