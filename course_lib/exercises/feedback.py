"""A verdict, a hint, a question in words: HTML for a notebook in a light or a dark theme, plain text for anywhere else."""

import base64
import html
import re
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from course_lib.exercises.exercise import Exercise
from course_lib.exercises.judging import Verdict
from course_lib.exercises.question import Question
from course_lib.viz import map_png

# Only translucent greys and mid-tone accents: they keep their contrast on a white page and on a black one.
_GREEN, _AMBER, _BLUE, _GREY = "#2a9d6f", "#d9822b", "#4a90d9", "#8a8a8a"
_SMALL = 64  # a map with at most this many numbers is also written out


@dataclass(frozen=True)
class Message:
    """What is shown: Jupyter takes the HTML, everything else the text."""

    text: str
    html: str

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": self.text, "text/html": self.html}


def verdict_message(verdict: Verdict) -> Message:
    title = f"{_number(verdict.exercise)} {verdict.exercise.title}"
    if verdict.status == "unattempted":
        body = [
            f"Not attempted yet: the line `raise NotImplementedError` is still there. Put your answer in its"
            f" place, and "
            f'run the cell again. Stuck? `hint("{verdict.exercise.id}")`. Nothing below depends on it, so you'
            " may also read on."
        ]
        return _message(_GREY, f"{title}: open", body)
    if verdict.status == "passed":
        return _message(
            _GREEN, f"{title}: right", [f"All {len(verdict.passed)} stages hold.", *_stages(verdict)]
        )
    finding = verdict.finding
    body = [finding.shows, f"**Next:** {finding.try_next}", *_stages(verdict)]
    picture, written = _maps(verdict)
    return _message(_AMBER, f"{title}: not yet", [*body, *written], picture)


def hint_message(exercise: Exercise, rung: int) -> Message:
    """The hints up to `rung`, counted from 1, the newest last."""
    lines = [f"{i}. {hint}" for i, hint in enumerate(exercise.hints[:rung], 1)]
    rest = len(exercise.hints) - rung
    lines.append(
        f"{rest} more: call it again." if rest else "That was the last one. The solved edition shows one way."
    )
    return _message(
        _BLUE, f"{_number(exercise)} {exercise.title}: hint {rung} of {len(exercise.hints)}", lines
    )


def question_message(question: Question, heading: str, answer: str | None = None) -> Message:
    """The question with each reason folded behind its option, or only the reason behind the chosen one."""
    options = question.lettered()
    if answer is not None:
        chosen = options[answer]
        colour, word = (_GREEN, "yes") if chosen.right else (_AMBER, "not this one")
        return _message(colour, f"{answer}) {chosen.text}: {word}", [chosen.reason])
    text = [question.text, *(f"{letter}) {option.text}" for letter, option in options.items())]
    ask = f'Answer with {heading.lower()}("{question.id}", "a"), or open an option.'
    folded = "".join(
        f'<details style="margin:.25em 0"><summary style="cursor:pointer">{letter})'
        f" {_inline(option.text)}</summary>"
        '<div style="margin:.2em 0 .5em 1.3em;padding-left:.7em;border-left:3px solid '
        f'{_GREEN if option.right else _AMBER}">{"Yes. " if option.right else "No. "}{_inline(option.reason)}</div></details>'
        for letter, option in options.items()
    )
    body = f"{_paragraph(question.text)}{folded}"
    note = (
        '<div style="opacity:.75;font-size:.9em">Choose first, then open your option: a reason stands behind'
        " each.</div>"
    )
    return Message("\n".join([heading, *text, ask]), _card(_BLUE, heading, body + note))


def _number(exercise: Exercise) -> str:
    from course_lib.exercises.bank import number_of  # the bank builds exercises, and those need this package

    return number_of(exercise.id)


def _stages(verdict: Verdict) -> list[str]:
    if not verdict.stage:
        return []
    of = len(verdict.exercise.visible_stages())
    before = f" Before it held: {', '.join(verdict.passed)}." if verdict.passed else ""
    return [f"Stage {len(verdict.passed) + 1} of {of}: **{verdict.stage.name}**.{before}"]


