"""Settings of every test. What keeps tests off the network and off the learner's work is in course_lib/testing/plugin.py."""

from hypothesis import settings

# The same examples every time: a test that fails here fails everywhere, and a slow machine is no failure.
settings.register_profile("course", deadline=None, derandomize=True)
settings.load_profile("course")
