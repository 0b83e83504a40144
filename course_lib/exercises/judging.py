"""The judging half of the engine: compare what an answer did with what the reference does, and name the difference.

It never calls an answer. It is given a `Witness`, who says what the answer did: in a lesson one who calls it on the
spot, in grading one who read it from a worker process.
"""

from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from course_lib.exercises.calling import Kind, Observation, kind_of, observe
from course_lib.exercises.exercise import Case, Exercise, Mistake, Stage, draw_case
from course_lib.exercises.finding import Finding
from course_lib.exercises.form import slip_in_output
from course_lib.exercises.relations import describe_difference
from course_lib.exercises.slips import slip_before_calling, slip_in_conduct, slip_in_gradient

DEFAULT_SEED = 0


@dataclass(frozen=True)
class Verdict:
    """The engine's answer. `status` is "passed", "failed" or "unattempted".

    `passed` names the stages that held, `stage` is the first that did not. `finding` says what is wrong and what to
    try; `finding.name` is the mistake's or the slip's name, or "difference" where none explains it. `got` and `want`
    are the outputs of the failed stage, for drawing.
    """

    exercise: Exercise
    status: str
    passed: tuple[str, ...] = ()
    stage: Stage | None = None
    finding: Finding | None = None
    got: Any = None
    want: Any = None


class Witness(Protocol):
    """Who knows what an answer is, and what it does with a stage's inputs."""

    kind: Kind

    def saw(self, stage: Stage, case: Case, *, thorough: bool = True) -> Observation: ...


class EyeWitness:
    """Calls the answer, in this process."""

    def __init__(self, exercise: Exercise, answer: Any):
        self.kind, self._answer, self._forbid = kind_of(answer), answer, exercise.forbid

    def saw(self, stage: Stage, case: Case, *, thorough: bool = True) -> Observation:
        return observe(self._answer, case, self._forbid if thorough else (), thorough=thorough)


class Expected:
    """What the reference and the mistakes of an exercise do under a seed. Each is run once, however many are judged."""

    def __init__(self, exercise: Exercise, seed: int = DEFAULT_SEED):
        self.exercise, self._seed = exercise, seed
        self._seen: dict[tuple[Any, str, bool], Observation] = {}

    def case(self, stage: Stage) -> Case:
        """Drawn anew each time: an answer may leave its inputs otherwise than it found them."""
        return draw_case(self.exercise, stage, self._seed)

    def of(self, answer: Any, stage: Stage, *, thorough: bool = True) -> Observation:
        """What `answer`, one of the exercise's own, does in `stage`."""
        key = (answer, stage.name, thorough)
        if key not in self._seen:
            self._seen[key] = observe(answer, self.case(stage), thorough=thorough)
        return self._seen[key]

    def glance(self, answer: Any, stage: Stage) -> Observation:
        """As much of it as `_alike` compares: an exercise has dozens of mistakes."""
        return self.of(answer, stage, thorough=stage.compare_gradients)


def judge(exercise: Exercise, answer: Any, *, seed: int = DEFAULT_SEED, hidden: bool = False) -> Verdict:
    """Run `answer` through the stages of `exercise` and say what is right and what is not.

    Args:
        answer: The learner's function, or their `nn.Module` class.
        seed: Decides every input.
        hidden: Whether to run the hidden stages too, as grading does.
    """
    return judge_by(exercise, EyeWitness(exercise, answer), seed=seed, hidden=hidden)


def judge_by(exercise: Exercise, witness: Witness, *, seed: int = DEFAULT_SEED, hidden: bool = False) -> Verdict:
    """As `judge`, from what a witness says. It is asked about a stage's case as `draw_case` draws it for the seed."""
    return compare(Expected(exercise, seed), witness, hidden=hidden)


def compare(expected: Expected, witness: Witness, *, hidden: bool = False) -> Verdict:
    """As `judge_by`, for many witnesses of one exercise and seed."""
    exercise = expected.exercise
    slip = slip_before_calling(exercise, witness.kind)
    if slip:
        return Verdict(exercise, "failed", finding=slip)
    passed: list[str] = []
    cut: Verdict | None = None
    for stage in exercise.stages if hidden else exercise.visible_stages():
        case = expected.case(stage)
        want = expected.of(exercise.reference, stage)
        got = witness.saw(stage, case)
        if got.unattempted:
            return Verdict(exercise, "unattempted", stage=stage)
        finding = _find_fault(expected, stage, case, got, want, witness)
        if finding:
            return Verdict(exercise, "failed", tuple(passed), stage, finding, got.output, want.output)
        # Kept until the end: an answer that ignores an input is wrong in a later stage, which explains more.
        slip = slip_in_gradient(got, want)
        if slip and not cut:
            cut = Verdict(exercise, "failed", tuple(passed), stage, slip)
        passed.append(stage.name)
    return cut or Verdict(exercise, "passed", tuple(passed))


