"""Chapter 8: losses, metrics, results."""

from course_lib.exercises.bank.ch08.biased_ablation import BIASED_ABLATION
from course_lib.exercises.bank.ch08.boundary_f1 import BOUNDARY_F1
from course_lib.exercises.bank.ch08.channel_attention import CHANNEL_ATTENTION
from course_lib.exercises.bank.ch08.criss_cross_mask import CRISS_CROSS_MASK
from course_lib.exercises.bank.ch08.focal_gradient import FOCAL_GRADIENT
from course_lib.exercises.bank.ch08.iou_empty_classes import IOU_EMPTY_CLASSES
from course_lib.exercises.bank.ch08.iou_per_image import IOU_PER_IMAGE
from course_lib.exercises.bank.ch08.position_attention import POSITION_ATTENTION
from course_lib.exercises.bank.ch08.questions import QUESTIONS
from course_lib.exercises.bank.ch08.soft_dice import SOFT_DICE

EXERCISES = (
    IOU_EMPTY_CLASSES,
    IOU_PER_IMAGE,
    SOFT_DICE,
    FOCAL_GRADIENT,
    BOUNDARY_F1,
    POSITION_ATTENTION,
    CHANNEL_ATTENTION,
    CRISS_CROSS_MASK,
    BIASED_ABLATION,
)

__all__ = ["EXERCISES", "QUESTIONS"]
