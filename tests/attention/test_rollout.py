"""rollout against loops in float64."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

from course_lib.attention import rollout


def loops(maps):
    """Number by number: mean of the heads, half of the identity, rows that sum to 1, the product."""
    batch, _, n, _ = maps[0].shape
    samples = []
    for b in range(batch):
        total = [[float(i == j) for j in range(n)] for i in range(n)]
        for weights in maps:
            w = weights[b].double().tolist()
            step = [[sum(head[i][j] for head in w) / len(w) / 2 + 0.5 * (i == j) for j in range(n)] for i in range(n)]
            step = [[cell / sum(row) for cell in row] for row in step]
            total = [[sum(step[i][k] * total[k][j] for k in range(n)) for j in range(n)] for i in range(n)]
        samples.append(total)
    return torch.tensor(samples, dtype=torch.float64).reshape(batch, n, n)


def random_maps(layers, b, h, n, **options):
    return [torch.randn(b, h + layer % 2, n, n, **options).mul(2).softmax(-1) for layer in range(layers)]


@given(layers=st.integers(1, 4), b=st.integers(0, 3), h=st.integers(1, 3), n=st.integers(1, 5), seed=st.integers(0, 99))
def test_equals_loops(layers, b, h, n, seed):
    torch.manual_seed(seed)
    maps = random_maps(layers, b, h, n)
    assert_close(rollout(maps).double(), loops(maps), rtol=1e-5, atol=1e-6)


def test_rows_sum_to_one(device):
    got = rollout(random_maps(12, 2, 3, 7, device=device))
    assert got.device.type == device and got.shape == (2, 7, 7)
    assert_close(got.sum(-1), torch.ones(2, 7, device=device))


def test_the_last_layer_stands_left():
    """Token 0 takes from 1 in the second layer, 1 from 2 in the first: so 0 is made of 2 as well."""
    first, second = torch.eye(3), torch.eye(3)
    first[1], second[0] = torch.tensor([0.0, 0.0, 1.0]), torch.tensor([0.0, 1.0, 0.0])
    got = rollout([first[None, None], second[None, None]])[0]
    assert got[0].tolist() == [0.5, 0.25, 0.25]
    swapped = rollout([second[None, None], first[None, None]])[0]
    assert swapped[0].tolist() == [0.5, 0.5, 0.0]


def test_a_token_that_may_attend_to_nothing_stays_what_it_is():
    maps = random_maps(1, 1, 2, 4)
    maps[0][:, :, 2] = 0.0
    assert_close(rollout(maps)[0, 2], torch.tensor([0.0, 0.0, 1.0, 0.0]))


def test_takes_a_recorders_values_a_tensor_and_a_generator():
    maps = random_maps(3, 2, 1, 4)
    want = rollout(maps)
    assert torch.equal(rollout(dict(enumerate(maps)).values()), want)
    assert torch.equal(rollout(m for m in maps), want)
    same_heads = [m.mean(1, keepdim=True) for m in maps]
    assert_close(rollout(torch.stack(same_heads)), want)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
def test_dtype_stays_and_input_too(dtype):
    maps = [m.to(dtype) for m in random_maps(20, 2, 3, 4)]
    before = [m.clone() for m in maps]
    got = rollout(maps)
    assert got.dtype == dtype
    # Only the result is rounded, not each of the twenty products.
    assert_close(got.double(), loops(maps), rtol=0.51 * torch.finfo(dtype).eps, atol=1e-6)
    assert all(torch.equal(m, b) for m, b in zip(maps, before, strict=True))


def test_is_differentiable():
    maps = [m.double().requires_grad_() for m in random_maps(2, 1, 2, 3)]
    assert torch.autograd.gradcheck(lambda *m: rollout(m), maps)


@pytest.mark.parametrize(
    "maps, sentence",
    [
        ([], "at least one layer, got none"),
        ([torch.zeros(1, 2, 2)], r"maps\[0\] must have shape \(B, H, N, N\), got \(1, 2, 2\)"),
        ([torch.zeros(1, 1, 2, 3)], r"maps\[0\] must have shape \(B, H, N, N\), got \(1, 1, 2, 3\)"),
        ([torch.zeros(1, 1, 2, 2), torch.zeros(1, 1, 3, 3)], r"maps\[1\] must have shape \(1, H, 2, 2\), got \(1, 1, 3, 3\)"),
        ([torch.zeros(1, 1, 2, 2), torch.zeros(2, 1, 2, 2)], r"maps\[1\] must have shape \(1, H, 2, 2\), got \(2, 1, 2, 2\)"),
        ([torch.zeros(1, 1, 2, 2), torch.zeros(1, 2, 2)], r"maps\[1\] must have shape"),
    ],
)
def test_bad_input(maps, sentence):
    with pytest.raises(ValueError, match=sentence):
        rollout(maps)