def _find_fault(
    expected: Expected,
    stage: Stage,
    case: Case,
    got: Observation,
    want: Observation,
    witness: Witness,
) -> Finding | None:
    """From the certain to the vague: conduct, a named mistake, the form of the output, a leak, the bare difference."""
    slip = slip_in_conduct(case, got)
    if slip:
        return slip
    if _alike(got, want, stage):
        return None
    # A named mistake goes before shape and NaN: the same output by the same slip says more than "wrong shape".
    mistake = _recognise(expected, stage, got, witness)
    if mistake:
        return Finding(mistake.name, mistake.shows, mistake.try_next)
    return (
        _shape_where_it_shows(expected, stage, got, want, witness)
        or slip_in_output(got.output, want.output)
        or _leak(stage, got, want)
        or _difference(stage, got, want)
    )


def _recognise(expected: Expected, failed: Stage, got: Observation, witness: Witness) -> Mistake | None:
    """The named mistake that gives the answer's outputs on the failed stage and on most of the others."""
    exercise = expected.exercise
    suspects = [
        mistake for mistake in exercise.mistakes if _alike(got, expected.glance(mistake.answer, failed), failed)
    ]
    sure = not _degenerate(got.output)
    if not suspects or (sure and len(suspects) == 1):
        return suspects[0] if suspects else None
    agreements = [0] * len(suspects)
    confirmed = [False] * len(suspects)
    for stage in exercise.visible_stages():
        here = witness.saw(stage, expected.case(stage), thorough=stage.compare_gradients)
        right = expected.glance(exercise.reference, stage)
        for i, mistake in enumerate(suspects):
            theirs = expected.glance(mistake.answer, stage)
            agrees = _alike(here, theirs, stage)
            agreements[i] += agrees
            confirmed[i] |= agrees and stage is not failed and not _alike(theirs, right, stage)
    best = max(range(len(suspects)), key=agreements.__getitem__)
    return suspects[best] if sure or confirmed[best] else None


def _degenerate(output: Any) -> bool:
    """Whether an output is so small or so plain that unrelated slips give the same one."""
    return isinstance(output, Tensor) and (
        1 in output.shape or output.numel() < 2 or bool((output == output.flatten()[0]).all())
    )


def _shape_where_it_shows(
    expected: Expected, failed: Stage, got: Observation, want: Observation, witness: Witness
) -> Finding | None:
    """A wrong shape, told on the input whose sizes all differ: with sizes of 1 it would be guesswork."""
    want, got = want.output, got.output
    if not (isinstance(want, Tensor) and isinstance(got, Tensor)) or want.shape == got.shape:
        return None
    for stage in expected.exercise.visible_stages():
        want = expected.glance(expected.exercise.reference, stage).output
        got = witness.saw(stage, expected.case(stage), thorough=False).output
        telling = isinstance(want, Tensor) and 1 not in want.shape and len(set(want.shape)) == want.dim()
        if telling and isinstance(got, Tensor) and got.shape != want.shape:
            slip = slip_in_output(got, want)
            where = "" if stage is failed else f'In the stage "{stage.name}": '
            return Finding(slip.name, where + slip.shows, slip.try_next)
    return None


def _alike(got: Observation, want: Observation, stage: Stage) -> bool:
    if got.failure or want.failure or not _same(got.output, want.output, stage):
        return False
    return not stage.compare_gradients or _same_gradients(got, want, stage)


def _same(got: Any, want: Any, stage: Stage) -> bool:
    """Equal within the stage's tolerance. NaN equals NaN, because a mistake may consist of it."""
    if isinstance(want, Tensor):
        return (
            isinstance(got, Tensor)
            and (got.shape, got.dtype, got.device) == (want.shape, want.dtype, want.device)
            and torch.allclose(got, want, rtol=stage.rtol, atol=stage.atol, equal_nan=True)
        )
    if isinstance(want, (tuple, list)):
        return (
            isinstance(got, (tuple, list))
            and len(got) == len(want)
            and all(_same(a, b, stage) for a, b in zip(got, want, strict=True))
        )
    return type(got) is type(want) and got == want


def _same_gradients(got: Observation, want: Observation, stage: Stage) -> bool:
    if got.gradients and not want.gradients:                          # a mistake without any gradient
        return False
    return all(_same(got.gradients.get(name), gradient, stage) for name, gradient in want.gradients.items())


def _leak(stage: Stage, got: Observation, want: Observation) -> Finding | None:
    right_in_a_batch = _same(got.output, want.output, stage)          # then it is the gradient that is wrong
    if right_in_a_batch or got.alone is None or not _same(got.alone, want.alone, stage):
        return None
    return Finding(
        "samples leak into each other",
        "Alone, the first sample comes out right. In a batch it comes out different, so the other samples"
        " reach it.",
        "Look for a softmax, a mean or a sum whose `dim` is the batch axis, or is missing, and for a reshape"
        " that mixes axis 0 with another.",
    )


def _difference(stage: Stage, got: Observation, want: Observation) -> Finding:
    if _same(got.output, want.output, stage):
        return Finding("wrong gradient", "The values are right, but their gradients are not.", stage.tells)
    return Finding("difference", describe_difference(got.output, want.output), stage.tells)
