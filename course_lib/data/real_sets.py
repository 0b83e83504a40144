"""The real data sets that the course can use: what they are, how large, and how torchvision opens them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from torch.utils.data import Dataset

Opener = Callable[[Path, bool, bool], Dataset]       # folder, training split or not, fetch it or not


@dataclass(frozen=True)
class RealSet:
    """One data set.

    Attributes:
        name: what `real_set` and `course data` call it.
        title: its proper name.
        about: what it holds, in one line.
        megabytes: what has to be fetched, in units of 10**6 bytes.
        disk_megabytes: what is needed on disk while it is fetched and unpacked.
        source: who made it, and when.
        open: opens it with torchvision.
    """

    name: str
    title: str
    about: str
    megabytes: int
    disk_megabytes: int
    source: str
    open: Opener


# torchvision is imported when a set is opened: it takes a while, and most lessons need none of these.

def _fashion_mnist(root: Path, train: bool, download: bool) -> Dataset:
    from torchvision.datasets import FashionMNIST
    return FashionMNIST(root, train=train, download=download)


def _cifar10(root: Path, train: bool, download: bool) -> Dataset:
    from torchvision.datasets import CIFAR10
    return CIFAR10(root, train=train, download=download)


def _oxford_pets(root: Path, train: bool, download: bool) -> Dataset:
    from torchvision.datasets import OxfordIIITPet
    return OxfordIIITPet(root, "trainval" if train else "test", "segmentation", download=download)


def _voc_segmentation(root: Path, train: bool, download: bool) -> Dataset:
    from torchvision.datasets import VOCSegmentation
    return VOCSegmentation(root, "2012", "train" if train else "val", download=download)


REAL_SETS: dict[str, RealSet] = {one.name: one for one in (
    RealSet("fashion_mnist", "Fashion-MNIST", "70,000 grey pictures of clothes, 28 x 28, 10 classes",
            31, 120, "Xiao, Rasul and Vollgraf, 2017", _fashion_mnist),
    RealSet("cifar10", "CIFAR-10", "60,000 colour photographs, 32 x 32, 10 classes",
            171, 400, "Krizhevsky, 2009", _cifar10),
    RealSet("oxford_pets", "Oxford-IIIT Pet", "7,349 photographs of cats and dogs, with the animal's outline",
            811, 1800, "Parkhi, Vedaldi, Zisserman and Jawahar, 2012", _oxford_pets),
    RealSet("voc_segmentation", "PASCAL VOC 2012", "2,913 photographs with the outlines of 20 classes",
            2000, 4300, "Everingham et al., 2012", _voc_segmentation),
)}
