from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn.utils.class_weight import compute_class_weight
from torch import nn
from torch.utils.data import TensorDataset
from torchvision.ops import sigmoid_focal_loss

from course_lib.training import (
    boundary_loss,
    class_weights,
    cross_entropy,
    dice_loss,
    fit,
    focal_loss,
    tversky_loss,
)

B, C, H, W = 3, 4, 5, 7
IGNORED = 255
LOSSES = {"cross-entropy": cross_entropy, "weighted": None, "focal": focal_loss, "dice": dice_loss,
          "dice per image": partial(dice_loss, per_image=True),
          "tversky": partial(tversky_loss, alpha=0.3, beta=0.7), "boundary": boundary_loss}


def loss_of(name, channels=C):
    if name == "weighted":
        return partial(cross_entropy, weight=torch.linspace(0.5, 2, max(2, channels)))
    return LOSSES[name]


def case(channels=C, dtype=torch.float32, seed=0):
    g = torch.Generator().manual_seed(seed)
    logits = torch.randn(B, channels, H, W, generator=g, dtype=torch.float64).to(dtype)
    return logits, torch.randint(max(2, channels), (B, H, W), generator=g)


@pytest.fixture(params=LOSSES)
def name(request):
    return request.param


# References.

def test_cross_entropy_is_torchs_own_with_weights_and_an_ignored_class():
    logits, target = case()
    target[0, :2] = IGNORED
    weight = torch.tensor([0.1, 2.0, 1.0, 0.0])
    for w in (None, weight):
        expected = F.cross_entropy(logits, target, weight=w, ignore_index=IGNORED)
        torch.testing.assert_close(cross_entropy(logits, target, weight=w, ignore_index=IGNORED), expected)


def test_cross_entropy_of_one_channel_is_torchs_binary_one():
    logits, target = case(1)
    expected = F.binary_cross_entropy_with_logits(logits[:, 0], target.float())
    torch.testing.assert_close(cross_entropy(logits, target), expected)
    torch.testing.assert_close(cross_entropy(logits, target.bool()), expected)
    per_pixel = torch.tensor([0.5, 3.0])[target]
    expected = F.binary_cross_entropy_with_logits(logits[:, 0], target.float(), per_pixel, reduction="sum")
    torch.testing.assert_close(
        cross_entropy(logits, target, weight=torch.tensor([0.5, 3.0])), expected / per_pixel.sum())


@pytest.mark.parametrize("alpha", [None, 0.25, 0.9])
@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0, 5.0])
def test_focal_of_one_channel_is_torchvisions(alpha, gamma):
    logits, target = case(1, torch.float64)
    expected = sigmoid_focal_loss(logits[:, 0], target.double(), alpha=-1 if alpha is None else alpha,
                                  gamma=gamma, reduction="mean")
    torch.testing.assert_close(focal_loss(logits, target, gamma=gamma, alpha=alpha), expected)


def test_focal_of_many_channels_takes_p_of_each_pixel_before_the_mean():
    logits, target = case(dtype=torch.float64)
    alpha, total = torch.tensor([1.0, 2.0, 0.5, 0.0], dtype=torch.float64), 0.0
    for b in range(B):
        for y in range(H):
            for x in range(W):
                c = target[b, y, x]
                p = logits[b, :, y, x].softmax(0)[c]
                total += alpha[c] * (1 - p) ** 1.5 * -p.log()
    torch.testing.assert_close(focal_loss(logits, target, gamma=1.5, alpha=alpha), total / target.numel())


def test_focal_with_gamma_0_is_cross_entropy():
    for channels in (1, C):
        logits, target = case(channels)
        torch.testing.assert_close(focal_loss(logits, target, gamma=0), cross_entropy(logits, target))


def dice_by_loops(p, target, smooth, ignored=None):
    """p: (B, K, H, W) probabilities of the classes that count, their ids 0 ... K - 1."""
    terms = []
    for c in range(p.shape[1]):
        both = found = true = 0.0
        for b, y, x in torch.cartesian_prod(*(torch.arange(n) for n in target.shape)).tolist():
            if target[b, y, x] != ignored:
                is_c = float(target[b, y, x] == c)
                both, found, true = both + p[b, c, y, x] * is_c, found + p[b, c, y, x], true + is_c
        terms.append((2 * both + smooth) / (found + true + smooth))
    return 1 - torch.stack(terms).mean()


