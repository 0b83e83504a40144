"""The questions of chapter 2."""

QUESTIONS = ()
