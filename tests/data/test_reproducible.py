"""A scene is a function of its seed: the same bytes on every platform, in every process, in any order.

When a change of the generator is meant, `python tests/data/test_reproducible.py` prints the new checksums.
"""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from sample_options import OPTIONS, fingerprint

from course_lib import data
from course_lib.data import SceneOptions
from course_lib.data.digits import digit_indices

CHECKSUMS = json.loads((Path(__file__).parent / "checksums.json").read_text())
SCENES = [(name, seed, split) for name in OPTIONS for seed in (0, 7, 2**40) for split in ("train", "test")]
VIDEOS = {
    "plain": dict(options=SceneOptions(size=(32, 56))),
    "bar": dict(options=SceneOptions(size=(32, 56), digit_size=(10, 12)), occluder=14),
    "busy": dict(options=SceneOptions(size=(36, 60), clutter=6, noise=0.05, colors=None), frames=9,
                 speed=(0, 2)),
}


def scene_fingerprint(one: data.Scene) -> str:
    return fingerprint(one.image, one.clean, one.instances, one.semantic, one.target_mask, one.hole,
                       one.boxes, f"{one.objects} {one.cue} {one.question} {one.fragment_sources}")


def video_fingerprint(one: data.Video) -> str:
    labels = [f"{track.digit} {track.source} {track.color} {track.size} {track.visible.tolist()}"
              for track in one.tracks]
    boxes = [track.boxes for track in one.tracks]
    return fingerprint(one.frames, one.instances, *boxes, *labels, f"{one.bar} {one.fragment_sources}")


def everything() -> dict[str, str]:
    scenes = {f"scene/{name}/{seed}/{split}": scene_fingerprint(data.scene(seed, OPTIONS[name], split=split))
              for name, seed, split in SCENES}
    videos = {f"video/{name}/{seed}": video_fingerprint(data.video(seed, **VIDEOS[name]))
              for name in VIDEOS for seed in (0, 5)}
    return scenes | videos


def test_checksums():
    assert everything() == CHECKSUMS


def test_neither_order_nor_global_state_matters():
    keys = random.Random(3).sample(SCENES, 30)
    np.random.seed(1), torch.manual_seed(1), random.seed(1)
    for name, seed, split in keys:
        np.random.rand(3), torch.rand(3)
        one = data.scene(seed, OPTIONS[name], split=split)
        assert scene_fingerprint(one) == CHECKSUMS[f"scene/{name}/{seed}/{split}"]
    with_our_calls = torch.rand(1)
    torch.manual_seed(1)
    for _ in keys:
        torch.rand(3)
    assert torch.equal(torch.rand(1), with_our_calls)    # no scene has drawn from torch's stream


@pytest.mark.parametrize("hash_seed", ["0", "12345"])
def test_another_process_with_another_hash_seed_makes_the_same(hash_seed):
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "OMP_NUM_THREADS": "1"}
    printed = subprocess.check_output([sys.executable, __file__], env=environment, text=True)
    assert json.loads(printed) == CHECKSUMS


def test_a_caller_cannot_spoil_a_scene_for_the_next():
    first = data.scene(0)
    before = scene_fingerprint(first)
    for field in (first.image, first.clean, first.instances, first.hole, first.boxes, first.semantic):
        field.zero_()
    assert scene_fingerprint(data.scene(0)) == before


def test_seeds_differ():
    assert len({scene_fingerprint(one) for one in data.scenes(200)}) == 200


def test_any_integer_type_will_do_for_a_seed():
    assert scene_fingerprint(data.scene(np.int64(7))) == scene_fingerprint(data.scene(7))


@pytest.mark.parametrize("name", OPTIONS)
def test_splits_share_no_digit(name):
    """Down to the index of every digit that lent a pixel, fragments included."""
    train, test = (set().union(*(one.sources for one in data.scenes(60, OPTIONS[name], split=split)))
                   for split in ("train", "test"))
    assert train <= set(digit_indices("train").tolist()) and test <= set(digit_indices("test").tolist())
    assert not train & test and len(train) > 20


def test_splits_have_layouts_of_their_own():
    train, test = ([one.boxes.tolist() for one in data.scenes(20, SceneOptions(digits=1), split=split)]
                   for split in ("train", "test"))
    assert not any(one == other for one, other in zip(train, test))


if __name__ == "__main__":
    print(json.dumps(everything(), indent=1))