@pytest.mark.parametrize("smooth", [0.0, 1.0, 30.0])
def test_dice_against_loops(smooth):
    logits, target = case(dtype=torch.float64)
    target[1, 2:, :3] = IGNORED
    expected = dice_by_loops(logits.softmax(1), target, smooth, IGNORED)
    torch.testing.assert_close(dice_loss(logits, target, smooth=smooth, ignore_index=IGNORED), expected)
    each = [dice_by_loops(logits[i:i + 1].softmax(1), target[i:i + 1], smooth, IGNORED) for i in range(B)]
    got = dice_loss(logits, target, smooth=smooth, per_image=True, ignore_index=IGNORED)
    torch.testing.assert_close(got, torch.stack(each).mean())


def test_dice_of_one_channel_is_of_the_foreground_alone():
    logits, target = case(1, torch.float64)
    p = torch.cat([logits.sigmoid(), 1 - logits.sigmoid()], 1)
    only = dice_by_loops(p[:, :1], 1 - target, 1.0)
    torch.testing.assert_close(dice_loss(logits, target), only)


@pytest.mark.parametrize("channels", [1, C])
@pytest.mark.parametrize("per_image", [False, True])
def test_tversky_of_two_halves_is_dice(channels, per_image):
    logits, target = case(channels)
    for smooth in (0.0, 1.0, 9.0):
        torch.testing.assert_close(tversky_loss(logits, target, smooth=smooth, per_image=per_image),
                                   dice_loss(logits, target, smooth=smooth, per_image=per_image))


def test_tversky_of_two_ones_is_the_soft_iou_and_prices_are_the_right_way_round():
    logits, target = case(1, torch.float64)
    p, t = logits[:, 0].sigmoid(), target.double()
    iou = (p * t).sum() / (p + t - p * t).sum()
    torch.testing.assert_close(tversky_loss(logits, target, alpha=1, beta=1, smooth=0), 1 - iou)
    precision = (p * t).sum() / p.sum()  # no price for what is missed
    torch.testing.assert_close(tversky_loss(logits, target, alpha=1, beta=0, smooth=0), 1 - precision)


def test_class_weights_are_scikit_learns_balanced_ones():
    target = torch.tensor([0] * 50 + [1] * 5 + [2] * 20).reshape(3, 5, 5)
    expected = compute_class_weight("balanced", classes=np.arange(3), y=target.flatten().numpy())
    torch.testing.assert_close(class_weights(target, 3), torch.tensor(expected, dtype=torch.float32))
    torch.testing.assert_close(class_weights(target, 3, power=0), torch.ones(3))
    half = class_weights(target, 3, power=0.5)
    torch.testing.assert_close(half[1] / half[2], torch.tensor(2.0))
    torch.testing.assert_close(half[target].mean(), torch.tensor(1.0))


def test_class_weights_of_a_class_that_does_not_occur_are_the_largest_and_ignored_pixels_do_not_count():
    target = torch.tensor([0, 0, 0, 1, IGNORED, IGNORED])
    weights = class_weights(target, 3, ignore_index=IGNORED)
    torch.testing.assert_close(weights, torch.tensor([4 / 6, 2.0, 2.0]))
    only_bool = class_weights(torch.tensor([True, False, False, False]), 2)
    torch.testing.assert_close(only_bool, torch.tensor([2 / 3, 2.0]))


# What all of them promise.

@pytest.mark.parametrize("channels", [1, 2, C])
def test_gradients_are_those_of_the_numbers(name, channels):
    logits, target = case(channels, torch.float64)
    logits, target = logits[:2, :, :3, :3].contiguous(), target[:2, :3, :3].clone()
    target[0, 0] = IGNORED
    logits.requires_grad_()
    assert torch.autograd.gradcheck(lambda z: loss_of(name, channels)(z, target, ignore_index=IGNORED), logits)


@pytest.mark.parametrize("channels", [1, C])
def test_ignored_pixels_count_nowhere(name, channels):
    logits, target = case(channels, torch.float64)
    loss = loss_of(name, channels)
    smaller = loss(logits[..., 2:], target[..., 2:])  # the same picture without its first columns
    target = target.clone()
    target[..., :2] = IGNORED
    wild = logits.clone()
    wild[..., :2] = 1e3
    wild.requires_grad_()
    found = loss(wild, target, ignore_index=IGNORED)
    torch.testing.assert_close(found, smaller)
    found.backward()
    assert (wild.grad[..., :2] == 0).all() and (wild.grad[..., 2:] != 0).any()


@pytest.mark.parametrize("channels", [1, C])
def test_where_all_is_ignored_loss_and_gradient_are_0(name, channels):
    logits, target = case(channels)
    logits.requires_grad_()
    loss = loss_of(name, channels)(logits, torch.full_like(target, -1), ignore_index=-1)
    loss.backward()
    assert loss.item() == 0 and (logits.grad == 0).all()


