"""A folder of one's own pictures: read rightly, and what is wrong with it is said by name."""

import numpy as np
import pytest
import torch
from PIL import Image

from course_lib.data import FolderSegmentation


def write_pair(root, stem, size=(12, 20), ids=None, mask_stem=None, suffix=".png", palette=True):
    """A picture whose red is its row and green its column, and a mask that is 1 in the upper right corner."""
    for name in ("images", "masks"):
        (root / name).mkdir(parents=True, exist_ok=True)
    rows, columns = np.mgrid[:size[0], :size[1]].astype(np.uint8)
    pixels = np.stack([rows, columns, np.full(size, 7, np.uint8)], axis=-1)
    Image.fromarray(pixels).save(root / "images" / f"{stem}{suffix}")
    if ids is None:
        ids = np.zeros(size, dtype=np.uint8)
        ids[:3, -5:] = 1
    mask = Image.fromarray(np.asarray(ids, dtype=np.uint8))
    if palette:
        mask = mask.convert("L")
        mask.putpalette([0, 0, 0, 200, 30, 40, 10, 90, 250] + [0, 0, 0] * 253)
    mask.save(root / "masks" / f"{mask_stem or stem}.png")


@pytest.mark.parametrize("palette", [True, False])
def test_pictures_and_masks_are_read(tmp_path, palette):
    write_pair(tmp_path, "a", palette=palette)
    write_pair(tmp_path, "b", palette=palette)
    pictures = FolderSegmentation(tmp_path, num_classes=2)
    image, mask = pictures[1]
    assert len(pictures) == 2 and image.shape == (3, 12, 20) and image.dtype == torch.float32
    assert mask.shape == (12, 20) and mask.dtype == torch.int64
    assert image[:, 4, 9].mul(255).round().tolist() == [4, 9, 7]                 # row 4, column 9
    assert mask[:3, -5:].eq(1).all() and mask.sum() == 15
    pictures.check()


def test_twelve_classes_an_ignore_index_and_jpegs(tmp_path):
    ids = np.arange(12 * 20).reshape(12, 20) % 12
    ids[0, 0] = 255
    write_pair(tmp_path, "a", ids=ids, suffix=".jpg", palette=False)
    _, mask = FolderSegmentation(tmp_path, num_classes=12, ignore_index=255)[0]
    assert sorted(mask.unique().tolist()) == [*range(12), 255] and torch.equal(mask, torch.from_numpy(ids))


def test_class_names_come_from_a_file(tmp_path):
    write_pair(tmp_path, "a")
    (tmp_path / "classes.txt").write_text("background\nleaf\n\n")
    assert FolderSegmentation(tmp_path).classes == ["background", "leaf"]
    assert FolderSegmentation(tmp_path, num_classes=2).num_classes == 2
    with pytest.raises(ValueError, match="names 2 classes, but num_classes is 3"):
        FolderSegmentation(tmp_path, num_classes=3)


def test_unequal_sizes_are_refused_or_resized(tmp_path):
    write_pair(tmp_path, "a"), write_pair(tmp_path, "b"), write_pair(tmp_path, "c", size=(30, 10))
    with pytest.raises(ValueError, match=r"most are 12 x 20, but c.png is 30 x 10. Give size=\(H, W\)"):
        FolderSegmentation(tmp_path, num_classes=2)
    pictures = FolderSegmentation(tmp_path, num_classes=2, size=(24, 40))
    assert all(image.shape == (3, 24, 40) and mask.shape == (24, 40) for image, mask in pictures_of(pictures))
    image, mask = pictures[0]
    assert set(mask.unique().tolist()) == {0, 1} and mask[:6, -10:].eq(1).all() and mask.sum() == 60
    assert image[0, 0, 0] < image[0, -1, 0] and 0 <= image.min() and image.max() <= 1


def pictures_of(pictures):
    return [pictures[number] for number in range(len(pictures))]


def test_missing_and_misnamed_masks_are_named(tmp_path):
    write_pair(tmp_path, "leaf_01", mask_stem="leaf_1")
    write_pair(tmp_path, "b"), write_pair(tmp_path, "zebra")
    (tmp_path / "masks" / "zebra.png").unlink()
    with pytest.raises(FileNotFoundError) as caught:
        FolderSegmentation(tmp_path, num_classes=2)
    message = str(caught.value)
    assert "no mask for 2 pictures: leaf_01.png (is it leaf_1.png?), zebra.png" in message
    assert "no picture for 1 mask: leaf_1.png" in message and "b.png" not in message


