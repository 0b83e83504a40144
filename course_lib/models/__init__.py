"""Models built from the mechanisms of `attention`, one a file. This folder stands on attention and torch.

looker.py             Looker: one look at a canvas; every way to attend joins the same two halves
recurrent_glimpse.py  RecurrentGlimpse: looks at few places, one after the other; hard attention
"""

from course_lib.models.looker import Looker
from course_lib.models.recurrent_glimpse import Looks, RecurrentGlimpse

__all__ = ["Looker", "Looks", "RecurrentGlimpse"]
