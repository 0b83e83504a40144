import pytest


@pytest.fixture(autouse=True)
def work(tmp_path, monkeypatch):
    """A work folder of the test's own."""
    monkeypatch.setenv("COURSE_WORK", str(tmp_path / "work"))
    return tmp_path / "work"
