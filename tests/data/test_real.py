"""The real data sets, on small files of the same formats, served by this very machine: no network."""

import gc
import gzip
import hashlib
import io
import pickle
import struct
import tarfile
import warnings
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import datasets
from torchvision.datasets import voc

from course_lib import data


def md5(path):
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


def write_tar(path, files, mode):
    with tarfile.open(path, mode) as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))


def picture(array, kind="PNG"):
    stream = io.BytesIO()
    Image.fromarray(array).save(stream, kind)
    return stream.getvalue()


def write_fashion_mnist(server, address, monkeypatch):
    resources = []
    for part, count in (("train", 4), ("t10k", 2)):
        images = np.arange(count * 784, dtype=np.int64).astype(np.uint8).tobytes()
        for kind, header, content in (("images-idx3", struct.pack(">4i", 2051, count, 28, 28), images),
                                      ("labels-idx1", struct.pack(">2i", 2049, count), bytes(range(count)))):
            path = server / f"{part}-{kind}-ubyte.gz"
            path.write_bytes(gzip.compress(header + content))
            resources.append((path.name, md5(path)))
    monkeypatch.setattr(datasets.FashionMNIST, "mirrors", [address])
    monkeypatch.setattr(datasets.FashionMNIST, "resources", resources)


def write_cifar10(server, address, monkeypatch):
    def batch(count, first):
        pixels = np.full((count, 3072), first, np.uint8)
        return pickle.dumps({"data": pixels, "labels": [first] * count})
    files = {f"data_batch_{number}": batch(2, number) for number in range(1, 6)}
    files |= {"test_batch": batch(3, 9), "batches.meta": pickle.dumps({"label_names": list("abcdefghij")})}
    archive = server / "cifar-10-python.tar.gz"
    write_tar(archive, {f"cifar-10-batches-py/{name}": content for name, content in files.items()}, "w:gz")
    sums = {name: hashlib.md5(content, usedforsecurity=False).hexdigest() for name, content in files.items()}
    monkeypatch.setattr(datasets.CIFAR10, "url", address + archive.name)
    monkeypatch.setattr(datasets.CIFAR10, "tgz_md5", md5(archive))
    train = [[name, md5sum] for name, md5sum in sums.items() if name.startswith("data")]
    monkeypatch.setattr(datasets.CIFAR10, "train_list", train)
    monkeypatch.setattr(datasets.CIFAR10, "test_list", [["test_batch", sums["test_batch"]]])
    monkeypatch.setattr(datasets.CIFAR10, "meta", {**datasets.CIFAR10.meta, "md5": sums["batches.meta"]})


def write_oxford_pets(server, address, monkeypatch):
    trimap = np.full((12, 20), 2, np.uint8)
    trimap[2:6, 3:9], trimap[6, 3:9] = 1, 3
    stems = ["Abyssinian_1", "beagle_2", "beagle_3"]
    images = {f"images/{stem}.jpg": picture(np.full((12, 20, 3), 90, np.uint8), "JPEG") for stem in stems}
    notes = {f"annotations/trimaps/{stem}.png": picture(trimap) for stem in stems}
    notes |= {"annotations/trainval.txt": b"Abyssinian_1 1 1 1\nbeagle_2 2 2 1\n",
              "annotations/test.txt": b"beagle_3 2 2 1\n"}
    resources = []
    for name, files in (("images", images), ("annotations", notes)):
        path = server / f"{name}.tar.gz"
        write_tar(path, files, "w:gz")
        resources.append((address + path.name, md5(path)))
    monkeypatch.setattr(datasets.OxfordIIITPet, "_RESOURCES", tuple(resources))


def write_voc_segmentation(server, address, monkeypatch):
    ids = np.zeros((12, 20), np.uint8)
    ids[3:8, 2:5], ids[0] = 15, 255
    mask = Image.fromarray(ids)
    mask.putpalette([value % 256 for value in range(768)])
    stream = io.BytesIO()
    mask.save(stream, "PNG")
    base, files = "VOCdevkit/VOC2012", {}
    for stem in ("a", "b", "c"):
        files[f"{base}/JPEGImages/{stem}.jpg"] = picture(np.full((12, 20, 3), 60, np.uint8), "JPEG")
        files[f"{base}/SegmentationClass/{stem}.png"] = stream.getvalue()
    for split, stems in (("train", b"a\nb\n"), ("val", b"c\n")):
        files[f"{base}/ImageSets/Segmentation/{split}.txt"] = stems
    archive = server / "voc.tar"
    write_tar(archive, files, "w")
    changes = {"url": address + archive.name, "md5": md5(archive), "filename": archive.name}
    monkeypatch.setitem(voc.DATASET_YEAR_DICT, "2012", voc.DATASET_YEAR_DICT["2012"] | changes)


SERVE = {"fashion_mnist": write_fashion_mnist, "cifar10": write_cifar10, "oxford_pets": write_oxford_pets,
         "voc_segmentation": write_voc_segmentation}
COUNTS = {"fashion_mnist": (4, 2), "cifar10": (10, 3), "oxford_pets": (2, 1), "voc_segmentation": (2, 1)}


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A data folder of the test's own."""
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture
def server(tmp_path, monkeypatch):
    """The folder of archives that torchvision believes to be the makers' own."""
    folder = tmp_path / "server"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as web:
        Thread(target=web.serve_forever, args=(0.01,), daemon=True).start()
        for write in SERVE.values():
            write(folder, f"http://127.0.0.1:{web.server_port}/", monkeypatch)
        yield folder
        web.shutdown()
    with warnings.catch_warnings():                   # torchvision leaves the socket of a failed request to the collector
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.mark.parametrize("name", SERVE)
def test_absent_sets_say_which_command_fetches_them_and_how_large_they_are(name, home):
    with pytest.raises(data.DataNotFound, match=rf"`course data {name}` fetches it: [\d.]+ [MG]B") as caught:
        data.real_set(name)
    assert isinstance(caught.value, FileNotFoundError) and not home.exists()


