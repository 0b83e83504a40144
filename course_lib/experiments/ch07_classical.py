"""Segmentation without learning: what grey values alone tell apart, on a photo of coins and on digits.

    Otsu                  one threshold for the picture, the one that best parts its grey values in two
    local threshold       a threshold for each pixel, from the mean around it
    k-means               pixels clustered by grey value and by how rough the picture is around them
    region growing        someone clicks on each object once; from there to all neighbours of like grey value
    watershed, edges      basins of the gradient, flooded from what is surely dark and surely bright
    watershed, distance   the mask of the local threshold, cut where it is narrow

Each gives labels: 0 for the background, another number for each object. Where a method marks a mask, its
objects are the pieces that hang together.

**What it is held against.** Of a scene the labels are known. Of the coins nobody has published any, so the
reference is ours: 24 ellipses, `COINS`. Their boxes were read from the outlines of a marker watershed on the
gradient, then drawn on the enlarged photo and checked by eye. They lie on the rims within about 2 pixels; a
few coins with a broken rim or an odd shape are up to 5 off. So methods that differ by 0.02 in IoU are equal
here, and "watershed, edges" has a small advantage, as the boxes came from its kind.

**Settings.** On scenes each method takes the settings that are best on scenes of training digits, and is
scored on others. There is one photo of coins: there each method takes those that are best *on it*, with the
reference at hand. That is more than anyone has who needs a segmentation, and what still fails, fails whatever
the settings.

**What to make of it.** Coins are nearly solved. A local threshold and both watersheds find all 24, with an
IoU of 0.95 or more. One threshold for all (0.80) takes the bright upper left corner of the background, and a
coin with it. K-means sees the same grey values, and two clusters of nothing else are Otsu's two groups; what
helps it (0.88) is that coins are rough. Region growing (0.85) stops at the relief of a coin, though it was
told a pixel of each.

Scenes are not. A threshold finds what is bright, and fragments are as bright as digits: for each two digits
there is about one segment that is none, unless someone clicks on the digits. And digits that touch are one
piece: of 100 digits, 49 to 68 share a segment with a neighbour. The watershed of the distance parts some of
them, at narrow places, and digits have narrow places of their own. What a digit is, no grey value says. A
U-Net marks digits with an IoU of 0.93 on such scenes (`ch07_models`, `scenes_digit_iou`), where these methods
have 0.69 to 0.76.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from statistics import mean
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_fill_holes, distance_transform_edt
from skimage.feature import peak_local_max
from skimage.filters import gaussian, sobel, threshold_local, threshold_otsu
from skimage.measure import label
from skimage.segmentation import flood, watershed
from sklearn.cluster import KMeans

from course_lib.data import photo
from course_lib.experiments.experiment import Experiment
from course_lib.experiments.segmentation_training import pictures
from course_lib.experiments.threads import one_thread

Image = NDArray[np.float64]     # (H, W), grey values from 0 to 1
Labels = NDArray[np.int64]      # (H, W), 0 for the background, then a number for each object

COINS = (                       # row and column of the middle, half height, half width. Four rows of six
    (54, 44, 19.5, 22.5), (56, 100, 17.5, 19.5), (50.5, 155, 23, 23.5),
    (51, 215.5, 21.5, 24), (52.5, 275.5, 19, 21), (43.5, 334.5, 28, 30),
    (124, 45.5, 20.5, 21), (126, 102.5, 18.5, 19), (127, 153, 17.5, 19.5),
    (124, 205.5, 19.5, 20), (119, 270, 24.5, 25.5), (125, 336, 19.5, 19.5),
    (197.5, 44, 19, 18.5), (195.5, 101.5, 21, 22), (197.5, 154, 19, 19.5),
    (193, 212.5, 23.5, 24), (194, 273.5, 22.5, 23), (186.5, 347, 31, 32.5),
    (260, 46, 27.5, 28.5), (265.5, 114, 21, 21.5), (261.5, 172, 26, 28.5),
    (263.5, 244, 24, 24.5), (263.5, 300.5, 25, 25), (268, 358.5, 20.5, 23),
)


@dataclass(frozen=True)
class Config:
    """How many scenes, and the settings that are tried."""

    seeds: tuple[int, ...] = (0,)
    scenes: int = 100
    tuning_scenes: int = 20
    smallest: int = 12                                  # pieces of fewer pixels are left out, as specks
    blurs: tuple[float, ...] = (0.0, 1.0, 2.0)          # standard deviation in pixels
    blocks: tuple[int, ...] = (15, 51, 101)             # side of the square of a local mean
    offsets: tuple[float, ...] = (-0.1, -0.05, 0.0)     # added to that mean
    clusters: tuple[int, ...] = (2, 3)
    tolerances: tuple[float, ...] = (0.05, 0.1, 0.2, 0.3)
    darks: tuple[float, ...] = (0.1, 0.2, 0.3, 0.5)     # share of the pixels that are surely background
    brights: tuple[float, ...] = (0.05, 0.1, 0.2, 0.3)  # and surely not
    apart: tuple[int, ...] = (3, 5, 10, 15)             # of the middles of two objects, in pixels at least


def coin_reference() -> Labels:
    """Which coin each pixel of the photo is of, by our ellipses: (303, 384), coins 1 to 24."""
    found = np.zeros(coin_image().shape, dtype=np.int64)
    rows, columns = np.indices(found.shape)
    for number, (y, x, half_height, half_width) in enumerate(COINS, start=1):
        found[((rows - y) / half_height) ** 2 + ((columns - x) / half_width) ** 2 <= 1] = number
    return found


def coin_image() -> Image:
    """The photo: (303, 384)."""
    return photo("coins", gray=True)[0].double().numpy()


class Example(NamedTuple):
    """A picture and the labels that are right."""

    image: Image
    reference: Labels


@lru_cache(maxsize=4)
def examples(which: str, config: Config) -> tuple[Example, ...]:
    """Of "coins" the one photo; of "scenes" those to score on, of "tuning scenes" those to tune with."""
    if which == "coins":
        return (Example(coin_image(), coin_reference()),)
    drawn = (pictures("scenes", "test", config.scenes) if which == "scenes" else
             pictures("scenes", "train", config.tuning_scenes))
    return tuple(Example(image[0].double().numpy(), instances.numpy())
                 for image, instances in zip(drawn.images, drawn.instances))


def pieces(mask: NDArray[np.bool_], *, fill: bool, smallest: int) -> Labels:
    """The pieces of a mask that hang together, as labels. With `fill`, holes are closed first."""
    return without_specks(label(binary_fill_holes(mask) if fill else mask, connectivity=1), smallest)


def without_specks(labels: Labels, smallest: int) -> Labels:
    """Labels without those of fewer pixels than `smallest`."""
    large = np.bincount(labels.ravel()) >= smallest
    large[0] = False
    return np.where(large[labels], labels, 0)


def otsu(image: Image, *, blur: float, fill: bool, smallest: int) -> Labels:
    """Brighter than Otsu's threshold (1979)."""
    smooth = gaussian(image, blur)
    return pieces(smooth > threshold_otsu(smooth), fill=fill, smallest=smallest)


