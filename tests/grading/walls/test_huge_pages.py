"""Memory in larger pages: fewer and larger ones, and what is in them stays as it was."""

import os
import sys
from pathlib import Path

import pytest
import torch

from course_lib.grading.workers.huge_pages import use_huge_pages


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux has them")
def test_memory_is_laid_into_large_pages_and_keeps_what_it_holds():
    data = torch.arange(4_000_000, dtype=torch.float64)
    maps = os.open("/proc/self/maps", os.O_RDONLY)
    try:
        made = use_huge_pages(maps)
        if not made:
            pytest.skip("this system has no large pages for the asking (Linux 6.1 has)")
        lines = dict(line.split(":") for line in Path("/proc/self/smaps_rollup").read_text().splitlines()[1:])
        assert int(lines["AnonHugePages"].split()[0]) >= 2048 * made / 2
        assert made >= 12 and torch.equal(data, torch.arange(4_000_000, dtype=torch.float64))
        assert use_huge_pages(maps) >= made / 2  # the file is read from its beginning again
    finally:
        os.close(maps)


def test_a_system_without_them_is_left_as_it_is():
    assert use_huge_pages(None) == 0
