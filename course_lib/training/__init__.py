"""Training: one loop for every chapter.

fit.py         fit: AdamW, warm-up and cosine, clipping, a target to stop at; alone or started by torchrun
history.py     History: loss, learning rate and figures of a training, with a plot
evaluation.py  predict, accuracy_on: measure a model
schedule.py    warmup_cosine: the learning rate's course
batches.py     which examples make up each batch
team.py        the processes that train together
checkpoint.py  a training on disk
"""

from course_lib.training.evaluation import accuracy_on, predict
from course_lib.training.fit import fit
from course_lib.training.history import History
from course_lib.training.schedule import warmup_cosine

__all__ = ["History", "accuracy_on", "fit", "predict", "warmup_cosine"]
