"""The rule for ECA's kernel, width by width. What its gates do is in test_channel_gates.py."""

from timm.layers import EcaModule

from course_lib.attention import eca_kernel_size


def test_the_kernel_is_timms_for_every_width():
    """A rule that is off by a little agrees at most powers of two."""
    for dim in range(1, 1100):
        assert eca_kernel_size(dim) == EcaModule(channels=dim).conv.kernel_size[0], dim
