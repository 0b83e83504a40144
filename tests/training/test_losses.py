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
