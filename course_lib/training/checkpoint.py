"""A training on disk: written so that an interruption at any moment leaves a whole file."""

import os
from pathlib import Path
from typing import Any

import torch


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write the state beside the path, then move it there: the old file stays until the new one is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.partial")
    torch.save(state, partial)
    os.replace(partial, path)


def load_checkpoint(path: Path, recipe: dict[str, Any]) -> dict[str, Any] | None:
    """The state written there; None if there is no file.

    Nothing in the file is run: it holds tensors, numbers and text.

    Raises:
        ValueError: it is no checkpoint, or one of a training with another recipe. The file is left as it is.
    """
    if not path.exists():
        return None
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        other = state["recipe"]
    except Exception as problem:
        raise ValueError(f"{path} cannot be read as a checkpoint ({problem}). Move it away or give another"
                         " path to start anew.") from problem
    changed = [f"{key} ({other.get(key)} there, {value} here)" for key, value in recipe.items()
               if other.get(key) != value]
    if changed:
        raise ValueError(f"{path} belongs to another training: it differs in {', '.join(changed)}. Move it"
                         " away or give another path to start anew.")
    return state