@pytest.mark.parametrize("channels", [1, C])
def test_an_empty_batch_costs_nothing(name, channels):
    for shape in [(0, channels, H, W), (B, channels, 0, W)]:
        logits = torch.zeros(shape, requires_grad=True)
        loss = loss_of(name, channels)(logits, torch.zeros(shape[0], *shape[2:], dtype=torch.int64))
        loss.backward()
        assert loss.item() == 0


@pytest.mark.parametrize("channels", [1, C])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_summed_in_float32(name, channels, dtype):
    g = torch.Generator().manual_seed(1)
    logits = (4 * torch.randn(1, channels, 300, 300, generator=g)).to(dtype)  # 90,000 overflows a float16
    target = (torch.rand(1, 300, 300, generator=g) < 0.9).long()
    found = loss_of(name, channels)(logits.requires_grad_(), target)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, loss_of(name, channels)(logits.float(), target))
    found.backward()
    assert logits.grad.dtype == dtype and logits.grad.isfinite().all()


def test_autocast_changes_nothing(name, device):
    half = torch.bfloat16 if device == "cpu" else torch.float16
    logits, target = (x.to(device) for x in case(C))
    plain = loss_of(name)(logits, target)
    with torch.autocast(device, half):
        found = loss_of(name)(logits, target)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, plain)


@pytest.mark.parametrize("channels", [1, C])
def test_devices_agree(name, channels, device):
    logits, target = case(channels)
    target[0, 0] = IGNORED
    found = loss_of(name, channels)(logits.to(device), target.to(device), ignore_index=IGNORED)
    assert found.device.type == device
    torch.testing.assert_close(found.cpu(), loss_of(name, channels)(logits, target, ignore_index=IGNORED))


@pytest.mark.parametrize("size", [30.0, 1e4, 1e30])
@pytest.mark.parametrize("channels", [1, C])
def test_large_logits_give_finite_losses_and_gradients(name, channels, size):
    logits, target = case(channels)
    for sign in (1, -1):
        large = (sign * size * logits.sign()).requires_grad_()
        loss = loss_of(name, channels)(large, target)
        loss.backward()
        assert loss.isfinite() and large.grad.isfinite().all()


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("channels", [1, 2])
def test_focal_is_stable_where_p_rounds_to_0_or_1(gamma, channels):
    for z, expected, slope in [(60.0, 0.0, 0.0), (-60.0, 60.0, -1.0)]:
        logits = torch.zeros(1, channels, 1, 1)
        logits[0, -1] = z
        logits.requires_grad_()
        loss = focal_loss(logits, torch.ones(1, 1, 1, dtype=torch.int64), gamma=gamma)
        loss.backward()
        assert loss.item() == pytest.approx(expected, abs=1e-6)
        assert logits.grad[0, -1].item() == pytest.approx(slope, abs=1e-6)


def test_one_channel_is_the_second_of_two_whose_first_is_0():
    logits, target = case(1)
    both = torch.cat([torch.zeros_like(logits), logits], 1)
    torch.testing.assert_close(cross_entropy(logits, target), cross_entropy(both, target))
    torch.testing.assert_close(focal_loss(logits, target), focal_loss(both, target))
    torch.testing.assert_close(focal_loss(logits, target, alpha=0.25),
                               focal_loss(both, target, alpha=torch.tensor([0.75, 0.25])))
    one, two = logits.clone().requires_grad_(), logits.clone().requires_grad_()
    boundary_loss(one, target).backward()
    boundary_loss(torch.cat([torch.zeros_like(two), two], 1), target).backward()
    torch.testing.assert_close(one.grad, two.grad)


@pytest.mark.parametrize("channels", [1, C])
def test_targets_of_any_whole_dtype_and_stride(name, channels):
    logits, target = case(channels)
    loss = loss_of(name, channels)
    expected = loss(logits, target)
    torch.testing.assert_close(loss(logits, target.to(torch.uint8)), expected)
    strided = logits.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2)
    torch.testing.assert_close(loss(strided, target.mT.contiguous().mT), expected)
    if channels == 1:
        torch.testing.assert_close(loss(logits, target.bool()), expected)


@pytest.mark.parametrize("channels", [1, C])
def test_arguments_are_left_as_they_are(name, channels):
    logits, target = case(channels)
    target[0, 0] = IGNORED
    before = logits.clone(), target.clone()
    loss_of(name, channels)(logits, target, ignore_index=IGNORED)
    assert torch.equal(logits, before[0]) and torch.equal(target, before[1])


