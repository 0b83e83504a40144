"""Train a segmentation network on a folder of your own pictures, from one call."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from course_lib.data import FolderSegmentation
from course_lib.models import UNet, segmenter
from course_lib.training.boundary_f1 import boundary_f1
from course_lib.training.fit import fit
from course_lib.training.history import History
from course_lib.training.losses import cross_entropy, dice_loss
from course_lib.training.confusion import ConfusionMatrix
from course_lib.training.stepper import Augment

TOLERANCE = 2.0  # pixels by which a boundary may be off


@dataclass(frozen=True)
class FolderRun:
    """What came out of a training on a folder.

    Attributes:
        model: in `eval()`, on the device it was trained on.
        classes: their names.
        history: loss over the steps, and two scores of the test pictures, by which nothing is chosen.
        scores: of the test pictures: "mean_iou" over the classes that occur (counts pooled over all
            pictures), "pixel_accuracy", "boundary_f1" (mean over the classes of a picture, then over
            pictures), and "mean_iou_of_one_class", which is what calling every pixel the commonest class gets.
        class_iou: a number for each class, None for one that is neither there nor predicted.
    """

    model: UNet
    classes: list[str]
    history: History
    scores: dict[str, float]
    class_iou: dict[str, float | None]

    def __str__(self) -> str:
        """The scores, then the classes with the worst first."""
        lines = [f"{name.replace('_', ' '):<24}{score:.3f}" for name, score in self.scores.items()]
        found = sorted((score, name) for name, score in self.class_iou.items() if score is not None)
        lines += ["IoU of each class", *(f"  {name:<22}{score:.3f}" for score, name in found)]
        missing = [name for name, score in self.class_iou.items() if score is None]
        return "\n".join(lines + ([f"  in no test picture: {', '.join(missing)}"] if missing else []))


def train_on_folder(
    folder: Path | str,
    *,
    num_classes: int | None = None,
    ignore_index: int | None = None,
    size: tuple[int, int] | None = None,
    test_fraction: float = 0.2,
    options: Mapping[str, Any] | None = None,
    steps: int = 1000,
    batch_size: int = 8,
    lr: float = 3e-3,
    augment: Augment | None = None,
    seed: int = 0,
    device: torch.device | str | None = None,
    num_workers: int = 0,
    progress: bool = True,
    out: Path | str | None = None,
) -> FolderRun:
    """Train a network on `images/` and `masks/`, and measure it on the pictures kept for testing.

    The loss is cross-entropy plus soft Dice. All masks are read before training begins.

    Args:
        folder: as `FolderSegmentation` describes it; the split is the folder's own, or by stem.
        num_classes, ignore_index, size, test_fraction: as there.
        options: of `segmenter`, for instance {"neck": "transformer", "gates": True}; a plain U-Net without.
        steps, batch_size, lr, augment, seed, device, num_workers, progress: as in `fit`.
        out: where to write `model.pt` (for `load_segmenter`), `report.json`, and a predicted mask for each
            test picture, in the colours of its own masks. While training there is a `checkpoint.pt`: a run
            that was interrupted goes on from there. A folder that holds a report is not written over.

    Raises:
        FileNotFoundError: pictures without masks, masks without pictures; each is named.
        FileExistsError: `out` holds another run's report.
        ValueError: sizes that differ or do not suit the network, a mask with a value that is no class, and
            whatever `segmenter` and `fit` refuse.
    """
    out = None if out is None else Path(out)
    if out is not None and (out / "report.json").exists():
        raise FileExistsError(f"{out} holds the report of another run; give another folder for this one.")
    make_set = partial(FolderSegmentation, folder, num_classes=num_classes, ignore_index=ignore_index,
                       size=size, test_fraction=test_fraction)
    everything, train, test = make_set(None), make_set("train"), make_set("test")
    everything.check()
    torch.manual_seed(seed)
    chosen = {"in_chans": 3, "out_chans": train.num_classes, **(options or {})}
    model = segmenter(**chosen)
    _check_size(tuple(train[0][0].shape[1:]), model.stride)

    evaluate = partial(evaluate_segmentation, data=test, num_classes=train.num_classes,
                       ignore_index=ignore_index, batch_size=batch_size)

    def shown(model: nn.Module) -> dict[str, float]:
        scores, _ = evaluate(model)
        return {name: scores[name] for name in ("mean_iou", "boundary_f1")}

    history = fit(
        model, train, steps=steps, batch_size=batch_size, lr=lr, augment=augment, seed=seed, device=device,
        num_workers=num_workers, progress=progress, evaluate=shown,
        loss=partial(_loss, ignore_index=ignore_index),
        checkpoint=None if out is None else out / "checkpoint.pt",
    )
    scores, class_iou = evaluate(model)
    run = FolderRun(model, train.classes, history, scores, dict(zip(train.classes, class_iou)))
    if out is not None:
        _write(run, chosen, test, out)
    return run


def load_segmenter(path: Path | str) -> UNet:
    """The network that `train_on_folder` wrote to `model.pt`, in `eval()` and on the CPU.

    Nothing in the file is run: it holds tensors, numbers and text.
    """
    saved = torch.load(path, map_location="cpu", weights_only=True)
    model = segmenter(**saved["options"])
    model.load_state_dict(saved["weights"])
    return model.eval()


@torch.no_grad()
def evaluate_segmentation(
    model: nn.Module, data: Dataset, num_classes: int, *, ignore_index: int | None = None, batch_size: int = 8
) -> tuple[dict[str, float], list[float | None]]:
    """A model's scores on pairs (image, mask), a batch at a time; see `FolderRun`.

    Returns:
        The scores, and the IoU of each class.
    """
    device = next(model.parameters()).device
    counts = ConfusionMatrix(num_classes, ignore_index=ignore_index)
    boundaries: list[float] = []
    for images, masks in DataLoader(data, batch_size):
        predicted = model(images.to(device)).argmax(1).cpu()  # (B, C, H, W) -> (B, H, W)
        counts.update(predicted, masks)
        boundaries += [boundary_f1(one[None], mask[None], num_classes, tolerance=TOLERANCE, average="image",
                                   ignore_index=ignore_index) for one, mask in zip(predicted, masks)]
    iou = counts.iou()
    there = counts.counts.sum(1)  # pixels of each class
    scores = {
        "mean_iou": iou.nanmean().item(),
        "pixel_accuracy": float(counts.pixel_accuracy()),
        "boundary_f1": torch.tensor(boundaries).nanmean().item(),
        "mean_iou_of_one_class": (there.max() / there.sum() / (there > 0).sum()).item(),
    }
    return scores, [None if number.isnan() else number.item() for number in iou]


def _loss(logits: Tensor, target: Tensor, *, ignore_index: int | None) -> Tensor:
    return (cross_entropy(logits, target, ignore_index=ignore_index)
            + dice_loss(logits, target, ignore_index=ignore_index))


def _check_size(size: tuple[int, int], stride: int) -> None:
    if any(side % stride for side in size):
        near = tuple(max(stride, round(side / stride) * stride) for side in size)
        raise ValueError(f"the pictures are {size[0]} x {size[1]} (height x width), and this network needs "
                         f"multiples of {stride}: give size={near}.")


def _write(run: FolderRun, options: dict[str, Any], test: FolderSegmentation, out: Path) -> None:
    """The model, the test pictures' masks, and last the report: where it stands, the rest does."""
    (out / "predictions").mkdir(parents=True, exist_ok=True)
    torch.save({"options": options, "weights": {k: v.cpu() for k, v in run.model.state_dict().items()}},
               out / "model.pt")
    with Image.open(test.pairs[0][1]) as mask:
        palette = mask.getpalette()  # so that predictions look as the masks do; None where masks are grey
    device = next(run.model.parameters()).device
    for (image, _), (path, _) in zip(test, test.pairs):
        with torch.no_grad():
            ids = run.model(image[None].to(device)).argmax(1)[0].cpu().numpy()  # (H, W)
        mask = Image.fromarray(ids.astype(np.uint8 if len(run.classes) <= 256 else np.uint16))
        if palette is not None:
            mask.putpalette(palette + [0] * (768 - len(palette)))  # whole: a PNG's depth follows its palette
        mask.save(out / "predictions" / f"{path.stem}.png")
    report = {"scores": run.scores, "class_iou": run.class_iou, "options": options,
              "history": asdict(run.history)}
    (out / "report.json").write_text(json.dumps(report, indent=1), encoding="utf-8")
    (out / "checkpoint.pt").unlink(missing_ok=True)
