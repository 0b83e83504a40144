import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_lib.models import UNet


@pytest.mark.parametrize("dims", [(4,), (4, 6), (4, 6, 8), (2, 3, 5, 7)])
def test_an_output_for_every_pixel(dims):
    stride = 2 ** (len(dims) - 1)
    out = UNet(3, 5, dims)(torch.rand(2, 3, 2 * stride, 3 * stride))
    assert out.shape == (2, 5, 2 * stride, 3 * stride)


def test_the_neck_sees_the_smallest_map_and_its_result_is_used():
    seen = []

    class Neck(nn.Module):
        def forward(self, x):
            seen.append(x.shape)
            return x + 1

    torch.manual_seed(0)
    model = UNet(1, 1, (4, 6, 8), Neck()).eval()
    x = torch.rand(2, 1, 12, 20)
    with_neck = model(x)
    assert seen == [(2, 8, 3, 5)]
    model.neck = nn.Identity()
    assert (model(x) - with_neck).abs().max() > 1e-3


def by_hand(model, x):
    """Three resolutions, written out."""
    fine = model.down[0](x)
    middle = model.down[1](F.max_pool2d(fine, 2))
    coarse = model.neck(model.down[2](F.max_pool2d(middle, 2)))
    middle = model.up[0](torch.cat([model.enlarge[0](coarse), middle], 1))
    fine = model.up[1](torch.cat([model.enlarge[1](middle), fine], 1))
    return model.head([fine])


def test_it_is_what_the_paper_draws():
    torch.manual_seed(0)
    model = UNet(2, 3, (4, 6, 8), nn.Conv2d(8, 8, 1)).eval()
    x = torch.rand(2, 2, 12, 20)
    torch.testing.assert_close(model(x), by_hand(model, x))


def test_a_gate_on_each_skip_sees_the_map_below_it():
    class Gate(nn.Module):
        def __init__(self, skip_dim, gating_dim):
            super().__init__()
            self.weight = nn.Conv2d(gating_dim, skip_dim, 1)

        def forward(self, skip, gating):
            return skip * F.interpolate(self.weight(gating), scale_factor=2)

    torch.manual_seed(0)
    model = UNet(2, 3, (4, 6, 8), gate=Gate).eval()
    x = torch.rand(2, 2, 12, 20)
    fine = model.down[0](x)
    middle = model.down[1](F.max_pool2d(fine, 2))
    coarse = model.down[2](F.max_pool2d(middle, 2))
    below = model.up[0](torch.cat([model.enlarge[0](coarse), model.gates[0](middle, coarse)], 1))
    above = model.up[1](torch.cat([model.enlarge[1](below), model.gates[1](fine, below)], 1))
    torch.testing.assert_close(model(x), model.head([above]))


def test_a_head_of_ones_own_sees_every_map_of_the_decoder():
    class Head(nn.Module):
        def __init__(self, dims, out_chans):
            super().__init__()
            self.made_with = dims, out_chans

        def forward(self, maps):
            self.seen = [tuple(m.shape) for m in maps]
            return maps[-1][:, :3]

    model = UNet(1, 3, (4, 6, 8), head=Head)
    assert model(torch.rand(2, 1, 12, 20)).shape == (2, 3, 12, 20)
    assert model.head.made_with == ((8, 6, 4), 3)
    assert model.head.seen == [(2, 8, 3, 5), (2, 6, 6, 10), (2, 4, 12, 20)]


def test_a_gate_that_changes_the_shape():
    class Gate(nn.Module):
        def forward(self, skip, gating):
            return skip[:, :1]

    with pytest.raises(ValueError, match="the gate must keep the shape of its map: it got"):
        UNet(3, 1, (4, 4), gate=lambda skip_dim, gating_dim: Gate())(torch.rand(2, 3, 8, 8))


def test_two_convolutions_in_each_stage():
    model = UNet(3, 1, (4, 6, 8), convs=2)
    kernels = [m.kernel_size for m in model.modules() if isinstance(m, nn.Conv2d)]
    assert kernels.count((3, 3)) == 2 * 5 and kernels.count((1, 1)) == 1


def test_every_parameter_learns():
    torch.manual_seed(0)
    model = UNet(3, 2, (4, 6, 8), nn.Conv2d(8, 8, 3, padding=1), convs=2)
    model(torch.rand(2, 3, 16, 24)).square().mean().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad.abs().max() > 0, name


@pytest.mark.parametrize(
    "shape", [(2, 3, 10, 16), (2, 3, 16, 10), (2, 1, 16, 16), (3, 16, 16), (2, 3, 0, 16)])
def test_an_image_that_does_not_fit(shape):
    with pytest.raises(ValueError, match=r"multiples of 4, got shape \("):
        UNet(3, 1, (4, 4, 4))(torch.rand(shape))


def test_a_neck_that_changes_the_shape():
    for neck in (nn.Conv2d(4, 5, 1), nn.MaxPool2d(2)):
        with pytest.raises(ValueError, match="the neck must keep the shape of its map: it got"):
            UNet(3, 1, (4, 4), neck)(torch.rand(2, 3, 8, 8))


@pytest.mark.parametrize(
    "wrong", [{"dims": ()}, {"dims": (4, 0)}, {"in_chans": 0}, {"out_chans": 0}, {"convs": 0}])
def test_numbers_below_one(wrong):
    with pytest.raises(ValueError, match="at least 1"):
        UNet(**{"in_chans": 3, "out_chans": 1, **wrong})
