import pytest
import torch


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
