from statistics import mean

import pytest
import torch

from course_lib.attention import record_attention
from course_lib.experiments import load_record
from course_lib.experiments.ch01_two_neighbours import (
    CONDITIONS,
    CopyLayer,
    EXPERIMENT,
    both_neighbours,
    evaluate,
    neighbours,
    sequences,
    tokens,
    train,
)

CONFIG = EXPERIMENT.tiny


def test_target_is_left_above_right():
    x = torch.arange(5.0)[None, :, None].expand(1, 5, 64)
    target = both_neighbours(x)
    assert target.shape == (1, 3, 128)
    assert target[0, :, 0].tolist() == [0, 1, 2] and target[0, :, -1].tolist() == [2, 3, 4]


def test_neighbours_are_beside():
    assert neighbours(3).tolist() == [[False, True, False], [True, False, True], [False, True, False]]


def test_train_and_test_share_no_digit_and_the_training_mean_is_off():
    train_pool, taken_off = tokens("train")
    test_pool, _ = tokens("test")
    assert train_pool.mean(0).abs().max() < 1e-5 and taken_off.shape == (64,)
    assert not {tuple(t.tolist()) for t in train_pool} & {tuple(t.tolist()) for t in test_pool}


def test_parameters_are_equal_whatever_the_number_of_heads():
    models = {name: CopyLayer(CONFIG, *settings) for name, settings in CONDITIONS.items()}
    counts = {name: sum(p.numel() for p in model.parameters()) for name, model in models.items()}
    wide = counts.pop("1 head, twice as wide")
    assert len(set(counts.values())) == 1 and wide > max(counts.values())


def test_attention_looks_at_positions_alone():
    torch.manual_seed(0)
    model = CopyLayer(CONFIG, 2)
    seen = []
    for x in (torch.randn(1, CONFIG.length, 64), torch.randn(1, CONFIG.length, 64)):
        with record_attention(model) as maps:
            model(x)
        seen.append(maps["attend"])
    assert torch.equal(*seen)


def test_told_where_is_all_on_the_neighbours():
    figures = evaluate(train("1 head, told where", CONFIG, seed=0), CONFIG)
    assert figures["on_neighbours"] == pytest.approx(1)


def hand_made(two_heads: bool, left: float = 0.5) -> CopyLayer:
    """The best layer by hand. With one head, for weights `left` and 1 - `left` on the neighbours."""
    config = EXPERIMENT.full
    model = CopyLayer(config, 2 if two_heads else 1)
    with torch.no_grad():
        eye = torch.eye(64)
        model.v.weight.copy_(torch.cat([eye, eye]))
        if two_heads:
            model.proj.weight.copy_(torch.eye(128))
        else:
            right = 1 - left
            model.proj.weight.zero_()
            model.proj.weight[:64, :64] = eye * left / (left**2 + right**2)
            model.proj.weight[64:, 64:] = eye * right / (left**2 + right**2)
    return model


def with_weights(model: CopyLayer, weights: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """The layer's answer if its attention were `weights`, (H, N, N)."""
    v = model.v(x).unflatten(-1, (len(weights), -1)).transpose(1, 2)
    return model.proj((weights @ v).transpose(1, 2).flatten(2))


def share_missed(answer: torch.Tensor, x: torch.Tensor) -> float:
    target = both_neighbours(x)
    return ((answer[:, 1:-1] - target).square().sum() / target.square().sum()).item()


@pytest.fixture(scope="module")
def x():
    pool, _ = tokens("train")                 # whose mean is zero, as the proof assumes
    return sequences(pool, 2000, 10, torch.Generator().manual_seed(0))


def shift(by: int) -> torch.Tensor:
    return torch.diag(torch.ones(10 - abs(by)), by)


@pytest.mark.parametrize("left", [0.0, 0.25, 0.5, 0.9, 1.0])
def test_every_blend_of_one_head_misses_half(x, left):
    weights = left * shift(-1) + (1 - left) * shift(1)
    with torch.no_grad():
        missed = share_missed(with_weights(hand_made(False, left), weights[None], x), x)
    assert missed == pytest.approx(0.5, abs=0.01)


def test_no_map_is_better_than_the_one_of_the_proof(x):
    """Least squares over all M, for attention of every kind: never below one half."""
    generator = torch.Generator().manual_seed(1)
    for sharpness in (0.0, 1.0, 5.0):
        noise = sharpness * torch.randn(10, 10, generator=generator)
        weights = (noise + 3 * neighbours(10)).softmax(-1)
        mixed = (weights @ x)[:, 1:-1].flatten(0, 1).double()
        target = both_neighbours(x).flatten(0, 1).double()
        best = torch.linalg.lstsq(mixed, target, driver="gelsd").solution
        missed = (mixed @ best - target).square().sum() / target.square().sum()
        assert missed > 0.49


def test_two_heads_miss_nothing(x):
    with torch.no_grad():
        answer = with_weights(hand_made(True), torch.stack([shift(-1), shift(1)]), x)
    assert share_missed(answer, x) < 1e-10


def test_figures_of_a_layer_that_answers_the_mean_digit():
    model = CopyLayer(CONFIG, 1)
    torch.nn.init.zeros_(model.proj.weight)
    figures = evaluate(model, CONFIG)
    assert figures["unexplained"] == figures["better"] == figures["worse"] == 1
    assert figures["parameters"] == sum(p.numel() for p in model.parameters())


def test_training_leaves_the_number_of_threads_alone():
    before = torch.get_num_threads()
    train("1 head", CONFIG, seed=0)
    assert torch.get_num_threads() == before


def test_the_record_says_what_the_lesson_says():
    recorded = load_record("two_neighbours")["figures"]
    figures = {name: {k: mean(v) for k, v in numbers.items()} for name, numbers in recorded.items()}
    for name in ("1 head", "1 head, twice as wide", "1 head, told where"):
        assert 0.48 < figures[name]["unexplained"] < 0.52 and figures[name]["on_neighbours"] > 0.95
    for name in ("2 heads", "4 heads"):
        assert figures[name]["unexplained"] < 0.01 and figures[name]["on_neighbours"] > 0.95
    assert figures["1 head"]["better"] < 0.01 and figures["1 head"]["worse"] > 0.98
    assert figures["1 head, told where"]["better"] > 0.3