@pytest.mark.parametrize("name", SERVE)
def test_download_then_open(name, server, home, capsys):
    said = []
    assert data.download(name, say=said.append) == home / name
    assert any("MB" in line or "GB" in line for line in said) and "Done" in said[-1]
    for split, count in zip(("train", "test"), COUNTS[name]):
        pictures = data.real_set(name, split)
        assert len(pictures) == count
        for number in (0, count - 1, -1):
            image, target = pictures[number]
            assert image.dtype == torch.float32 and image.ndim == 3 and 0 <= image.min() <= image.max() <= 1
        with pytest.raises(IndexError, match=f"has {count} pictures, not {count}"):
            pictures[count]
    assert [path.name for path in home.iterdir()] == [name]
    assert not [path for path in home.rglob("*") if path.suffix in (".gz", ".tar")]
    again = []
    data.download(name, say=again.append)
    assert len(again) == 1 and "already" in again[0]


def test_contents(server):
    for name in SERVE:
        data.download(name, say=str)
    image, target = data.real_set("fashion_mnist", "test")[1]
    assert image.shape == (1, 28, 28) and target == 1
    assert torch.equal(image.flatten(), torch.arange(784, 1568).to(torch.uint8).float() / 255)
    image, target = data.real_set("cifar10", "test")[0]
    assert image.shape == (3, 32, 32) and target == 9 and (image == 9 / 255).all()
    image, mask = data.real_set("oxford_pets", "train")[1]
    assert image.shape == (3, 12, 20) and mask.shape == (12, 20) and mask.dtype == torch.int64
    assert mask[2:6, 3:9].eq(0).all() and mask[6, 3:9].eq(2).all() and mask.eq(1).sum() == 240 - 30
    image, mask = data.real_set("voc_segmentation", "test")[0]
    assert mask[3:8, 2:5].eq(15).all() and mask[0].eq(data.VOC_IGNORE).all()
    assert mask.eq(0).sum() == 240 - 15 - 20


@pytest.mark.parametrize("name", SERVE)
def test_a_download_that_was_broken_off_is_recovered(name, server, home, capsys):
    """Half-unpacked files are not taken for good ones, and half an archive is fetched again."""
    data.download(name, say=str)
    begun = home / f"{name}.partial"
    (home / name).rename(begun)                                        # unpacked, but never finished
    for path in (path for path in begun.rglob("*") if path.is_file()):
        path.write_bytes(path.read_bytes()[:20])                         # and broken off in every file
    for archive in server.iterdir():
        places = [begun, begun / "oxford-iiit-pet", begun / "FashionMNIST" / "raw"]
        for place in (place for place in places if place.is_dir()):
            (place / archive.name).write_bytes(archive.read_bytes()[:50])
    data.download(name, say=str)
    assert [path.name for path in home.iterdir()] == [name]
    assert len(data.real_set(name)) == COUNTS[name][0]
    image, _ = data.real_set(name)[0]
    assert image.shape[1] >= 12


def test_a_whole_archive_is_not_fetched_again(server, home, capsys):
    begun = home / "voc_segmentation.partial"
    begun.mkdir(parents=True)
    (server / "voc.tar").rename(begun / "voc.tar")                     # the server has nothing any more
    data.download("voc_segmentation", say=str)
    assert len(data.real_set("voc_segmentation")) == 2


@pytest.mark.parametrize("name", SERVE)
def test_no_network_is_one_sentence(name, server, home, capsys):
    for archive in server.iterdir():
        archive.unlink()
    with pytest.raises(ConnectionError, match=f"`course data {name}` goes on from there") as caught:
        data.download(name, say=str)
    assert "\n" not in str(caught.value) and not (home / name).exists()
    with pytest.raises(data.DataNotFound):
        data.real_set(name)


def test_a_forged_archive_is_refused(server, home, capsys):
    (server / "cifar-10-python.tar.gz").write_bytes(b"something else")
    with pytest.raises(ConnectionError, match="CIFAR-10 could not be fetched"):
        data.download("cifar10", say=str)
    assert not (home / "cifar10").exists()


def test_damage_is_found_when_a_set_is_opened(server, home, capsys):
    data.download("cifar10", say=str)
    (home / "cifar10" / "cifar-10-batches-py" / "data_batch_3").write_bytes(b"short")
    with pytest.raises(data.DataNotFound, match="is not complete.*Remove that folder"):
        data.real_set("cifar10")
    with pytest.raises(data.DataNotFound, match="is not complete"):
        data.download("cifar10", say=str)


def test_a_full_disk_is_noticed_before_fetching(server, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 10**8}))
    with pytest.raises(OSError, match="needs 4.3 GB while it is unpacked, and only 0.1 GB are free"):
        data.download("voc_segmentation", say=str)


def test_the_list_of_sets():
    names = [one.name for one in data.real_sets()]
    assert set(names) == set(SERVE)
    sizes = [one.megabytes for one in data.real_sets()]
    assert sizes == sorted(sizes) and all(one.disk_megabytes > one.megabytes for one in data.real_sets())


def test_errors_are_sentences():
    with pytest.raises(ValueError, match="no data set is called 'cifar'. The nearest names are: cifar10"):
        data.real_set("cifar")
    with pytest.raises(ValueError, match="no data set is called 'pets'"):
        data.download("pets")
    with pytest.raises(ValueError, match="'train' or 'test', got 'val'"):
        data.real_set("cifar10", "val")
