"""The folder stands on attention and torch alone, and its front door is complete."""

import ast
import sys
from pathlib import Path

import course_lib.models as models

FOLDER = Path(models.__file__).parent


def test_imports_attention_torch_and_itself_only():
    for path in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path.name}: relative import"
                names = [node.module]
            for name in names:
                root = name.split(".")[0]
                ok = (
                    root == "torch"
                    or root in sys.stdlib_module_names
                    or name.startswith(("course_lib.attention", "course_lib.models"))
                )
                assert ok, f"{path.name} imports {name}"


def test_every_public_name_is_documented():
    for name in models.__all__:
        assert getattr(models, name).__doc__, name
    assert sorted(models.__all__) == models.__all__