def local_threshold(image: Image, *, block: int, offset: float, fill: bool, smallest: int) -> Labels:
    """Brighter than the Gaussian mean around the pixel, less the offset."""
    smooth = gaussian(image, 1)
    return pieces(smooth > threshold_local(smooth, block, offset=offset), fill=fill, smallest=smallest)


def k_means(image: Image, *, clusters: int, rough: bool, fill: bool, smallest: int) -> Labels:
    """All clusters but the one that is most common along the picture's edge.

    A pixel is its blurred grey value and, if `rough`, the blurred gradient there, both of spread 1.
    """
    features = [gaussian(image, 1)] + ([gaussian(sobel(image), 2)] if rough else [])
    points = np.stack([(f - f.mean()) / f.std() for f in features], axis=-1)             # (H, W, 1 or 2)
    found = KMeans(clusters, n_init=1, random_state=0).fit_predict(points.reshape(-1, len(features)))
    found = found.reshape(image.shape)
    edge = np.concatenate([found[0], found[-1], found[:, 0], found[:, -1]])
    return pieces(found != np.bincount(edge).argmax(), fill=fill, smallest=smallest)


def region_growing(image: Image, *, clicks: Sequence[tuple[int, int]], blur: float, tolerance: float,
                   fill: bool, smallest: int) -> Labels:
    """From each click to all neighbours, and theirs, whose grey value is that of the click, more or less.

    A region that an earlier click has reached is left to it.
    """
    smooth = gaussian(image, blur)
    found = np.zeros(image.shape, dtype=np.int64)
    for number, click in enumerate(clicks, start=1):
        grown = flood(smooth, click, tolerance=tolerance, connectivity=1)
        found[(binary_fill_holes(grown) if fill else grown) & (found == 0)] = number
    return without_specks(found, smallest)


