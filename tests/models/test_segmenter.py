import pytest
import torch
from torch import nn

from course_lib.attention import (
    AttentionGate,
    ChannelAttention,
    CrissCrossAttention,
    DualAttention,
    ScaleFusion,
    SelfAttention2d,
    record_attention,
)
from course_lib.models import EncoderBlock, UNet, WindowBlock, matching_width, parameters_of, segmenter
from course_lib.models.segmenter import NECKS

IMAGE = (2, 3, 16, 24)

WHAT_STANDS_THERE = {
    "transformer": EncoderBlock,
    "windows": WindowBlock,
    "position": SelfAttention2d,
    "channel": ChannelAttention,
    "position and channel": DualAttention,
    "criss-cross": CrissCrossAttention,
}


def small(**options):
    return segmenter(3, 5, **{"width": 4, "embed_dim": 8, "num_heads": 2, **options})


@pytest.mark.parametrize("neck", NECKS)
@pytest.mark.parametrize("gates", [False, True])
@pytest.mark.parametrize("scales", [False, True])
def test_every_combination_labels_every_pixel_and_learns(neck, gates, scales):
    torch.manual_seed(0)
    model = small(neck=neck, gates=gates, scales=scales)
    for parameter in model.parameters():   # what starts at zero would hide what stands before it
        if not parameter.any():
            nn.init.normal_(parameter)
    out = model(torch.rand(IMAGE))
    assert out.shape == (2, 5, 16, 24)
    out.square().mean().backward()
    # A key's bias adds the same to all scores of a query, which a softmax does not see.
    still = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    assert not [name for name in still if not name.endswith("key.bias")]


def of_kind(model, kind):
    return [m for m in model.modules() if isinstance(m, kind)]


@pytest.mark.parametrize("neck", NECKS)
def test_the_neck_holds_what_it_is_called(neck):
    model = small(neck=neck)
    present = {name for name, kind in WHAT_STANDS_THERE.items() if of_kind(model, kind)}
    expected = {neck} & set(WHAT_STANDS_THERE)
    if neck == "position and channel":
        expected |= {"position", "channel"}
    assert present == expected
    assert not of_kind(model, (AttentionGate, ScaleFusion))


def test_gates_and_scales_stand_where_they_belong():
    model = small(gates=True, scales=True)
    assert [(g.skip_dim, g.gating_dim) for g in of_kind(model, AttentionGate)] == [(8, 16), (4, 8)]
    assert model.head.dims == (16, 8, 4)
    assert isinstance(model, UNet)


def test_a_newborn_neck_changes_nothing():
    torch.manual_seed(0)
    model = small(neck="transformer").eval()
    x = torch.rand(IMAGE)
    before = model(x)
    model.neck = nn.Identity()
    assert torch.equal(model(x), before)


def test_the_criss_cross_goes_round_twice():
    assert of_kind(small(neck="criss-cross"), CrissCrossAttention)[0].loops == 2


def test_maps_of_all_places_or_of_windows_can_be_looked_at():
    for neck, shape in {"transformer": (2, 2, 24, 24), "windows": (2 * 2, 2, 16, 16)}.items():
        model = small(neck=neck, depth=2).eval()
        with record_attention(model) as maps:
            model(torch.rand(IMAGE))
        assert [tuple(m.shape) for m in maps.values()] == [shape] * 2


def test_the_width_says_how_wide():
    assert [s[0].out_channels for s in segmenter(3, 1, width=5.25, levels=4).down] == [5, 10, 21, 42]
    assert len(of_kind(segmenter(3, 1, width=4, convs=2).down, nn.Conv2d)) == 6


@pytest.mark.parametrize("wrong", [{"neck": "transfomer"}, {"width": 0.5}, {"levels": 0}, {"depth": 0, "neck": "windows"},
                                   {"embed_dim": 6, "neck": "transformer"}])
def test_what_cannot_be(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))[:5]):
        small(**wrong)


def test_parameters_of_counts_what_is_learned():
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    model[0].bias.requires_grad_(False)
    assert parameters_of(model) == 12 + 8


def square(width):
    """As many parameters as width squared, in whole numbers."""
    return nn.ParameterList([nn.Parameter(torch.zeros(int(width**2)))])


@pytest.mark.parametrize("parameters, width", [
    (100, 10), (104, 10.25), (103, 10.25), (102, 10), (16, 4), (128**2, 128), (15.5, 4), (128**2 + 100, 128)])
def test_the_nearest_width(parameters, width):
    assert matching_width(square, parameters) == width


def test_no_width_comes_near():
    with pytest.raises(ValueError, match=r"the nearest, 4\.0, gives 16, 60% off"):
        matching_width(square, 10)
    with pytest.raises(ValueError, match="nearest, 12.0, gives 144"):
        matching_width(square, 200, high=12)


@pytest.mark.parametrize("options", [{"neck": "transformer"}, {"neck": "windows"}, {"gates": True}, {"scales": True}])
def test_networks_with_attention_match_a_plain_one(options):
    plain = parameters_of(segmenter(3, 11, width=16))
    make = lambda width: segmenter(3, 11, width=width, embed_dim=24, **options)  # noqa: E731
    assert abs(parameters_of(make(matching_width(make, plain))) / plain - 1) < 0.05
