"""Seeds: a cell that draws random numbers seeds them itself, so that it gives the same whenever it is run."""

import ast
import re
from collections.abc import Iterator

from course_lib.authoring.calls import calls_made, definitions, dotted, keyword
from course_lib.authoring.page import Page
from course_lib.authoring.problem import Problem

TORCH_DRAWS = re.compile(
    r"torch\.(rand(n|int|perm|_like|n_like|int_like)?|multinomial|bernoulli|normal|poisson)"
    r"|.*\.(normal_|uniform_|random_|bernoulli_|exponential_|multinomial|bernoulli|rsample)"
    r"|(torch\.nn|nn)\.init\.(?!constant_|zeros_|ones_|eye_|dirac_).*"
    r"|(F|functional|torch\.nn\.functional)\.(dropout\w*|gumbel_softmax)"
    r"|(.*\.)?(random_split|Linear|Bilinear|Embedding|Conv\dd|ConvTranspose\dd|(RNN|LSTM|GRU)(Cell)?"
    r"|MultiheadAttention|Transformer\w*)")
NUMPY_DRAWS = re.compile(r"np\.random\.(?!default_rng|seed|Generator|SeedSequence)\w+")
PYTHON_DRAWS = re.compile(r"random\.(?!seed|Random)\w+")
SEEDS = {"torch.manual_seed": "torch", "np.random.seed": "numpy", "random.seed": "random"}
FRESH = re.compile(r"(np\.random\.)?default_rng|random\.Random")
MODULES = ("course_lib.attention", "course_lib.models")    # whose classes start at random


def seeded(page: Page) -> Iterator[Problem]:
    """Before a cell draws, it calls `torch.manual_seed(...)`, or it hands over a `generator=`."""
    known, classes = definitions(page), _classes(page)
    for cell in page.code:
        done: set[str] = set()
        for statement in page.trees[cell.id].body:
            for call in calls_made(statement, known):
                name = dotted(call.func)
                if name in SEEDS and (call.args or call.keywords):
                    done.add(SEEDS[name])
                if FRESH.fullmatch(name) and not (call.args or call.keywords):
                    message = f"{name}() needs a seed, like {name}(0)"
                    yield page.problem("seeds", cell, message, statement.lineno)
                source = _source_of_draw(call, name, classes)
                if source and source not in done:
                    done.add(source)    # once a cell is enough
                    seed = next(key for key, value in SEEDS.items() if value == source)
                    message = f"{name} draws random numbers; call {seed}(...) before it in this cell"
                    yield page.problem("seeds", cell, message, statement.lineno)


def _source_of_draw(call: ast.Call, name: str, classes: set[str]) -> str | None:
    """Which generator a call draws from: "torch", "numpy", "random", or None."""
    if any(keyword(call, given) is not None for given in ("generator", "random_state")):
        return None
    if NUMPY_DRAWS.fullmatch(name):
        return "numpy"
    if PYTHON_DRAWS.fullmatch(name):
        return "random"
    shuffle = keyword(call, "shuffle")
    shuffles = name.endswith("DataLoader") and isinstance(shuffle, ast.Constant) and shuffle.value is True
    return "torch" if shuffles or name in classes or TORCH_DRAWS.fullmatch(name) else None


def _classes(page: Page) -> set[str]:
    """The classes that the lesson imports from where constructors draw their weights."""
    return {alias.asname or alias.name for tree in page.trees.values() for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(MODULES)
            for alias in node.names if re.match("[A-Z].*[a-z]", alias.name)}
