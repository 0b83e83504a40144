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


@pytest.fixture
def make_qkv():
    """Random q, k, v of unequal sizes: N != M, E != D."""

    def make(lead=(2, 3), n=5, m=7, d=8, e=6, **options):
        return (
            torch.randn(*lead, n, d, **options),
            torch.randn(*lead, m, d, **options),
            torch.randn(*lead, m, e, **options),
        )

    return make