def watershed_of_edges(image: Image, *, dark: float, bright: float, fill: bool, smallest: int) -> Labels:
    """The gradient flooded from the darkest and from the brightest pixels, two shares of all."""
    smooth = gaussian(image, 1)
    markers = np.where(smooth <= np.quantile(smooth, dark), 1, 0)
    markers[smooth >= np.quantile(smooth, 1 - bright)] = 2
    return pieces(watershed(sobel(smooth), markers) == 2, fill=fill, smallest=smallest)


def watershed_of_distance(image: Image, *, block: int, offset: float, apart: int, fill: bool,
                          smallest: int) -> Labels:
    """The mask of the local threshold, cut: a basin for each place that is farthest from the background."""
    mask = local_threshold(image, block=block, offset=offset, fill=fill, smallest=smallest) > 0
    distance = distance_transform_edt(mask)
    markers = np.zeros(image.shape, dtype=np.int64)
    tops = peak_local_max(distance, min_distance=apart, labels=label(mask, connectivity=1),
                          exclude_border=False)
    markers[tuple(tops.T)] = np.arange(1, len(tops) + 1)
    return without_specks(watershed(-distance, markers, mask=mask), smallest)


def clicks_on(reference: Labels) -> list[tuple[int, int]]:
    """A pixel (row, column) of each object: the one that is nearest to the middle of them all."""
    found = []
    for number in np.unique(reference[reference > 0]):
        places = np.argwhere(reference == number)
        nearest = ((places - places.mean(0)) ** 2).sum(1).argmin()
        found.append((int(places[nearest, 0]), int(places[nearest, 1])))
    return found


METHODS: dict[str, tuple[Callable[..., Labels], dict[str, str]]] = {      # settings: name -> field of Config
    "Otsu": (otsu, {"blur": "blurs"}),
    "local threshold": (local_threshold, {"block": "blocks", "offset": "offsets"}),
    "k-means": (k_means, {"clusters": "clusters", "rough": ""}),
    "region growing": (region_growing, {"blur": "blurs", "tolerance": "tolerances"}),
    "watershed, edges": (watershed_of_edges, {"dark": "darks", "bright": "brights"}),
    "watershed, distance": (watershed_of_distance,
                            {"block": "blocks", "offset": "offsets", "apart": "apart"}),
}


def settings(condition: str, config: Config) -> list[dict[str, Any]]:
    """All settings of a method that are tried; each with holes closed and with holes left open."""
    tried = METHODS[condition][1] | {"fill": ""}
    values = [getattr(config, field) if field else (False, True) for field in tried.values()]
    return [dict(zip(tried, some)) for some in product(*values)]


def segment(condition: str, example: Example, setting: dict[str, Any], config: Config) -> Labels:
    """What a method finds in a picture. The reference is for the clicks of "region growing" alone."""
    told = {"clicks": clicks_on(example.reference)} if condition == "region growing" else {}
    return METHODS[condition][0](example.image, smallest=config.smallest, **told, **setting)


