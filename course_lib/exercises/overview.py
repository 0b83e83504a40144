"""What is solved, tried and open, over the whole course."""

from course_lib.exercises import journal
from course_lib.exercises.bank import all_exercises, number_of
from course_lib.exercises.markup import Message


def progress_table() -> str:
    """As plain text, one line an exercise."""
    rows = _rows()
    width = max(len(title) for _, title, _, _ in rows)
    return "\n".join(f"{number:>5}  {title:{width}}  {state}" for number, title, state, _ in rows)


def progress_message() -> Message:
    """As a table for a notebook, with the points."""
    rows = _rows()
    cells = "".join(
        f"<tr><td>{number}</td><td style='text-align:left'>{title}</td><td>{state}</td><td>{points}</td></tr>"
        for number, title, state, points in rows
    )
    head = "<tr><th></th><th style='text-align:left'>exercise</th><th></th><th>points</th></tr>"
    reached = sum(points for _, _, state, points in rows if state.startswith("solved"))
    total = sum(points for _, _, _, points in rows)
    return Message(progress_table(), f"<table>{head}{cells}</table><p>{reached} of {total} points</p>")


def _rows() -> list[tuple[str, str, str, int]]:
    """(number, title, state in words, points) of every exercise, in the order of the course."""
    states = journal.state_of_exercises()
    return [
        (number_of(exercise.id), exercise.title, _in_words(*states.get(exercise.id, (False, 0))), exercise.points)
        for exercise in all_exercises().values()
    ]


def _in_words(solved: bool, failures: int) -> str:
    tries = f"{failures} {'try' if failures == 1 else 'tries'}"
    if solved:
        return f"solved, {tries} before" if failures else "solved"
    return f"open, {tries}" if failures else "open"
