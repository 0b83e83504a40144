import math
from statistics import mean

import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio

from course_lib.attention import record_attention
from course_lib.experiments import load_record
from course_lib.experiments.ch04_denoise import (
    CONDITIONS,
    EXPERIMENT,
    PIECES,
    TUNING_PIECES,
    TUNING_SEED,
    best,
    blur,
    decibels,
    measure,
    neighbours,
    noisy_and_clean,
    non_local_means,
    patches_of,
    scikit_image,
    settings,
    tuned,
)

TINY, FULL = EXPERIMENT.tiny, EXPERIMENT.full


def by_pixels(image, h, side, noise, reach):
    """Non-local means one pair of pixels at a time."""
    height, width = image.shape
    half, out = side // 2, image.clone().double()
    mirrored = lambda i, n: -i if i < 0 else 2 * (n - 1) - i if i >= n else i
    value = lambda r, c: image[mirrored(r, height), mirrored(c, width)].item()
    steps = range(-half, half + 1)
    patch = {(r, c): [value(r + y, c + x) for y in steps for x in steps] for r in range(height) for c in range(width)}
    for (r, c), own in patch.items():
        total = weights = 0.0
        for (y, x), other in patch.items():
            if reach is None or max(abs(y - r), abs(x - c)) <= reach:
                distance = sum((a - b) ** 2 for a, b in zip(own, other)) / len(own)
                f = math.exp(-max(distance - 2 * noise**2, 0) / h**2)
                total, weights = total + f * value(y, x), weights + f
        out[r, c] = total / weights
    return out


@pytest.mark.parametrize(("side", "noise", "reach"), [(3, 0.0, None), (3, 0.2, None), (5, 0.1, 2), (1, 0.0, 1)])
def test_non_local_means_by_pixels(side, noise, reach):
    image = torch.rand(6, 8)
    found = non_local_means(image, h=0.3, side=side, noise=noise, reach=reach)
    torch.testing.assert_close(found.double(), by_pixels(image, 0.3, side, noise, reach), rtol=1e-4, atol=1e-5)


def test_does_what_scikit_images_does():
    """Theirs weighs the middle of a patch more, so the two are close and not equal: far closer than to the noise."""
    noisy, clean = (t[:32, :32].contiguous() for t in noisy_and_clean(*PIECES["brick"], FULL, 0))
    both = [method(noisy, h=0.08, side=5, noise=0.1, reach=6) for method in (non_local_means, scikit_image)]
    ours, theirs = (image[8:-8, 8:-8] for image in both)
    assert decibels(ours, theirs) > decibels(noisy, clean) + 10


def test_patches_are_those_around_a_pixel():
    image = torch.rand(5, 7)
    patches = patches_of(image, 3)
    assert torch.equal(patches[2 * 7 + 4], image[1:4, 3:6].flatten())
    assert torch.equal(patches[:, 4], image.flatten())


def test_neighbours():
    near = neighbours((4, 6), 1).view(4, 6, 4, 6)
    for r in range(4):
        for c in range(6):
            ys, xs = torch.where(near[r, c])
            assert set(zip(ys.tolist(), xs.tolist())) == {
                (y, x) for y in range(4) for x in range(6) if max(abs(y - r), abs(x - c)) <= 1}


def test_its_weights_can_be_looked_at():
    with record_attention() as maps:
        non_local_means(torch.rand(4, 6), h=0.3)
    assert maps["attend"].shape == (24, 24)


def test_decibels_are_scikit_images():
    a, b = torch.rand(5, 6), torch.rand(5, 6)
    assert decibels(a, b) == pytest.approx(peak_signal_noise_ratio(b.numpy(), a.numpy(), data_range=1), abs=1e-4)


def test_noise_is_as_strong_as_it_says_and_follows_its_seed():
    noisy, clean = noisy_and_clean(*PIECES["cat"], FULL, 3)
    assert noisy.shape == (48, 96) and (noisy - clean).std().item() == pytest.approx(0.1, rel=0.05)
    assert torch.equal(noisy, noisy_and_clean(*PIECES["cat"], FULL, 3)[0])
    assert not torch.equal(noisy, noisy_and_clean(*PIECES["cat"], FULL, 4)[0])


def test_nobody_is_tuned_on_what_it_is_judged_by():
    assert not {name for name, *_ in TUNING_PIECES} & {name for name, *_ in PIECES.values()}
    assert TUNING_SEED not in FULL.seeds


def test_every_condition_tries_all_of_its_settings():
    counts = {name: len(settings(name, FULL)) for name in CONDITIONS}
    h, sides, reaches = len(FULL.strengths), len(FULL.sides), len(FULL.reaches)
    assert counts == {"noisy": 1, "blur": len(FULL.widths), "blur, best width": len(FULL.widths),
                      "non-local means": h * sides, "non-local means, near": h * sides * reaches,
                      "scikit-image": h * sides * reaches}


def test_best_is_the_best():
    noisy, clean = noisy_and_clean(*PIECES["brick"], FULL, 0)
    scores = {width: decibels(blur(noisy, width=width), clean) for width in FULL.widths}
    assert best("blur", FULL, [(noisy, clean)]) == {"width": max(scores, key=scores.get)}


def test_the_best_width_is_found_for_each_picture():
    found = {name: measure(name, TINY, 0) for name in ("blur", "blur, best width")}
    assert all(found["blur, best width"][piece] >= found["blur"][piece] for piece in TINY.pieces)


@pytest.mark.parametrize("condition", CONDITIONS)
def test_measures_each_piece(condition):
    found = measure(condition, TINY, 0)
    assert set(found) == {*PIECES, "mean"}
    assert found["mean"] == pytest.approx(mean(found[piece] for piece in PIECES))
    assert tuned(condition, TINY) in settings(condition, TINY)


def test_the_record_says_what_the_lesson_says():
    recorded = load_record("denoise")["figures"]
    found = {name: {k: mean(v) for k, v in numbers.items()} for name, numbers in recorded.items()}
    blurred, everywhere, near = (found[name] for name in ("blur, best width", "non-local means", "non-local means, near"))
    for averaged in (everywhere, near):
        assert averaged["mean"] > blurred["mean"] + 0.7
        assert all(averaged[piece] > blurred[piece] + 1 for piece in ("brick", "coins", "pagoda"))
        assert all(averaged[piece] < blurred[piece] for piece in ("grass", "cat"))
    assert everywhere["page"] > near["page"] + 1 > blurred["page"] + 1
    assert 0 < found["scikit-image"]["mean"] - near["mean"] < 0.5
