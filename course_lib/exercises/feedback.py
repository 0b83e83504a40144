"""What a learner is told: a verdict, a hint, a question."""

from course_lib.exercises.comparison import maps_side_by_side, numbers_one_above_the_other
from course_lib.exercises.exercise import Exercise
from course_lib.exercises.judging import Verdict
from course_lib.exercises.markup import AMBER, BLUE, GREEN, GREY, Message, card, inline, message, paragraph
from course_lib.exercises.question import Option, Question


def verdict_message(verdict: Verdict) -> Message:
    exercise = verdict.exercise
    title = f"{_number(exercise)} {exercise.title}"
    if verdict.status == "unattempted":
        what = (
            "Not attempted yet: the line `raise NotImplementedError` is still there. Put your answer in its place, "
            f'and run the cell again. Stuck? `hint("{exercise.id}")`. Nothing below depends on it, so you may also '
            "read on."
        )
        return message(GREY, f"{title}: open", [what])
    if verdict.status == "passed":
        return message(GREEN, f"{title}: right", [f"All {len(verdict.passed)} stages hold."])
    told = [verdict.finding.shows, f"**Next:** {verdict.finding.try_next}", *_how_far(verdict)]
    numbers = numbers_one_above_the_other(verdict.got, verdict.want)
    maps = maps_side_by_side(verdict.got, verdict.want, exercise.map_axes) if exercise.map_axes else ""
    return message(AMBER, f"{title}: not yet", told + numbers, maps)


def hint_message(exercise: Exercise, rung: int) -> Message:
    """The hints up to `rung`, counted from 1, the newest last."""
    lines = [f"{i}. {hint}" for i, hint in enumerate(exercise.hints[:rung], 1)]
    rest = len(exercise.hints) - rung
    lines.append(
        f"{rest} more: call it again." if rest else "That was the last one. The solved edition shows one way."
    )
    heading = f"{_number(exercise)} {exercise.title}: hint {rung} of {len(exercise.hints)}"
    return message(BLUE, heading, lines)


def question_message(question: Question, heading: str, answer: str | None = None) -> Message:
    """The question with each reason folded behind its option, or only the reason behind the chosen one."""
    options = question.lettered()
    if answer is not None:
        chosen = options[answer]
        colour, word = (GREEN, "yes") if chosen.right else (AMBER, "not this one")
        return message(colour, f"{answer}) {chosen.text}: {word}", [chosen.reason])
    listed = [f"{letter}) {option.text}" for letter, option in options.items()]
    ask = f'Answer with {heading.lower()}("{question.id}", "a"), or open an option.'
    note = "Choose first, then open your option: a reason stands behind each."
    folded = "".join(_folded(letter, option) for letter, option in options.items())
    body = f'{paragraph(question.text)}{folded}<div style="opacity:.75;font-size:.9em">{note}</div>'
    return Message("\n".join([heading, question.text, *listed, ask]), card(BLUE, heading, body))


def _folded(letter: str, option: Option) -> str:
    colour, word = (GREEN, "Yes.") if option.right else (AMBER, "No.")
    style = f"margin:.2em 0 .5em 1.3em;padding-left:.7em;border-left:3px solid {colour}"
    return (
        f'<details style="margin:.25em 0"><summary style="cursor:pointer">{letter}) {inline(option.text)}</summary>'
        f'<div style="{style}">{word} {inline(option.reason)}</div></details>'
    )


def _number(exercise: Exercise) -> str:
    from course_lib.exercises.bank import number_of  # the bank builds exercises, and those need this package

    return number_of(exercise.id)


def _how_far(verdict: Verdict) -> list[str]:
    if not verdict.stage:
        return []
    of = len(verdict.exercise.visible_stages())
    before = f" Before it held: {', '.join(verdict.passed)}." if verdict.passed else ""
    return [f"Stage {len(verdict.passed) + 1} of {of}: **{verdict.stage.name}**.{before}"]
