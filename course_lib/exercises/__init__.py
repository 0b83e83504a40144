"""Exercises that check themselves.

    lesson      check, hint, predict, quiz, progress: what a lesson calls
    exercise    what an exercise is: stages, mistakes, variants; question: what a question is
    bank        the exercises and questions themselves, a folder a chapter
    calling     runs an answer and notes what it did; knows nothing of what is right. shortcuts: forbidden calls
    judging     compares with the reference and names the mistake
    slips, form, stumbles, relations
                slips of conduct, of form, exceptions, and how a wrong output relates to the right one
    feedback    puts it into words; comparison: yours beside the expected; markup: HTML and plain text
    journal     what was tried and solved, kept beside the notebooks; overview: a table of it
"""

from course_lib.exercises.lesson import check, hint, predict, progress, quiz
from course_lib.exercises.overview import progress_table

__all__ = ["check", "hint", "predict", "progress", "progress_table", "quiz"]
