"""A training on a folder of one's own pictures, from one call."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from course_lib import cli
from course_lib.training import evaluate_segmentation, load_segmenter, train_on_folder

COLOURS = np.array([[30, 30, 30], [220, 60, 50], [60, 180, 75]], dtype=np.uint8)


def write_folder(root, count, size=(16, 24), classes=3, ignore=False, seed=0):
    """Pictures with a coloured rectangle each; palette masks say which colour. A corner may be 255."""
    random = np.random.default_rng(seed)
    colours = random.integers(0, 256, (classes, 3)).astype(np.uint8)
    colours[:3] = COLOURS
    for name in ("images", "masks"):
        (root / name).mkdir(parents=True)
    for number in range(count):
        ids = np.zeros(size, dtype=np.uint8)
        top, left = random.integers(0, size[0] // 2), random.integers(0, size[1] // 2)
        ids[top:top + size[0] // 2, left:left + size[1] // 2] = 1 + number % (classes - 1)
        Image.fromarray(colours[ids]).save(root / "images" / f"{number:03}.png")
        if ignore:
            ids[:2, :2] = 255
        mask = Image.fromarray(ids)
        mask.putpalette(colours.tobytes() + bytes(768 - colours.size))  # whole: a PNG's depth follows it
        mask.save(root / "masks" / f"{number:03}.png")
    return root


@pytest.fixture
def folder(tmp_path):
    return write_folder(tmp_path / "mine", 24, ignore=True)


QUICK = {"num_classes": 3, "ignore_index": 255, "options": {"width": 4, "levels": 2}, "progress": False}


def test_it_learns_what_the_masks_say(folder):
    run = train_on_folder(folder, **QUICK | {"steps": 100, "lr": 0.01, "options": {"width": 8}})
    assert run.scores["mean_iou"] > 0.9 > 0.5 > run.scores["mean_iou_of_one_class"]
    assert run.classes == ["class 0", "class 1", "class 2"] and set(run.class_iou) == set(run.classes)
    assert not run.model.training and run.history.steps == 100
    assert "mean iou" in str(run) and "class 2" in str(run)


def test_two_hundred_pictures_and_twelve_classes(tmp_path):
    folder = write_folder(tmp_path / "many", 200, (120, 160), classes=12, ignore=True)
    (folder / "classes.txt").write_text("\n".join(f"thing {i}" for i in range(12)))
    run = train_on_folder(folder, ignore_index=255, options={"width": 2, "gates": True}, steps=2, progress=False)
    assert len(run.class_iou) == 12 and 0 <= run.scores["mean_iou"] <= 1
    assert [steps for steps, _ in run.history.evaluations] == [1, 2]


def test_what_is_written_down(folder, tmp_path):
    out = tmp_path / "out"
    run = train_on_folder(folder, steps=5, out=out, **QUICK)
    report = json.loads((out / "report.json").read_text())
    assert report["scores"] == run.scores and report["options"]["width"] == 4
    assert sorted(path.name for path in out.iterdir()) == ["model.pt", "predictions", "report.json"]

    again = load_segmenter(out / "model.pt")
    written = sorted((out / "predictions").iterdir())
    assert written
    for path in written:
        pixels = torch.from_numpy(np.array(Image.open(folder / "images" / path.name))).permute(2, 0, 1)[None] / 255
        mask = Image.open(path)
        assert mask.mode == "P" and mask.getpalette()[:9] == COLOURS.flatten().tolist()
        assert np.array_equal(np.array(mask), again(pixels).argmax(1)[0].numpy())


def test_a_report_is_not_written_over(folder, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "report.json").write_text("precious")
    with pytest.raises(FileExistsError, match="holds the report of another run"):
        train_on_folder(folder, steps=1, out=tmp_path / "out", **QUICK)
    assert (tmp_path / "out" / "report.json").read_text() == "precious"


def test_a_run_that_was_interrupted_goes_on(folder, tmp_path):
    whole = train_on_folder(folder, steps=12, **QUICK)

    class Enough(Exception):
        pass

    def stop_late(images, masks, generator):
        nonlocal steps
        steps += 1
        if steps == 8:
            raise Enough
        return images, masks

    steps = 0
    with pytest.raises(Enough):
        train_on_folder(folder, steps=12, augment=stop_late, out=tmp_path / "out", **QUICK)
    assert (tmp_path / "out" / "checkpoint.pt").exists()
    steps = 100
    resumed = train_on_folder(folder, steps=12, augment=stop_late, out=tmp_path / "out", **QUICK)
    assert steps < 112, "it began again"
    for one, other in zip(whole.model.state_dict().values(), resumed.model.state_dict().values()):
        assert torch.equal(one, other)


def test_sizes_that_do_not_suit(tmp_path):
    folder = write_folder(tmp_path / "odd", 10, (15, 26))
    with pytest.raises(ValueError, match=r"pictures are 15 x 26 .* multiples of 4: give size=\(16, 24\)"):
        train_on_folder(folder, num_classes=3, steps=1)
    run = train_on_folder(folder, num_classes=3, steps=1, size=(16, 24), progress=False)
    assert run.history.steps == 1


def test_one_picture_of_another_size_is_named_wherever_it_falls(tmp_path):
    folder = write_folder(tmp_path / "mine", 10)
    for name in ("images", "masks"):
        path = folder / name / "007.png"
        Image.open(path).resize((32, 16)).save(path)
    with pytest.raises(ValueError, match="007.png is 16 x 32"):
        train_on_folder(folder, num_classes=3, steps=1)


@pytest.mark.parametrize("stem", ["000", "001", "002", "003", "004", "005"])
def test_a_wrong_value_is_found_before_training_in_every_mask(tmp_path, stem):
    folder = write_folder(tmp_path / "mine", 6)
    (folder / "train.txt").write_text("000 001 002")
    (folder / "test.txt").write_text("003 004")
    Image.fromarray(np.full((16, 24), 9, np.uint8)).save(folder / "masks" / f"{stem}.png")
    with pytest.raises(ValueError, match=f"{stem}.png has the value 9"):
        train_on_folder(folder, num_classes=3, steps=1)


def test_a_misnamed_mask_is_named(folder):
    (folder / "masks" / "004.png").rename(folder / "masks" / "04.png")
    with pytest.raises(FileNotFoundError, match=r"004.png \(is it 04.png\?\)"):
        train_on_folder(folder, steps=1, **QUICK)


class Painter(nn.Module):
    """Predicts what it was told, a picture after the other."""

    def __init__(self, masks, num_classes):
        super().__init__()
        self.masks, self.num_classes, self.unused = list(masks), num_classes, nn.Parameter(torch.zeros(1))

    def forward(self, x):
        told = torch.stack([self.masks.pop(0) for _ in x])
        return nn.functional.one_hot(told, self.num_classes).permute(0, 3, 1, 2).float()


def test_the_scores_of_a_prediction_worked_out_by_hand():
    target = torch.zeros(2, 4, 6, dtype=torch.int64)
    target[0, :, :2] = 1                       # 8 of 24
    target[1, 0, 0] = 255
    predicted = target.clone()
    predicted[0, :, 1] = 0                     # a column short
    predicted[1, 0, 0] = 2                     # ignored
    data = list(zip(torch.rand(2, 3, 4, 6), target))
    scores, class_iou = evaluate_segmentation(Painter(predicted, 3), data, 3, ignore_index=255, batch_size=1)
    assert class_iou == [pytest.approx(39 / 43), 0.5, None]
    assert scores["mean_iou"] == pytest.approx((39 / 43 + 0.5) / 2)
    assert scores["pixel_accuracy"] == pytest.approx(43 / 47)
    assert scores["mean_iou_of_one_class"] == pytest.approx(39 / 47 / 2)
    assert scores["boundary_f1"] == 1          # a pixel off is within the tolerance


def test_the_command(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["train", str(folder), "--classes", "3", "--ignore", "255", "--width", "4", "--steps", "2",
                     "--size", "12", "20", "--gates"]) == 0
    assert "mean iou" in capsys.readouterr().out
    assert json.loads((tmp_path / "runs/mine/report.json").read_text())["options"]["gates"] is True

    assert cli.main(["train", str(folder), "--classes", "3", "--ignore", "255"]) == 2
    assert "holds the report of another run" in capsys.readouterr().err
    assert cli.main(["train", str(tmp_path / "nowhere"), "--classes", "3"]) == 2
    assert "there is no folder" in capsys.readouterr().err
