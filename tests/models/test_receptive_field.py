import pytest
import torch
from torch import nn

from course_lib.models.receptive_field import receptive_field_of, seen_box


def field(model, at=(8, 10), size=(17, 21), **options):
    return receptive_field_of(model, size, at, in_chans=1, **options)


@pytest.mark.parametrize("kernel, dilation, reach", [(1, 1, 0), (3, 1, 1), (5, 1, 2), (3, 4, 4)])
def test_a_convolution_sees_its_kernel(kernel, dilation, reach):
    torch.manual_seed(0)
    found = field(nn.Conv2d(1, 2, kernel, padding=reach, dilation=dilation))
    assert seen_box(found) == (10 - reach, 8 - reach, 10 + reach + 1, 8 + reach + 1)
    assert (found > 0).sum() == kernel**2


def test_layers_add_up_and_the_border_cuts():
    torch.manual_seed(0)
    layers = [layer for _ in range(3) for layer in (nn.Conv2d(1, 1, 3, padding=1), nn.LeakyReLU())]
    model = nn.Sequential(*layers)
    assert seen_box(field(model)) == (7, 5, 14, 12)
    assert seen_box(field(model, at=(0, 20))) == (17, 0, 21, 4)


def test_it_is_the_mean_size_of_the_gradient():
    conv = nn.Conv2d(2, 2, 1, bias=False)
    with torch.no_grad():
        conv.weight.copy_(torch.tensor([[1.0, -2.0], [-4.0, 0.5]])[..., None, None])
    found = receptive_field_of(conv, (3, 4), (1, 2), in_chans=2)
    assert found[1, 2] == pytest.approx(7.5) and found.sum() == pytest.approx(7.5)


def test_a_place_of_a_smaller_output():
    torch.manual_seed(0)
    assert seen_box(field(nn.Conv2d(1, 1, 3, stride=2), at=(2, 5))) == (10, 4, 13, 7)


def test_a_model_comes_back_as_it_was():
    model = nn.Sequential(nn.Conv2d(1, 1, 3, padding=1), nn.BatchNorm2d(1), nn.Dropout(0.5)).train()
    model[2].eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with torch.no_grad():
        found = field(model)
    assert (found > 0).sum() == 9                                  # a batch norm in training would see it all
    assert model.training and model[1].training and not model[2].training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(p.grad is None for p in model.parameters())


def test_a_closed_relu_hides_nothing_after_some_draws():
    class Gated(nn.Module):
        def forward(self, x):
            return x.roll(1, 3) * (x[:, :, :1, :1] > 0.5)

    assert seen_box(field(Gated(), draws=8)) == (9, 8, 10, 9)


def test_an_output_that_depends_on_nothing():
    class Constant(nn.Module):
        def forward(self, x):
            return torch.zeros(len(x), 1, 17, 21, requires_grad=True) * 1

    assert field(Constant()).tolist() == [[0] * 21] * 17


def test_bad_arguments():
    with pytest.raises(ValueError, match="draws must be at least 1"):
        field(nn.Conv2d(1, 1, 1), draws=0)
    for at in ((17, 0), (0, 21), (-1, 0)):
        with pytest.raises(ValueError, match="at must lie in the output's"):
            field(nn.Conv2d(1, 1, 1), at=at)
    with pytest.raises(ValueError, match="no pixel at all"):
        seen_box(torch.zeros(3, 4))
