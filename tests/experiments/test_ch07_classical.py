from dataclasses import replace

import numpy as np
import pytest

from course_lib.data import scenes
from course_lib.experiments import ch07_classical, load_record
from course_lib.experiments.ch07_classical import (
    COINS,
    EXPERIMENT,
    METHODS,
    Example,
    chosen,
    clicks_on,
    coin_image,
    coin_reference,
    examples,
    figures,
    k_means,
    local_threshold,
    measure,
    otsu,
    pieces,
    region_growing,
    report,
    segment,
    settings,
    watershed_of_distance,
    watershed_of_edges,
    without_specks,
)
from course_lib.experiments.segmentation_training import FIRST_SEEDS, TASKS

CONFIG = EXPERIMENT.tiny
RAW = {"fill": False, "smallest": 1}


def discs(*middles, size=(40, 60), radius=8):
    """A label map with a disc around each middle; later ones lie on top."""
    rows, columns = np.indices(size)
    found = np.zeros(size, dtype=np.int64)
    for number, (y, x) in enumerate(middles, start=1):
        found[(rows - y) ** 2 + (columns - x) ** 2 <= radius**2] = number
    return found


def picture(labels, *, light=0.0):
    """Discs of 0.7 on a background of 0.3, and light that grows by that much from left to right."""
    return np.where(labels > 0, 0.7, 0.3) + light * np.linspace(-0.5, 0.5, labels.shape[1])


APART = discs((20, 15), (20, 45))
TOUCHING = discs((20, 20), (20, 34))


def test_coins_are_24_that_touch_neither_each_other_nor_the_edge():
    reference = coin_reference()
    assert reference.shape == coin_image().shape == (303, 384)
    assert np.unique(reference).tolist() == list(range(25)) and len(COINS) == 24
    assert len(np.unique(pieces(reference > 0, fill=False, smallest=1))) == 25
    assert not reference[[0, -1]].any() and not reference[:, [0, -1]].any()
    for number, (y, x, half_height, half_width) in enumerate(COINS, start=1):
        rows, columns = np.nonzero(reference == number)
        assert (rows.mean(), columns.mean()) == (pytest.approx(y, abs=0.1), pytest.approx(x, abs=0.1))
        assert len(rows) == pytest.approx(np.pi * half_height * half_width, rel=0.02)


def test_coins_are_brighter_than_what_is_around_them():
    """Each ellipse lies on its coin: moved by half its width, it lies on it no better."""
    image, reference = coin_image(), coin_reference()
    for number, (_, _, _, half_width) in enumerate(COINS, start=1):
        here = reference == number
        for by in (-half_width, half_width):
            assert image[here].mean() > image[np.roll(here, round(by), axis=1)].mean()


def test_examples_are_what_they_are_said_to_be():
    (coins,) = examples("coins", CONFIG)
    assert np.array_equal(coins.image, coin_image()) and np.array_equal(coins.reference, coin_reference())
    for which, split, count in (("scenes", "test", 4), ("tuning scenes", "train", 2)):
        first = FIRST_SEEDS[split]
        made = list(scenes(range(first, first + count), TASKS["scenes"].options, split=split))
        shown = examples(which, CONFIG)
        assert len(shown) == count
        for scene, one in zip(made, shown):
            assert np.allclose(scene.image[0], one.image) and np.array_equal(scene.instances, one.reference)


def test_pieces_hang_together_by_their_sides():
    mask = np.array([[1, 1, 0, 0, 1], [1, 1, 0, 1, 0], [0, 0, 0, 0, 0]], dtype=bool)
    assert len(np.unique(pieces(mask, fill=False, smallest=1))) == 1 + 3
    assert np.array_equal(pieces(mask, fill=False, smallest=2) > 0, np.array(
        [[1, 1, 0, 0, 0], [1, 1, 0, 0, 0], [0, 0, 0, 0, 0]]))
    ring = np.pad(np.zeros((2, 2)), 1, constant_values=1).astype(bool)
    assert (pieces(ring, fill=True, smallest=1) > 0).all()
    assert not pieces(ring, fill=False, smallest=1)[1:3, 1:3].any()


def test_specks_go_and_the_background_stays():
    labels = np.array([[0, 0, 3, 3], [0, 7, 3, 3]])
    assert without_specks(labels, 2).tolist() == [[0, 0, 3, 3], [0, 0, 3, 3]]
    assert without_specks(labels, 1).tolist() == labels.tolist()
    assert not without_specks(labels, 5).any()


