"""Training: one loop for every chapter.

fit.py         fit: AdamW, warm-up and cosine, clipping, a target to stop at; alone or started by torchrun
history.py     History: loss, learning rate and figures of a training, with a plot
evaluation.py  predict, accuracy_on: measure a model
schedule.py    warmup_cosine: the learning rate's course
batches.py     which examples make up each batch
team.py        the processes that train together
checkpoint.py  a training on disk

losses.py         cross_entropy, focal_loss, dice_loss, tversky_loss, class_weights: a class at each pixel
boundary_loss.py  boundary_loss, signed_distance: probability paid by its distance to the class
confusion.py      ConfusionMatrix: which class was taken for which, batch by batch
metrics.py        iou, dice, image_ious, pixel_accuracy, with three averages that have names
boundary_f1.py    boundary_f1, boundary_scores, boundary_pixels: do the outlines agree
paired.py         paired_difference: two models on the same images, with a bootstrap interval
segmentation.py   train_on_folder: a network for your own pictures and masks, from one call
"""

from course_lib.training.boundary_f1 import BoundaryScores, boundary_f1, boundary_pixels, boundary_scores
from course_lib.training.boundary_loss import boundary_loss, signed_distance
from course_lib.training.confusion import ConfusionMatrix
from course_lib.training.evaluation import accuracy_on, predict
from course_lib.training.fit import fit
from course_lib.training.history import History
from course_lib.training.losses import class_weights, cross_entropy, dice_loss, focal_loss, tversky_loss
from course_lib.training.metrics import dice, image_ious, iou, pixel_accuracy
from course_lib.training.paired import paired_difference
from course_lib.training.schedule import warmup_cosine
from course_lib.training.segmentation import FolderRun, evaluate_segmentation, load_segmenter, train_on_folder

__all__ = [
    "BoundaryScores",
    "ConfusionMatrix",
    "FolderRun",
    "History",
    "accuracy_on",
    "boundary_f1",
    "boundary_loss",
    "boundary_pixels",
    "boundary_scores",
    "class_weights",
    "cross_entropy",
    "dice",
    "dice_loss",
    "evaluate_segmentation",
    "fit",
    "focal_loss",
    "image_ious",
    "iou",
    "load_segmenter",
    "paired_difference",
    "pixel_accuracy",
    "predict",
    "signed_distance",
    "train_on_folder",
    "tversky_loss",
    "warmup_cosine",
]
