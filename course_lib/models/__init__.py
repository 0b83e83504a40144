"""Models built from the mechanisms of `attention`, one a file. This folder stands on attention and torch.

recurrent_glimpse.py  RecurrentGlimpse: looks at few places, one after the other; hard attention
"""

from course_lib.models.recurrent_glimpse import Looks, RecurrentGlimpse

__all__ = ["Looks", "RecurrentGlimpse"]
