"""Imports run one way: attention <- models <- (training, viz) <- exercises <- grading <- cli."""

import ast
import sys
from importlib import import_module
from pathlib import Path

import pytest

from course_lib.paths import ROOT

PACKAGE = ROOT / "course_lib"
# Which parts of the package each part may import, beside itself. What is not listed stands above all of them.
MAY_IMPORT = {
    "paths": set(),
    "refused": set(),
    "attention": set(),
    "models": {"attention"},
    "data": {"paths"},
    "training": {"attention", "models", "data", "paths"},
    "viz": {"attention", "models", "paths"},
    "experiments": {"attention", "models", "data", "training", "paths"},
    "exercises": {"attention", "models", "data", "training", "viz", "paths"},
    "grading": {"attention", "models", "data", "training", "viz", "exercises", "paths", "refused"},
    "authoring": {"paths"},
    "testing": {"paths", "setup"},
    "setup": {"paths"},
}


def imports(file: Path, *, every: bool = True) -> set[str]:
    """Dotted names of what a file imports; with every=False, not what its functions import."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    package = ".".join(file.relative_to(ROOT).parent.parts)
    names = set()
    for node in ast.walk(tree) if every else tree.body:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[:len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            # `from course_lib import data` names the part last, `from course_lib.data import digits` first
            names |= {f"{base}.{alias.name}" for alias in node.names} if base == "course_lib" else {base}
    return names


def parts() -> list[str]:
    return sorted(path.stem for path in PACKAGE.iterdir()
                  if path.suffix == ".py" or (path.is_dir() and any(path.rglob("*.py"))))


def files_of(part: str) -> list[Path]:
    return sorted((PACKAGE / part).rglob("*.py")) or [PACKAGE / f"{part}.py"]


@pytest.mark.parametrize("part", sorted(set(MAY_IMPORT) & set(parts())))
def test_imports_run_one_way(part):
    wrong = {
        f"{file.relative_to(ROOT)} imports {name}"
        for file in files_of(part) for name in imports(file)
        if name.startswith("course_lib.") and name.split(".")[1] not in MAY_IMPORT[part] | {part}
    }
    assert not wrong


@pytest.mark.parametrize("part", ["attention", "models"])
def test_mechanisms_and_models_import_torch_and_nothing_else(part):
    """They can be taken out of the course as they are."""
    outside = {name.split(".")[0] for file in files_of(part) for name in imports(file)}
    assert outside - set(sys.stdlib_module_names) <= {"torch", "course_lib"}


@pytest.mark.parametrize("part", ["attention", "models", "training"])
def test_the_front_door_is_in_order_and_documented(part):
    package = import_module(f"course_lib.{part}")
    assert package.__all__ == sorted(package.__all__)
    for name in package.__all__:
        assert getattr(package, name).__doc__, name


def test_softmax_is_computed_in_one_place():
    calls = sorted(
        (file.name, node.attr) for file in files_of("attention") for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in ("softmax", "scaled_dot_product_attention"))
    assert calls == [("attend.py", "scaled_dot_product_attention"), ("attend.py", "softmax")]


@pytest.mark.parametrize("part", ["setup", "paths", "refused", "cli", "verbs"])
def test_what_runs_before_the_installation_needs_the_standard_library_only(part):
    """`start.py` runs on a bare Python; `course --help` must not wait for torch."""
    names = {name.split(".")[0] for file in files_of(part) for name in imports(file, every=False)}
    assert names - set(sys.stdlib_module_names) <= {"course_lib"}
