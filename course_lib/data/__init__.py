"""The small world that every chapter plays in."""

from .digits import digits
from .photos import photo, photo_names, stereo_motorcycle

__all__ = ["digits", "photo", "photo_names", "stereo_motorcycle"]
