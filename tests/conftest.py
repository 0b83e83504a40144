"""Settings of every test. What keeps tests off the network and off the learner's work is in course_lib/testing/plugin.py."""

import pytest
import torch
from hypothesis import settings

# The same examples every time: a test that fails here fails everywhere, and a slow machine is no failure.
settings.register_profile("course", deadline=None, derandomize=True)
settings.load_profile("course")

DEVICES = ["cpu"] + ["cuda"] * torch.cuda.is_available() + ["mps"] * torch.backends.mps.is_available()


@pytest.fixture(params=DEVICES)
def device(request):
    """Every device that this machine has."""
    return request.param


@pytest.fixture(autouse=True)
def seed():
    """Every test starts from the same random numbers, whichever ran before it."""
    torch.manual_seed(0)
