import pytest
import torch

from course_lib.attention import sincos_positions_2d
from course_lib.models import MapEncoder, Neck, TransformerNeck, WindowBlock

MAP = (2, 8, 4, 6)


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def test_it_is_blocks_over_the_places_row_by_row():
    encoder = MapEncoder(8, depth=2, num_heads=2).eval()
    x = torch.rand(MAP)
    tokens = torch.stack([x[:, :, row, column] for row in range(4) for column in range(6)], dim=1)
    tokens = tokens + sincos_positions_2d(4, 6, 8)
    for block in encoder.blocks:
        tokens = tokens + block.attn(block.norm1(tokens))
        tokens = tokens + block.mlp(block.norm2(tokens))
    tokens = encoder.norm(tokens)
    expected = torch.stack([tokens[:, row * 6:row * 6 + 6] for row in range(4)], dim=1).permute(0, 3, 1, 2)
    torch.testing.assert_close(encoder(x), expected)


def reach(encoder, at):
    """Which places of the input move one place of the output."""
    x = torch.rand(1, 8, 8, 12, requires_grad=True)
    encoder(x)[0, :, at[0], at[1]].square().sum().backward()
    return x.grad[0].abs().sum(0) > 0


def test_how_far_a_place_hears():
    assert reach(MapEncoder(8, 1, 2), (1, 1)).all()
    first = reach(MapEncoder(8, 1, 2, window=4), (1, 1))
    assert first[:4, :4].all() and first.sum() == 16
    # The second block's windows are shifted by 2: a place in the middle hears four windows of the first.
    second = reach(MapEncoder(8, 2, 2, window=4), (3, 3))
    assert second[:8, :8].all() and second.sum() == 64


def test_a_window_block_is_two_residual_branches():
    block = WindowBlock(8, 2, 4, shift=2).eval()
    x = torch.rand(1, 8, 8, 8)
    norm = lambda layer, x: layer(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)  # noqa: E731
    middle = x + block.attn(norm(block.norm1, x))
    tokens = block.norm2(middle.permute(0, 2, 3, 1))
    torch.testing.assert_close(block(x), middle + block.mlp(tokens).permute(0, 3, 1, 2))
    assert block.attn.shift == 2 and block.mlp.fc1.out_features == 32


def test_positions_tell_places_apart():
    out = MapEncoder(8, 1, 2).eval()(torch.zeros(1, 8, 4, 6))
    assert out.flatten(2).std(-1).max() > 1e-2


@pytest.mark.parametrize("shape", [(1, 8, 5, 7), (3, 8, 1, 1), (2, 8, 9, 4)])
@pytest.mark.parametrize("window", [None, 4])
def test_maps_of_any_size(shape, window):
    assert MapEncoder(8, 2, 2, window=window)(torch.rand(shape)).shape == shape


@pytest.mark.parametrize("wrong, words", [((6, 1, 2), "multiple of 4"), ((8, 0, 2), "depth must be at least 1")])
def test_numbers_that_do_not_fit(wrong, words):
    with pytest.raises(ValueError, match=words):
        MapEncoder(*wrong)


def test_a_neck_is_a_residual_branch_of_fixed_width():
    body = MapEncoder(8, 1, 2)
    neck = Neck(5, 8, body).eval()
    x = torch.rand(2, 5, 4, 6)
    assert torch.equal(neck(x), x)
    torch.nn.init.normal_(neck.out.weight)
    into = torch.einsum("dc,bchw->bdhw", neck.into.weight[:, :, 0, 0], x) + neck.into.bias[:, None, None]
    out = torch.einsum("cd,bdhw->bchw", neck.out.weight[:, :, 0, 0], body(into)) + neck.out.bias[:, None, None]
    torch.testing.assert_close(neck(x), x + out)


def test_a_transformer_neck_is_a_neck_with_an_encoder():
    neck = TransformerNeck(5, 8, 3, 2, window=4)
    assert isinstance(neck, Neck) and len(neck.body.blocks) == 3
    assert [block.attn.shift for block in neck.body.blocks] == [0, 2, 0]
    with pytest.raises(ValueError, match="dim and embed_dim must be at least 1"):
        TransformerNeck(0)