@pytest.mark.parametrize("channels", [1, C])
def test_a_certain_right_answer_costs_least_and_descent_finds_it(name, channels):
    _, target = case(channels)
    loss = loss_of(name, channels)
    signs = F.one_hot(target).movedim(-1, 1).float()[:, -channels:] * 2 - 1
    costs = [loss(size * signs, target).item() for size in (-8.0, 0.0, 8.0)]
    assert costs == sorted(costs, reverse=True)
    if name != "boundary":
        assert costs[-1] == pytest.approx(0, abs=0.02)
    logits = torch.zeros(B, channels, H, W, requires_grad=True)
    loss(logits, target).backward()
    assert loss(logits - logits.grad, target) < loss(logits, target)


@pytest.mark.parametrize("channels", [1, 3])
def test_each_fits_fit(name, channels):
    g = torch.Generator().manual_seed(0)
    images = torch.rand(12, 1, 6, 8, generator=g)
    target = (images[:, 0] > 0.5).long() if channels == 1 else (images[:, 0] * 3).long()
    target[:, 0] = IGNORED
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 8, 1), nn.ReLU(), nn.Conv2d(8, channels, 1))
    loss = partial(loss_of(name, channels), ignore_index=IGNORED)
    history = fit(model, TensorDataset(images, target), steps=25, batch_size=12, lr=0.05, loss=loss,
                  device="cpu", progress=False)
    assert history.loss[-1] < history.loss[0]


# Classes that do not occur.

def test_a_class_in_no_target_costs_dice_its_probability_over_smooth():
    logits = torch.zeros(1, 3, 2, 2)  # every p is 1/3, so P is 4/3 of every class
    target = torch.tensor([[[0, 0], [1, 1]]])
    there = 1 - (2 * 2 / 3 + 1) / (4 / 3 + 2 + 1)
    assert dice_loss(logits, target).item() == pytest.approx((2 * there + 1 - 1 / (4 / 3 + 1)) / 3)


def test_without_smooth_nothing_is_learned_of_a_class_in_no_target():
    for smooth, learns in [(0.0, False), (1.0, True)]:
        p = torch.full((1, 1, 4, 4), -1.0, requires_grad=True)
        loss = dice_loss(p, torch.zeros(1, 4, 4, dtype=torch.int64), smooth=smooth)
        loss.backward()
        assert bool((p.grad > 0).all()) == learns
        assert loss.item() == pytest.approx(1 - smooth / (16 * torch.tensor(-1.0).sigmoid().item() + smooth))


def test_without_smooth_a_class_in_neither_costs_nothing():
    logits, target = case(3)
    logits.requires_grad_()
    loss = dice_loss(logits, torch.full_like(target, IGNORED), smooth=0, ignore_index=IGNORED)
    loss.backward()
    assert loss.item() == 0 and (logits.grad == 0).all()
    half = target.clone()
    half[0] = IGNORED  # of this image no class is known
    found = dice_loss(logits, half, smooth=0, per_image=True, ignore_index=IGNORED)
    rest = dice_loss(logits[1:], target[1:], smooth=0, per_image=True)
    torch.testing.assert_close(found, rest * (B - 1) / B)
    nothing = torch.zeros_like(target)  # what is invented is free of charge here
    assert tversky_loss(logits[:, :1], nothing, alpha=0, beta=1, smooth=0).item() == 0


def test_an_image_without_foreground_costs_nothing_once_nothing_is_predicted():
    target = torch.zeros(2, 4, 4, dtype=torch.int64)
    target[1, :2] = 1
    logits = torch.full((2, 1, 4, 4), -30.0)
    logits[1, 0, :2] = 30.0
    for per_image in (False, True):
        assert dice_loss(logits, target, per_image=per_image).item() == pytest.approx(0, abs=1e-6)
    logits[0, 0, 0, 0] = 30.0  # one false pixel of two images with 8 true ones
    assert dice_loss(logits, target).item() == pytest.approx(1 - 17 / 18)
    assert dice_loss(logits, target, per_image=True).item() == pytest.approx((1 - 1 / 2) / 2)


def test_a_class_that_is_ignored_is_left_out_of_dices_mean():
    logits, target = case(3, torch.float64)
    found = dice_loss(logits, target, ignore_index=0)
    p = logits.softmax(1) * (target != 0)[:, None]
    terms = [(2 * (p[:, c] * (target == c)).sum() + 1) / (p[:, c].sum() + (target == c).sum() + 1) for c in (1, 2)]
    torch.testing.assert_close(found, 1 - torch.stack(terms).mean())


