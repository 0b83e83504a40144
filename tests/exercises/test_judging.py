"""The engine on a small exercise of its own: slips, leaks, gradients, order of stages."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from course_lib.exercises.exercise import Exercise, Mistake, Stage
from course_lib.exercises.judging import judge


def mean_rows(x):
    return x.mean(-1)


def _exercise(**changes):
    fields = dict(
        id="mean-rows",
        chapter=0,
        title="Mean of rows",
        signature="mean_rows(x)",
        points=1,
        difficulty=1,
        importance=1,
        minutes=1,
        reference=mean_rows,
        variants={},
        hints=("a", "b", "c"),
        stages=(
            Stage(
                "one column", "a mean of one", lambda g: {"x": torch.randn(3, 1, generator=g)}, batched=("x",)
            ),
            Stage("matrix", "the axis", lambda g: {"x": torch.randn(3, 4, generator=g)}, batched=("x",)),
            Stage("secret", "far", lambda g: {"x": 100 + torch.randn(3, 4, generator=g)}, hidden=True),
        ),
        mistakes=(
            Mistake("a sum", lambda x: x.sum(-1), "it is a sum", "divide"),
            Mistake("first column", lambda x: x[:, 0], "one only", "all"),
        ),
    )
    return Exercise(**{**fields, **changes})


def _finding(answer, **changes):
    verdict = judge(_exercise(**changes), answer)
    assert verdict.status == "failed"
    return verdict.finding


def test_right_answer_passes_and_names_its_stages():
    verdict = judge(_exercise(), lambda x: x.sum(-1) / x.shape[-1])
    assert (verdict.status, verdict.passed) == ("passed", ("one column", "matrix"))


def test_stub_is_unattempted_but_torchs_own_not_implemented_is_not():
    def stub(x):
        raise NotImplementedError("exercise mean-rows")

    def torchs(x):
        raise NotImplementedError("Could not run aten::mean")

    assert judge(_exercise(), stub).status == "unattempted"
    assert _finding(torchs).name == "raised NotImplementedError"


def test_the_first_stage_that_fails_is_told():
    verdict = judge(_exercise(), lambda x: x.sum(-1))
    assert (verdict.passed, verdict.stage.name, verdict.finding.name) == (("one column",), "matrix", "a sum")


def test_hidden_stages_run_only_when_asked_for():
    only_small = lambda x: x.clamp(-50, 50).mean(-1)  # noqa: E731
    assert judge(_exercise(), only_small).status == "passed"
    assert judge(_exercise(), only_small, hidden=True).stage.name == "secret"


def _in_place(x):
    x += 1
    return (x - 1).mean(-1)


def _in_place_and_wrong(x):
    x.mul_(2)
    return x.sum(-1)


_calls = []


def _remembers(x):
    _calls.append(1)
    return x.mean(-1) + len(_calls)


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        (lambda x: None, "nothing returned"),
        (lambda x: (x.mean(-1), x), "several results"),
        (lambda x: [x.mean(-1)], "several results"),
        (lambda x: x.mean().item(), "not a tensor"),
        (lambda x: x.detach().numpy().mean(-1), "not a tensor"),
        (lambda x: x.mean(-1, keepdim=True), "an axis of size 1"),
        (lambda x: x.mean(), "an axis lost"),
        (lambda x: x.mean(-1).repeat(2), "wrong shape"),
        (lambda x: x.double().mean(-1), "wrong dtype"),
        (lambda x: x.mean(-1) * float("nan"), "NaN"),
        (lambda x: x.mean(-1) / 0.0, "infinity"),
        (_in_place, "input changed in place"),
        (_in_place_and_wrong, "input changed in place"),
        (_remembers, "two calls, two results"),
        (lambda x: x.mean(-1) + torch.randn(()), "two calls, two results"),
        (lambda x: torch.tensor(x.mean(-1).tolist()), "gradient cut"),
        (lambda x: x.detach().mean(-1), "gradient cut"),
        (lambda x: x.mean(-1) + x.mean(0).sum() - x[0].mean(), "samples leak into each other"),
        (lambda x, y: x, "raised TypeError"),
        (lambda x: x @ x, "raised RuntimeError"),
        (lambda x: undefined_name, "raised NameError"),  # noqa: F821
        (lambda x: 7 * x.mean(-1) ** 3, "difference"),
        (lambda x: exit(3), "raised SystemExit"),
        (lambda x: x.mean(-1, keepdim=True).sub_(1).exp_().log_().add_(1)[:, 0], "backward failed"),
        (lambda x: x.mean(-1) + 0 * (x.sum() - x.sum()).abs().sqrt(), "NaN in the gradient"),
        (nn.Linear, "a class, not a function"),
        (torch.randn(3), "a result, not the function"),
        (None, "a result, not the function"),
    ],
)
def test_general_slips_are_named(answer, name):
    finding = _finding(answer)
    assert finding.name == name
    assert finding.shows and finding.try_next


def test_another_order_of_summation_is_not_another_result():
    far = replace(_exercise().stages[2], hidden=False)  # numbers near 100

    def rounded(loss):
        return lambda x: x.mean(-1) + (0 if x.requires_grad else loss)

    assert judge(_exercise(stages=(far,)), rounded(2e-4)).status == "passed"
    assert _finding(rounded(0.1), stages=(far,)).name == "two calls, two results"


def test_leak_through_a_batch_statistic():
    x = _exercise(reference=lambda x: x - x.mean(-1, keepdim=True))
    assert judge(x, lambda x: x - x.mean(0, keepdim=True)).finding.name in (
        "samples leak into each other",
        "difference",
    )
    leaks = judge(x, lambda x: x - x.mean(-1, keepdim=True) * len(x))
    assert leaks.finding.name == "samples leak into each other"


def test_a_wrong_gradient_alone_is_no_leak():
    stages = tuple(replace(stage, compare_gradients=True) for stage in _exercise().stages)
    finding = judge(_exercise(stages=stages), lambda x: 2 * x.mean(-1) - x.mean(-1).detach()).finding
    assert finding.name == "wrong gradient"


def test_an_answer_with_a_gradient_is_not_the_mistake_without_one():
    stages = tuple(replace(stage, compare_gradients=True) for stage in _exercise().stages)
    cut = Mistake("cut", lambda x: x.detach().mean(-1), "no gradient at all", "leave it in")
    exercise = _exercise(stages=stages, mistakes=(cut,))
    assert judge(exercise, lambda x: 2 * x.mean(-1) - x.mean(-1).detach()).finding.name == "wrong gradient"


def test_swapped_axes_are_told_from_other_shapes():
    wide = _exercise(reference=lambda x: x * 2, stages=_exercise().stages[1:2])
    assert judge(wide, lambda x: (x * 2).T).finding.name == "axes in another order"


def test_a_mistake_is_recognised_before_its_shape():
    exercise = _exercise(
        mistakes=(Mistake("kept the axis", lambda x: x.mean(-1, keepdim=True), "kept", "drop it"),)
    )
    assert judge(exercise, lambda x: x.mean(-1)[:, None]).finding.name == "kept the axis"


def test_of_two_mistakes_that_agree_here_the_one_that_agrees_everywhere_is_named():
    stages = (
        Stage("ones", "", lambda g: {"x": torch.ones(2, 3)}),
        Stage("any", "", lambda g: {"x": torch.rand(2, 3, generator=g)}),
    )
    mistakes = (
        Mistake("a sum", lambda x: x.sum(-1), "", ""),
        Mistake("a count", lambda x: x.new_full((2,), 3.0) + 0 * x.sum(-1), "", ""),
    )
    exercise = _exercise(stages=stages, mistakes=mistakes)
    for mistake in mistakes:
        assert judge(exercise, mistake.answer).finding.name == mistake.name


def test_a_cut_gradient_is_told_only_when_every_value_is_right():
    assert _finding(lambda x: x.detach().sum(-1)).name == "a sum"


def test_several_results():
    exercise = _exercise(reference=lambda x: (x.mean(-1), x.sum(-1)), mistakes=())
    assert judge(exercise, lambda x: (x.mean(-1), x.sum(-1))).status == "passed"
    assert judge(exercise, lambda x: x.mean(-1)).finding.name == "wrong number of results"
    assert "Result 2 of 2" in judge(exercise, lambda x: (x.mean(-1), 2 * x.sum(-1))).finding.shows


def test_gradients_are_compared_where_the_stage_says_so():
    stage = Stage("g", "the gradient", lambda g: {"x": torch.randn(3, generator=g)}, compare_gradients=True)
    exercise = _exercise(
        reference=lambda x: x * x,
        stages=(stage,),
        mistakes=(Mistake("half of it", lambda x: x * x.detach(), "half", "both"),),
    )
    assert judge(exercise, lambda x: x**2).status == "passed"
    assert judge(exercise, lambda x: x.detach() * x).finding.name == "half of it"
    assert judge(exercise, lambda x: 3 * x * x - 2 * (x * x).detach()).finding.name == "wrong gradient"


class Affine(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.line = nn.Linear(dim, dim)

    def forward(self, x):
        return self.line(x)


def _module_exercise():
    return _exercise(
        reference=Affine,
        signature="Affine(dim)",
        mistakes=(),
        stages=(Stage("small", "weights", lambda g: {"x": torch.randn(2, 3, generator=g)}, {"dim": 3}),),
    )


def test_module_answers_get_the_references_weights():
    class Mine(Affine):
        def forward(self, x):
            return x @ self.line.weight.T + self.line.bias

    assert judge(_module_exercise(), Mine).status == "passed"


def test_module_slips():
    class Renamed(nn.Module):
        def __init__(self, dim):
            super().__init__()
            self.other = nn.Linear(dim, dim)

        def forward(self, x):
            return self.other(x)

    class NoBias(Affine):
        def forward(self, x):
            return x @ self.line.weight.T + self.line.bias.detach()

    class Wider(Affine):
        def __init__(self, dim):
            super().__init__(dim)
            self.line = nn.Linear(dim + 1, dim)

    exercise = _module_exercise()
    assert "needs the name and the shape" in judge(exercise, Renamed).finding.try_next
    finding = judge(exercise, Wider).finding
    assert finding.name == "parameters of another shape"
    assert "makes `line.weight` of shape [3, 4]. Here it should be [3, 3]" in finding.shows
    assert judge(exercise, Affine(3)).finding.name == "an instance, not the class"
    assert judge(exercise, lambda x: x).finding.name == "not a module"
    assert "line.bias" in judge(exercise, NoBias).finding.shows


class _BornAsTheIdentity(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 3)
        nn.init.zeros_(self.fc.weight)
        nn.init.zeros_(self.fc.bias)

    def forward(self, x):
        return x + self.fc(x)


class _BornAtRandom(_BornAsTheIdentity):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 3)


class _NeverMore(_BornAsTheIdentity):
    def forward(self, x):
        return x


def test_a_newborn_module_keeps_its_own_weights_and_others_get_none_that_are_zero():
    stages = tuple(
        Stage(name, "tells", lambda g: {"x": torch.randn(2, 3, generator=g)}, newborn=name == "at birth")
        for name in ("trained", "at birth")
    )
    wrong = Mistake("at random", _BornAtRandom, "it is random", "zeros")
    exercise = _exercise(reference=_BornAsTheIdentity, stages=stages, mistakes=(wrong,))
    assert judge(exercise, _BornAsTheIdentity).status == "passed"
    born = judge(exercise, _BornAtRandom)
    assert (born.stage.name, born.finding.name) == ("at birth", "at random")
    assert judge(exercise, _NeverMore).stage.name == "trained"


class _TwoZerosInARow(nn.Module):
    def __init__(self, first=0.0):
        super().__init__()
        self.a, self.b = nn.Parameter(torch.full((3,), first)), nn.Parameter(torch.zeros(3))

    def forward(self, x):
        return x + self.a * self.b * x


class _OneZero(_TwoZerosInARow):
    def __init__(self):
        super().__init__(first=1.0)


def test_zeros_that_can_never_move_are_told():
    stage = Stage("at birth", "tells", lambda g: {"x": torch.randn(2, 3, generator=g)}, newborn=True)
    exercise = _exercise(reference=_OneZero, stages=(stage,), mistakes=())
    assert judge(exercise, _OneZero).status == "passed"
    finding = judge(exercise, _TwoZerosInARow).finding
    assert finding.name == "gradient zero" and "`b`" in finding.shows


def test_drawing_weights_leaves_the_global_stream_alone():
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    judge(_module_exercise(), Affine)
    assert torch.equal(torch.rand(2), expected)


def test_the_line_that_raised_is_quoted():
    def answer(x):
        y = x + 1
        return y @ y

    finding = _finding(answer)
    assert "return y @ y" in finding.shows
    assert "inner sizes" in finding.try_next or "matrix product" in finding.try_next


def test_numpy_answers_do_not_break_the_engine():
    assert _finding(lambda x: np.ones((3, 3))).name == "not a tensor"


def test_a_degenerate_output_alone_does_not_convict():
    """With one column the mean, the sum and the first number agree: zeros there prove no named mistake."""
    exercise = _exercise(
        mistakes=(Mistake("positive part", lambda x: x.clamp(min=0).mean(-1), "", ""),),
        stages=(
            Stage("one", "t", lambda g: {"x": -torch.rand(1, 1, generator=g)}),
            Stage("more", "t", lambda g: {"x": torch.randn(4, 6, generator=g)}),
        ),
    )
    assert judge(exercise, lambda x: torch.zeros_like(x[:, 0]) * x.sum()).finding.name != "positive part"
    assert judge(exercise, lambda x: x.relu().mean(-1)).finding.name == "positive part"


def test_a_wrong_shape_is_told_where_the_sizes_differ():
    verdict = judge(_exercise(mistakes=()), lambda x: x[:1].mean(-1))
    assert verdict.stage.name == "one column" and "(3,) is expected" in verdict.finding.shows
    rows = Stage("rows", "", lambda g: {"x": torch.randn(3, 1, generator=g)})
    wide = Stage("wide", "", lambda g: {"x": torch.randn(3, 5, generator=g)})
    doubled = _exercise(reference=lambda x: 2 * x, stages=(rows, wide), mistakes=())
    finding = judge(doubled, lambda x: (2 * x).T).finding
    assert (
        finding.name == "axes in another order"
        and 'In the stage "wide"' in finding.shows
        and "(5, 3)" in finding.shows
    )


def test_a_slow_answer_is_called_once(monkeypatch):
    from course_lib.exercises import calling

    monkeypatch.setattr(calling, "_SLOW", 0.0)
    calls = []
    judge(_exercise(stages=_exercise().stages[:1]), lambda x: calls.append(1) or x.mean(-1))
    assert len(calls) == 1


def test_what_an_answer_prints_is_shown_once_a_stage(capsys):
    judge(_exercise(), lambda x: print("here") or x.mean(-1))
    assert capsys.readouterr().out.count("here") == 2  # two visible stages


def test_warnings_of_an_answer_do_not_point_into_the_engine(recwarn):
    judge(_exercise(), lambda x: __import__("warnings").warn("old") or x.mean(-1))
    assert not recwarn.list


def test_modules_run_in_eval_mode():
    class Dropping(nn.Module):
        def __init__(self):
            super().__init__()
            self.drop = nn.Dropout(0.5)

        def forward(self, x):
            return self.drop(x)

    exercise = _exercise(
        reference=Dropping,
        signature="Dropping()",
        mistakes=(),
        stages=(Stage("x", "", lambda g: {"x": torch.randn(4, 8, generator=g)}, {}),),
    )
    assert judge(exercise, Dropping).status == "passed"


def test_gradients_through_a_softmax_can_be_told_apart():
    """A plain sum over a softmax has no gradient at all, so a cut one would look the same."""
    stage = Stage("s", "", lambda g: {"x": torch.randn(3, 5, generator=g)}, compare_gradients=True)
    exercise = _exercise(reference=lambda x: x.softmax(-1), stages=(stage,), mistakes=())
    straight_through = lambda x: x.softmax(-1).detach() + 0 * x  # noqa: E731
    assert judge(exercise, straight_through).finding.name == "wrong gradient"
