"""RelativePositionBias against loops over pairs of cells, and against timm's."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from timm.layers import RelPosBias
from timm.layers.pos_embed_rel import resize_rel_pos_bias_table_simple
from torch.testing import assert_close

from course_lib.attention import MultiHeadAttention, RelativePositionBias, attend, relative_position_index


@given(h=st.integers(1, 4), w=st.integers(1, 4), heads=st.integers(1, 3), token=st.booleans())
def test_equals_loops_over_pairs_of_cells(h, w, heads, token):
    module = RelativePositionBias((h, w), heads, class_token=token)
    table, offsets = module.relative_position_bias_table, (2 * h - 1) * (2 * w - 1)
    cells = [None] * token + [(y, x) for y in range(h) for x in range(w)]
    assert table.shape == (offsets + 3 * token, heads)
    bias = module()
    assert bias.shape == (1, heads, len(cells), len(cells))
    for i, query in enumerate(cells):
        for j, key in enumerate(cells):
            if query is None:
                row = offsets if key is not None else offsets + 2
            elif key is None:
                row = offsets + 1
            else:
                row = (query[0] - key[0] + h - 1) * (2 * w - 1) + query[1] - key[1] + w - 1
            assert torch.equal(bias[0, :, i, j], table[row])
            assert module.relative_position_index[i, j] == row


@pytest.mark.parametrize("token", [False, True])
def test_equals_timm_and_loads_its_weights(token, device):
    theirs = RelPosBias((3, 5), 4, prefix_tokens=int(token)).to(device)
    ours = RelativePositionBias((3, 5), 4, class_token=token).to(device)
    ours.load_state_dict(theirs.state_dict())
    assert torch.equal(ours()[0], theirs.get_bias()[0])
    theirs.load_state_dict(ours.state_dict())


def test_depends_on_the_offset_alone_and_not_on_its_mirror():
    bias = RelativePositionBias((3, 4), 2)().view(2, 3, 4, 3, 4)  # query's row and column, then the key's
    assert torch.equal(bias[:, :-1, :, :-1], bias[:, 1:, :, 1:])  # a row further down, both
    assert torch.equal(bias[:, :, :-1, :, :-1], bias[:, :, 1:, :, 1:])
    assert not torch.equal(bias[:, 0, 0, 1, 2], bias[:, 1, 2, 0, 0])
    assert len(bias.flatten(1)[0].unique()) == 5 * 7


def test_attention_takes_it_and_hands_back_a_gradient(device):
    module, layer = RelativePositionBias((2, 3), 4).to(device), MultiHeadAttention(8, 4).to(device)
    x = torch.randn(2, 6, 8, device=device)
    layer(x, bias=module()).square().sum().backward()
    assert module.relative_position_bias_table.grad.ne(0).all()
    q, k, v = torch.randn(3, 2, 4, 6, 2, device=device)
    want = (q @ k.mT / 2**0.5 + module()).softmax(-1) @ v
    assert_close(attend(q, k, v, bias=module()), want, rtol=1e-5, atol=1e-5)


def test_starts_small_and_index_is_no_weight():
    module = RelativePositionBias((8, 8), 16, class_token=True)
    table = module.relative_position_bias_table
    assert table.std().item() == pytest.approx(0.02, rel=0.1) and table.abs().max() > 0
    assert list(module.state_dict()) == ["relative_position_bias_table"]
    assert "grid=(8, 8), num_heads=16, class_token=True" in repr(module)


# --- another grid ---


@pytest.mark.parametrize("token", [False, True])
@pytest.mark.parametrize("grid", [(4, 6), (2, 4), (3, 2)])
def test_another_grid_as_timm(token, grid):
    """timm's starts from square grids only."""
    module, (h, w) = RelativePositionBias((3, 3), 2, class_token=token), grid
    before = module.relative_position_bias_table.detach().clone()
    module.set_grid(grid)
    new_shape = ((2 * h - 1) * (2 * w - 1) + 3 * token, 2)
    want = resize_rel_pos_bias_table_simple(before, grid, new_shape)
    assert_close(module.relative_position_bias_table.detach(), want, rtol=1e-5, atol=1e-6)
    assert module().shape == (1, 2, h * w + token, h * w + token) and module.grid == grid


@pytest.mark.parametrize("grid", [(2, 7), (5, 3), (1, 1)])
def test_the_middle_stays_the_middle(grid):
    """Nearness, a table with its peak at offset 0, keeps its peak there, on grids of all shapes."""
    module = RelativePositionBias((4, 5), 1)
    dy, dx = torch.meshgrid(torch.arange(-3, 4), torch.arange(-4, 5), indexing="ij")
    with torch.no_grad():
        module.relative_position_bias_table[:, 0] = -(dy.square() + dx.square()).flatten().float()
    module.set_grid(grid)
    bias = module()[0, 0]
    assert_close(bias, bias.T, rtol=1e-4, atol=1e-4)  # still even
    assert (bias.argmax(-1) == torch.arange(len(bias))).all()


def test_rows_stay_rows_on_another_grid():
    """A bias that minds the rows only still does."""
    module = RelativePositionBias((2, 4), 1)
    with torch.no_grad():
        module.relative_position_bias_table[:, 0] = torch.arange(3.0).repeat_interleave(7)  # dy = -1, 0, 1
    module.set_grid((3, 5))
    bias = module()[0, 0].view(3, 5, 3, 5)  # query's row and column, then the key's
    assert_close(bias, bias[:, :1, :, :1].expand_as(bias), rtol=1e-5, atol=1e-5)
    assert (bias[1:, 0, 0, 0] > bias[:-1, 0, 0, 0]).all()


def test_another_grid_keeps_dtype_the_class_tokens_rows_and_being_frozen():
    module = RelativePositionBias((3, 4), 2, class_token=True).double().requires_grad_(False)
    last = module.relative_position_bias_table[-3:].clone()
    module.set_grid((5, 2))
    table = module.relative_position_bias_table
    assert table.dtype == torch.float64 and not table.requires_grad and isinstance(table, torch.nn.Parameter)
    assert torch.equal(table[-3:], last)
    module.requires_grad_(True)
    module().sum().backward()
    assert module.relative_position_bias_table.grad is not None


@pytest.mark.parametrize(
    "call, sentence",
    [
        (lambda: RelativePositionBias((0, 3), 2), r"grid must have rows and columns, got \(0, 3\)"),
        (lambda: RelativePositionBias((2, 3), 0), r"num_heads must be at least 1, got 0"),
        (lambda: relative_position_index((2, -1)), r"grid must have rows and columns, got \(2, -1\)"),
        (lambda: RelativePositionBias((2, 3), 2).set_grid((0, 1)), r"grid must have rows and columns"),
    ],
)
def test_bad_input(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()
