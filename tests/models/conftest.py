import pytest
import torch

DEVICES = ["cpu"]
if torch.cuda.is_available():
    DEVICES.append("cuda")
if torch.backends.mps.is_available():
    DEVICES.append("mps")


@pytest.fixture(params=DEVICES)
def device(request):
    """Every device that this machine has."""
    return request.param


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)
