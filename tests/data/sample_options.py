"""What the tests of scenes and videos share: every kind of options, and a fingerprint of tensors."""

import hashlib

import numpy as np
from torch import Tensor

from course_lib.data import SceneOptions

# One set of options for everything that a scene can hold. H != W in all but two.
OPTIONS = {
    "plain": SceneOptions(),
    "tall": SceneOptions(size=(56, 40), digits=(3, 4)),
    "one": SceneOptions(digits=1, digit_size=16),
    "small": SceneOptions(digits=(4, 6), digit_size=8, colors=("red", "yellow", "green", "blue", "white")),
    "crowded": SceneOptions(size=(32, 48), digits=6, digit_size=16),
    "overlap": SceneOptions(size=(40, 52), digits=(4, 5), min_visible=0.6),
    "gray": SceneOptions(size=(40, 40), digits=1, colors=None, clutter=8),
    "gray overlap": SceneOptions(size=(40, 40), digits=3, digit_size=(12, 14), colors=None, min_visible=0.7),
    "clutter": SceneOptions(size=(48, 64), clutter=8),
    "cue": SceneOptions(size=(40, 56), digits=(3, 5), cue="random"),
    "cue fixed": SceneOptions(digits=2, cue="bottom-right", cue_size=7),
    "hole": SceneOptions(hole=(10, 14)),
    "noise": SceneOptions(noise=0.08),
    "any": SceneOptions(question="any"),
    "color": SceneOptions(question="color", digits=(1, 4)),
    "count": SceneOptions(question="count"),
    "exists": SceneOptions(question="exists", colors=None),
    "place": SceneOptions(question="place", digits=(2, 5), size=(40, 64)),
    "everything": SceneOptions(size=(48, 72), digits=(3, 5), cue="random", clutter=6, min_visible=0.8,
                               noise=0.05, question="any"),
}


def fingerprint(*parts: Tensor | str) -> str:
    """Sixteen hexadecimal digits that stand for pictures as bytes, label maps as int64 and text."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, str):
            digest.update(part.encode())
            continue
        values = part.numpy()
        if values.dtype == np.float32:
            assert np.array_equal(np.round(values * 255) / np.float32(255), values), "not in steps of 1/255"
            values = np.round(values * 255).astype(np.uint8)
        digest.update(f"{values.shape}".encode())
        digest.update(np.ascontiguousarray(values).astype(values.dtype.newbyteorder("<")).tobytes())
    return digest.hexdigest()[:16]