def test_many_missing_masks_are_not_all_listed(tmp_path):
    for number in range(30):
        write_pair(tmp_path, f"p{number:02}")
        if number:
            (tmp_path / "masks" / f"p{number:02}.png").unlink()
    with pytest.raises(FileNotFoundError, match="no mask for 29 pictures") as caught:
        FolderSegmentation(tmp_path, num_classes=2)
    assert len(str(caught.value)) < 400 + len(str(tmp_path))


def test_a_mask_of_another_size_is_named(tmp_path):
    write_pair(tmp_path, "a"), write_pair(tmp_path, "b", ids=np.zeros((20, 12)))
    for size in (None, (8, 8)):
        with pytest.raises(ValueError, match="b.png is 12 x 20, its mask 20 x 12"):
            FolderSegmentation(tmp_path, num_classes=2, size=size)


def test_a_value_that_is_no_class_is_named(tmp_path):
    write_pair(tmp_path, "a"), write_pair(tmp_path, "b", ids=np.full((12, 20), 5), palette=False)
    pictures = FolderSegmentation(tmp_path, num_classes=3)
    pictures[0]
    for read in (lambda: pictures[1], pictures.check):
        with pytest.raises(ValueError, match=r"b.png has the value 5, and the 3 classes are 0 .. 2\.$"):
            read()
    write_pair(tmp_path, "b", ids=np.full((12, 20), 255), palette=False)
    with pytest.raises(ValueError, match="give ignore_index=255"):
        FolderSegmentation(tmp_path, num_classes=3).check()


def test_masks_in_colour_are_refused(tmp_path):
    write_pair(tmp_path, "a")
    Image.new("RGB", (20, 12)).save(tmp_path / "masks" / "a.png")
    with pytest.raises(ValueError, match=r"a picture in colour \(mode RGB\).*palette or grey PNG"):
        FolderSegmentation(tmp_path, num_classes=2)[0]


def test_split_by_lists(tmp_path):
    for stem in "abcd":
        write_pair(tmp_path, stem)
    (tmp_path / "train.txt").write_text("d\na\n")
    with pytest.raises(ValueError, match="no test.txt"):
        FolderSegmentation(tmp_path, "train", num_classes=2)
    (tmp_path / "test.txt").write_text("b\n")
    train, test = (FolderSegmentation(tmp_path, split, num_classes=2) for split in ("train", "test"))
    assert [path.stem for path, _ in train.pairs] == ["d", "a"]
    assert [path.stem for path, _ in test.pairs] == ["b"]
    (tmp_path / "test.txt").write_text("b\na\n")
    with pytest.raises(ValueError, match="1 are in train.txt and in test.txt .*: a"):
        FolderSegmentation(tmp_path, "train", num_classes=2)
    (tmp_path / "test.txt").write_text("b\nx\n")
    with pytest.raises(ValueError, match="names 1 that are not in images/: x"):
        FolderSegmentation(tmp_path, "train", num_classes=2)


def test_split_by_name_is_stable(tmp_path):
    for number in range(60):
        write_pair(tmp_path, f"p{number}", size=(2, 6))
    def stems(split):
        return {path.stem for path, _ in FolderSegmentation(tmp_path, split, num_classes=2).pairs}
    train, test = stems("train"), stems("test")
    assert not train & test and len(train | test) == 60
    # The same in every process and on every machine: Python's own hash of a text would not be.
    assert test == {f"p{number}" for number in (0, 7, 9, 11, 17, 28, 33, 37, 38, 44, 53, 54, 59)}
    write_pair(tmp_path, "new", size=(2, 6))
    assert train <= stems("train") and test <= stems("test")
    with pytest.raises(ValueError, match="test_fraction must lie between 0 and 1, got 0"):
        FolderSegmentation(tmp_path, "test", num_classes=2, test_fraction=0)


def test_other_errors_are_sentences(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no folder .*images"):
        FolderSegmentation(tmp_path, num_classes=2)
    (tmp_path / "images").mkdir(), (tmp_path / "masks").mkdir()
    with pytest.raises(FileNotFoundError, match="no pictures in"):
        FolderSegmentation(tmp_path, num_classes=2)
    write_pair(tmp_path, "a")
    with pytest.raises(ValueError, match="give num_classes"):
        FolderSegmentation(tmp_path)
    with pytest.raises(ValueError, match="size must be"):
        FolderSegmentation(tmp_path, num_classes=2, size=(0, 4))
    with pytest.raises(ValueError, match="'train' or 'test', got 'val'"):
        FolderSegmentation(tmp_path, "val", num_classes=2)
    write_pair(tmp_path, "a", suffix=".jpg")
    with pytest.raises(ValueError, match="a.jpg and a.png .* same stem"):
        FolderSegmentation(tmp_path, num_classes=2)
