"""Exercises that check themselves.

What a lesson calls is in `lesson`; what an exercise is, in `exercise`; the exercises themselves in `bank`. `calling` runs
an answer and knows nothing of what is right, `judging` compares and names the mistake, `feedback` puts it into words.
"""

from course_lib.exercises.lesson import check, hint, predict, progress, progress_table, quiz

__all__ = ["check", "hint", "predict", "progress", "progress_table", "quiz"]
