import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from course_lib import viz

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def _figures():
    with plt.rc_context():
        viz.use_style()
        yield
        plt.close("all")


@pytest.fixture
def photo():
    """A noisy photo that is wider than high: (3, 60, 90)."""
    return np.random.default_rng(0).random((3, 60, 90))


