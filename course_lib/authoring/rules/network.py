"""Offline: a lesson runs with the network off once the course is installed."""

import ast
import re
from collections.abc import Iterator

from course_lib.authoring.calls import dotted, keyword
from course_lib.authoring.page import Page
from course_lib.authoring.problem import Problem

FETCHES = re.compile(
    r"(.*\.)?(urlopen|urlretrieve|load_state_dict_from_url|download_url_to_file|from_pretrained|fetch_\w+)"
    r"|(torch\.)?hub\.\w+|(requests|httpx|wget|aiohttp)\..*")
MODULES = {"requests", "httpx", "aiohttp", "wget", "socket", "urllib.request", "huggingface_hub"}
INSTALLS = re.compile(r"^\s*#?\s*([!%]\s*(pip|conda|mamba|uv|wget|curl|git)\b)", re.MULTILINE)
RUNS = re.compile(r"\b(pip3?|conda|wget|curl|git)\b")


def offline(page: Page) -> Iterator[Problem]:
    """No cell fetches from a network address or installs anything."""
    for cell in page.code:
        for found in INSTALLS.finditer(cell.source):
            yield page.problem("network", cell, f"`{found[1]}` fetches from the network",
                               cell.source.count("\n", 0, found.start(1)) + 1)
        for node in ast.walk(page.trees[cell.id]):
            if why := _fetches(node):
                message = f"{why} fetches from the network; a lesson runs offline"
                yield page.problem("network", cell, message, node.lineno)


def _fetches(node: ast.AST) -> str | None:
    """What in a node of the tree would fetch, or None."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [
            node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
        return next((f"module {module}" for module in modules if module in MODULES), None)
    if not isinstance(node, ast.Call):
        return None
    name = dotted(node.func)
    if FETCHES.fullmatch(name):
        return f"{name}(...)"
    if name.startswith(("subprocess.", "os.system", "os.popen")) and RUNS.search(ast.unparse(node)):
        return ast.unparse(node)
    for argument in ("download", "pretrained"):
        value = keyword(node, argument)
        if isinstance(value, ast.Constant) and value.value is True:
            return f"{name}({argument}=True)"
    weights = keyword(node, "weights")
    named = isinstance(weights, ast.Attribute) or isinstance(getattr(weights, "value", None), str)
    return f"{name}(weights=...)" if named and re.match(r"(torchvision|models|timm)\.", name) else None