EVERY = [
    lambda image, marks: otsu(image, blur=0.0, **RAW),
    lambda image, marks: local_threshold(image, block=51, offset=0.0, **RAW),
    lambda image, marks: k_means(image, clusters=2, rough=False, **RAW),
    lambda image, marks: region_growing(image, clicks=clicks_on(marks), blur=0.0, tolerance=0.1, **RAW),
    lambda image, marks: watershed_of_edges(image, dark=0.3, bright=0.05, **RAW),
    lambda image, marks: watershed_of_distance(image, block=51, offset=0.0, apart=8, **RAW),
]


@pytest.mark.parametrize("method", EVERY)
def test_every_method_finds_what_is_easy(method):
    found = report(method(picture(APART), APART), APART)
    assert found.found == (1, 2) and not (found.merged or found.split or found.false or found.missed)


def test_uneven_light_is_too_much_for_one_threshold_and_not_for_a_local_one():
    image = picture(APART, light=1.0)
    assert report(otsu(image, blur=0.0, **RAW), APART).found != (1, 2)
    assert report(local_threshold(image, block=31, offset=0.0, **RAW), APART).found == (1, 2)


def test_only_the_watershed_of_the_distance_parts_what_touches():
    image = picture(TOUCHING)
    for method in (EVERY[0], EVERY[1], EVERY[2], EVERY[4]):
        assert report(method(image, TOUCHING), TOUCHING).merged == (1, 2)
    assert report(EVERY[3](image, TOUCHING), TOUCHING).merged == (1, 2)
    parted = report(EVERY[5](image, TOUCHING), TOUCHING)
    assert parted.found == (1, 2) and not parted.merged


def test_two_clusters_of_grey_values_are_otsus_two():
    """Both look for the two groups with the least spread within."""
    image = examples("coins", CONFIG)[0].image
    a = otsu(image, blur=1.0, **RAW) > 0
    b = k_means(image, clusters=2, rough=False, **RAW) > 0
    assert (a == b).mean() > 0.99


def test_k_means_may_use_how_rough_the_picture_is():
    """A rough patch as bright as the background, on average."""
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, APART.shape)
    image = 0.5 + np.where(APART > 0, noise, 0.0)
    by_grey, by_both = (k_means(image, clusters=2, rough=rough, fill=True, smallest=20)
                        for rough in (False, True))
    assert report(by_both, APART).found == (1, 2) and report(by_grey, APART).found == ()


def test_a_region_grows_as_far_as_its_grey_value_goes():
    image = np.tile(np.linspace(0, 1, 11), (3, 1))
    grown = region_growing(image, clicks=[(1, 5)], blur=0.0, tolerance=0.25, **RAW)
    assert grown[1].tolist() == [0] * 3 + [1] * 5 + [0] * 3


def test_a_region_that_was_taken_stays_taken():
    grown = region_growing(picture(TOUCHING), clicks=clicks_on(TOUCHING), blur=0.0, tolerance=0.1,
                           **RAW)
    assert np.unique(grown).tolist() == [0, 1]


def test_clicks_are_on_their_objects():
    ring = discs((20, 30), radius=12)
    ring[discs((20, 30), radius=6) > 0] = 0                          # the middle is no part of it
    (click,) = clicks_on(ring)
    assert ring[click] == 1
    two = discs((5, 5), (30, 50), radius=3)
    assert clicks_on(two) == [(5, 5), (30, 50)]


def test_only_region_growing_is_told_where_objects_are():
    for condition in METHODS:
        setting = settings(condition, CONFIG)[0]
        image = picture(APART)
        a, b = (segment(condition, Example(image, marks), setting, CONFIG)
                for marks in (APART, discs((20, 15))))
        assert np.array_equal(a, b) == (condition != "region growing")


def test_a_report_of_each_fate():
    """Objects of 10 pixels in a row: found, merged with the next one, cut in two, and hardly marked."""
    reference = np.repeat([[1, 2, 3, 4, 5, 0]], 10, axis=1)
    labels = reference * 10
    labels[0, 0:4] = 0                                               # 6 of 10: found
    labels[0, 10:30] = 77                                            # 2 and 3 in one
    labels[0, 30:35] = 88                                            # 4 in halves: an IoU of 0.5 is not above
    labels[0, 40:48] = 0                                             # 2 of 10
    labels[0, 50:53] = 99                                            # on the background
    found = report(labels, reference)
    assert found.found == (1,) and found.merged == (2, 3) and found.split == (4,)
    assert found.false == (99,) and found.missed == (5,)