class Report(NamedTuple):
    """How the objects of one picture fared: numbers of the reference, and of the segments that are false.

    found   a segment has an IoU above 0.5 with it, so it is the only one that has
    merged  a segment covers half of it or more, and half or more of another object, too
    split   two or more segments lie in it, each by half or more, and each covers a tenth of it or more
    false   segments that lie on no object by half or more
    missed  none of the first three: hardly marked, or in a shape of its own
    """

    found: tuple[int, ...]
    merged: tuple[int, ...]
    split: tuple[int, ...]
    false: tuple[int, ...]
    missed: tuple[int, ...]


def report(labels: Labels, reference: Labels) -> Report:
    """Hold the objects that were found against the reference."""
    objects, in_objects = np.unique(reference, return_inverse=True)
    segments, in_segments = np.unique(labels, return_inverse=True)
    shared = np.zeros((len(objects), len(segments)))
    np.add.at(shared, (in_objects.ravel(), in_segments.ravel()), 1)
    of_object, of_segment = shared.sum(1, keepdims=True), shared.sum(0, keepdims=True)
    rows, columns = objects > 0, segments > 0
    of_object, of_segment, shared = of_object[rows], of_segment[:, columns], shared[np.ix_(rows, columns)]
    iou = shared / (of_object + of_segment - shared)
    covers = shared >= of_object / 2
    inside = (shared >= of_segment / 2) & (shared >= of_object / 10)
    found = (iou > 0.5).any(1)
    merged = (covers & (covers.sum(0) > 1)).any(1)
    split = inside.sum(1) > 1
    false = shared.sum(0) < of_segment[0] / 2
    names = objects[rows]
    chosen = (names[found], names[merged], names[split], segments[columns][false],
              names[~(found | merged | split)])
    return Report(*(tuple(int(name) for name in some) for some in chosen))


def figures(found: Sequence[Labels], references: Sequence[Labels]) -> dict[str, float]:
    """How good labels are, over all pictures together.

    iou                    of objects against background, pooled over all pixels
    found, merged, split,  share of the objects. One can be found and split, or found and merged
    missed
    false                  segments on no object, for each object that there is
    """
    marks = [(labels > 0, reference > 0) for labels, reference in zip(found, references)]
    both, either = (sum(int(f(a, b).sum()) for a, b in marks) for f in (np.logical_and, np.logical_or))
    reports = [report(labels, reference) for labels, reference in zip(found, references)]
    objects = sum(len(np.unique(reference[reference > 0])) for reference in references)
    counts = {name: sum(len(getattr(one, name)) for one in reports) / objects for name in Report._fields}
    return {"iou": both / max(1, either)} | counts


@lru_cache(maxsize=32)
def chosen(condition: str, which: str, config: Config) -> dict[str, Any]:
    """The settings with the largest sum of IoU and share of objects found.

    For the "coins" the best on the photo itself, for "scenes" the best on the tuning scenes.
    """
    known = examples("coins" if which == "coins" else "tuning scenes", config)

    def score(setting: dict[str, Any]) -> float:
        found = figures([segment(condition, one, setting, config) for one in known],
                        [one.reference for one in known])
        return mean([found["iou"], found["found"]])

    return max(settings(condition, config), key=score)


@one_thread()
def measure(condition: str, config: Config, seed: int) -> dict[str, float]:
    """A method with its settings on the coins and on the scenes. The seed changes nothing."""
    measured: dict[str, float] = {}
    for which in ("coins", "scenes"):
        setting = chosen(condition, which, config)
        shown = examples(which, config)
        found = figures([segment(condition, one, setting, config) for one in shown],
                        [one.reference for one in shown])
        measured |= {f"{which}_{name}": number for name, number in found.items()}
    return measured


EXPERIMENT = Experiment(
    title="Segmentation without learning: six methods on a photo of coins and on scenes of digits",
    conditions=tuple(METHODS),
    measure=measure,
    tiny=Config(scenes=4, tuning_scenes=2, blurs=(1.0,), blocks=(51,), offsets=(0.0,), clusters=(2,),
                tolerances=(0.1,), darks=(0.3,), brights=(0.1,), apart=(5,)),
    small=Config(scenes=30, tuning_scenes=10),
    full=Config(),
)
