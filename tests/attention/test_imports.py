"""The folder stands on torch alone, and its front door is complete."""

import ast
import sys
from pathlib import Path

import course_lib.attention as attention

FOLDER = Path(attention.__file__).parent


def test_imports_torch_and_itself_only():
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
                    or name.startswith("course_lib.attention")
                )
                assert ok, f"{path.name} imports {name}"


def test_softmax_is_called_in_one_place():
    calls = []
    for path in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in ("softmax", "scaled_dot_product_attention"):
                calls.append((path.name, node.attr))
    assert sorted(calls) == [("attend.py", "scaled_dot_product_attention"), ("attend.py", "softmax")]


def test_every_public_name_is_documented():
    for name in attention.__all__:
        assert getattr(attention, name).__doc__, name
    assert sorted(attention.__all__) == attention.__all__
