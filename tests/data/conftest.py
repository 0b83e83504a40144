"""Lets the tests here import what they share, and runs a test once for each kind of options."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from sample_options import OPTIONS  # noqa: E402

from course_lib.data import SceneOptions  # noqa: E402


@pytest.fixture(params=OPTIONS, ids=lambda name: name.replace(" ", "-"))
def options(request) -> SceneOptions:
    return OPTIONS[request.param]