def test_weights_that_are_0_hide_a_class():
    logits, target = case(2)
    only = cross_entropy(logits, target, weight=torch.tensor([0.0, 3.0]))
    torch.testing.assert_close(only, cross_entropy(logits, target, ignore_index=0))
    assert cross_entropy(logits, torch.zeros_like(target), weight=torch.tensor([0.0, 1.0])).item() == 0


# Bad input.

LOGITS, TARGET = torch.zeros(B, C, H, W), torch.zeros(B, H, W, dtype=torch.int64)


@pytest.mark.parametrize("logits, target, options, message", [
    (LOGITS.long(), TARGET, {}, "logits must be a floating-point tensor, got torch.int64"),
    (LOGITS[0], TARGET, {}, r"logits must have shape \(B, C, H, W\) with C >= 1, got \(4, 5, 7\)"),
    (LOGITS, TARGET[..., :-1], {}, r"target must have shape \(B, H, W\) = \(3, 5, 7\).* got \(3, 5, 6\)"),
    (LOGITS, TARGET[:, None], {}, r"got \(3, 1, 5, 7\)\. Drop its axis of channels"),
    (LOGITS, [[0]], {}, "target must be a tensor of whole numbers .* got list"),
    (LOGITS, TARGET + 9, {}, "target must hold classes 0 to 3, got 9. Pass ignore_index"),
    (LOGITS, TARGET - 1, {"ignore_index": 255}, "target must hold classes 0 to 3, got -1"),
    (LOGITS[:, :1], TARGET + 2, {}, "target must hold classes 0 to 1, got 2"),
    (LOGITS[:, :1], TARGET, {"ignore_index": 0}, "ignore_index must be none of the two classes .* got 0"),
    (LOGITS, TARGET, {"ignore_index": 2.5}, "ignore_index must be a whole number or None, got 2.5"),
    (LOGITS, TARGET.to("meta"), {}, "target and logits must be on one device, got meta and cpu"),
])
def test_bad_input_is_refused_in_words(name, logits, target, options, message):
    with pytest.raises(ValueError, match=message):
        loss_of(name)(logits, target, **options)


@pytest.mark.parametrize("call, message", [
    (lambda: cross_entropy(LOGITS, TARGET.float()), "target must be a tensor of whole numbers .* torch.float32"),
    (lambda: dice_loss(LOGITS, TARGET.float()), "target must be a tensor of whole numbers"),
    (lambda: cross_entropy(LOGITS, TARGET, weight=torch.ones(3)), r"weight must be .* shape \(4,\).* got \(3,\)"),
    (lambda: cross_entropy(LOGITS, TARGET, weight=[1, 1, 1, 1]), "weight must be a tensor .* got list"),
    (lambda: cross_entropy(LOGITS, TARGET, weight=torch.tensor([1, 1, 1, -1.0])), "weight must hold .* -1.0"),
    (lambda: cross_entropy(LOGITS, TARGET, weight=torch.tensor([1, 1, 1, float("nan")])), "weight must .* nan"),
    (lambda: cross_entropy(LOGITS[:, :1], TARGET, weight=torch.ones(1)), r"weight must be .* shape \(2,\)"),
    (lambda: focal_loss(LOGITS, TARGET, gamma=-1), "gamma must be at least 0, got -1"),
    (lambda: focal_loss(LOGITS, TARGET, alpha=0.5), r"alpha must be a tensor of shape \(4,\).* got float"),
    (lambda: focal_loss(LOGITS[:, :1], TARGET, alpha=1.5), r"alpha must be a number in \[0, 1\].* got 1.5"),
    (lambda: focal_loss(LOGITS[:, :1], TARGET, alpha=torch.ones(2)), "alpha must be a number"),
    (lambda: dice_loss(LOGITS, TARGET, smooth=-1), "smooth must be at least 0, got -1"),
    (lambda: tversky_loss(LOGITS, TARGET, alpha=-1), "alpha must be at least 0, got -1"),
    (lambda: tversky_loss(LOGITS, TARGET, beta=float("nan")), "beta must be at least 0, got nan"),
    (lambda: tversky_loss(LOGITS, TARGET, alpha=0, beta=0), "alpha and beta must not both be 0"),
    (lambda: class_weights(TARGET, 1), "num_classes must be .* at least 2, got 1"),
    (lambda: class_weights(TARGET, 3, power=-1), "power must be at least 0, got -1"),
    (lambda: class_weights(TARGET + 3, 3), "target must hold classes 0 to 2, got 3"),
    (lambda: class_weights(TARGET, 3, ignore_index=0), "target holds no pixel that counts"),
])
def test_bad_options_are_refused_in_words(call, message):
    with pytest.raises(ValueError, match=message):
        call()