def _maps(verdict: Verdict) -> tuple[str, list[str]]:
    """Your result beside the expected one, as pictures and, where it is small, as numbers."""
    got, want = _as_map(verdict.got), _as_map(verdict.want)
    if got is None or want is None:
        return "", []
    if verdict.exercise.map_axes is None or want.shape[0] < 2:
        return "", _as_numbers(got, want)
    low, high = float(want.nan_to_num(0, 0, 0).min()), float(want.nan_to_num(0, 0, 0).max())
    rows, columns = verdict.exercise.map_axes
    pictures = "".join(
        f'<figure style="margin:.5em 1.5em .2em 0"><img alt="{caption}: a map of {rows} by {columns}"'
        f' style="height:9em;image-rendering:pixelated;border:1px solid {_GREY}"'
        f' src="data:image/png;base64,{base64.b64encode(map_png(data.numpy(), vmin=low, vmax=high)).decode()}"><figcaption'
        f' style="font-size:.9em">{caption} {tuple(data.shape)}</figcaption></figure>'
        for caption, data in (("yours", got), ("expected", want))
    )
    axes = (
        f'<div style="font-size:.9em;opacity:.75">rows: {rows}, columns: {columns}, one sample, one colour'
        " scale</div>"
    )
    return f'<div style="display:flex;flex-wrap:wrap">{pictures}</div>{axes}', _as_numbers(got, want)


def _as_map(output: Any) -> Tensor | None:
    """The last two axes of the first sample."""
    if not isinstance(output, Tensor) or output.dim() == 0 or output.numel() == 0:
        return None
    output = output.detach().float().cpu()
    return output.reshape(-1, *output.shape[-2:])[0] if output.dim() > 1 else output[None]


def _as_numbers(got: Tensor, want: Tensor) -> list[str]:
    if max(got.numel(), want.numel()) > _SMALL:
        return []
    return [f"```yours\n{_digits(got)}\nexpected\n{_digits(want)}```"]


def _digits(data: Tensor) -> str:
    return "\n".join(" ".join(f"{value:8.3f}" for value in row) for row in data.tolist())


def _message(colour: str, heading: str, lines: list[str], extra_html: str = "") -> Message:
    plain = "\n".join([heading, *map(_plain, lines)])
    return Message(plain, _card(colour, heading, "".join(map(_paragraph, lines)) + extra_html))


def _card(colour: str, heading: str, body: str) -> str:
    return (
        f'<div style="border-left:5px solid {colour};background:rgba(127,127,127,.1);padding:.6em'
        ' 1em;margin:.4em 0;max-width:52em;line-height:1.45"><div'
        f' style="font-weight:600">{_inline(heading)}</div>{body}</div>'
    )


def _paragraph(text: str) -> str:
    if text.startswith("```"):
        return (
            '<pre style="background:rgba(127,127,127,.12);padding:.5em;overflow-x:auto">'
            f'{html.escape(text.strip("`"))}</pre>'
        )
    return f'<p style="margin:.35em 0">{_inline(text)}</p>'


def _inline(text: str) -> str:
    """`code`, **bold** and line breaks; everything else is escaped. Stars inside code are Python's power."""

    def part(piece: str) -> str:
        if piece.startswith("`"):
            return f"<code>{piece[1:-1]}</code>"
        return re.sub(r"\*\*([^*]+)\*\*", r"<b>\1</b>", piece)

    escaped = html.escape(text, quote=False).replace("\n", "<br>")
    return "".join(part(piece) for piece in re.split(r"(`[^`]+`)", escaped))


def _plain(text: str) -> str:
    pieces = re.split(r"(`[^`]+`)", text.strip("`") if text.startswith("```") else text)
    return "".join(
        piece if piece.startswith("`") else re.sub(r"\*\*([^*]+)\*\*", r"\1", piece) for piece in pieces
    )