def test_what_counts_as_merged_split_and_false():
    reference = np.repeat([[1, 2]], 10, axis=1)

    def of(*runs):
        return report(np.concatenate([[n] * k for n, k in runs])[None], reference)

    assert of((1, 14), (2, 6)).found == (1, 2)                       # reaches over, covers no half of 2
    assert of((1, 14), (2, 6)).merged == ()
    assert of((1, 15), (2, 5)).merged == (1, 2)
    assert of((1, 9), (3, 1), (2, 10)).split == (1,)                 # a tenth
    assert report(np.array([[5] * 19 + [6]]), np.array([[1] * 20])).split == ()
    assert of((0, 10), (2, 10)).missed == (1,)
    assert of((3, 6), (2, 14)).split == ()                           # 4 pixels of what lies elsewhere
    half = report(np.array([[0] * 5 + [4] * 10]), np.array([[1] * 10 + [0] * 5]))
    assert half.false == () and half.missed == (1,)                  # half on the object is not false


def test_figures_pool_pixels_and_objects():
    one, two = discs((20, 15)), APART
    right = figures([one, two], [one, two])
    assert right == {"iou": 1, "found": 1, "merged": 0, "split": 0, "false": 0, "missed": 0}
    half = figures([np.zeros_like(one), two], [one, two])
    assert half["found"] == pytest.approx(2 / 3) and half["missed"] == pytest.approx(1 / 3)
    assert half["iou"] == pytest.approx(2 / 3)
    extra = figures([discs((20, 15), (5, 40), radius=8)], [one])
    assert extra["false"] == 1 and extra["found"] == 1


def test_settings_are_all_that_there_are():
    full = EXPERIMENT.full
    assert len(settings("Otsu", full)) == 3 * 2
    assert len(settings("watershed, distance", full)) == 3 * 3 * 4 * 2
    for condition in METHODS:
        tried = [tuple(one.items()) for one in settings(condition, full)]
        assert len(set(tried)) == len(tried)
        assert {one["fill"] for one in settings(condition, full)} == {False, True}


def test_settings_are_chosen_on_other_scenes_than_those_scored(monkeypatch):
    asked = []
    real = ch07_classical.examples
    monkeypatch.setattr(ch07_classical, "examples",
                        lambda which, config: asked.append(which) or real(which, config))
    config = replace(CONFIG, smallest=13)                            # nothing is remembered of it
    assert chosen("Otsu", "scenes", config) in settings("Otsu", config) and asked == ["tuning scenes"]
    chosen("Otsu", "coins", config)
    assert asked[1:] == ["coins"]


def test_the_best_settings_are_chosen(monkeypatch):
    """Where objects have dark middles, holes are closed; where they are rings, they are not."""
    disc, ring = discs((20, 30), radius=12), discs((20, 30), radius=12)
    ring[discs((20, 30), radius=8) > 0] = 0
    for reference, fill in ((disc, True), (ring, False)):
        monkeypatch.setattr(ch07_classical, "examples", lambda *_: (Example(picture(ring), reference),))
        assert chosen("Otsu", "coins", replace(CONFIG, smallest=2 + fill))["fill"] == fill


@pytest.mark.parametrize("condition", METHODS)
def test_the_same_twice_in_range_and_whatever_the_seed(condition):
    a, b = (measure(condition, CONFIG, seed=seed) for seed in (0, 1))
    assert a == b and set(a) == {f"{which}_{name}" for which in ("coins", "scenes") for name in
                                 ("iou", "found", "merged", "split", "false", "missed")}
    assert all(0 <= number <= 1 for name, number in a.items() if not name.endswith("false"))


def test_the_record_says_what_the_lesson_says():
    found = {name: {k: v[0] for k, v in numbers.items()}
             for name, numbers in load_record("classical")["figures"].items()}
    for name in ("local threshold", "watershed, edges", "watershed, distance"):
        assert found[name]["coins_iou"] > 0.94 and found[name]["coins_found"] == 1
    assert found["Otsu"]["coins_found"] == pytest.approx(23 / 24) and found["Otsu"]["coins_iou"] < 0.81
    assert all(0.68 < numbers["scenes_iou"] < 0.77 for numbers in found.values())
    assert all(0.35 < numbers["scenes_found"] < 0.6 for numbers in found.values())
    assert all(0.45 < numbers["scenes_merged"] < 0.7 for numbers in found.values())
    clicked = found.pop("region growing")
    assert clicked["scenes_false"] < 0.05 and all(n["scenes_false"] > 0.35 for n in found.values())
    assert max(found, key=lambda name: found[name]["scenes_found"]) == "watershed, distance"
