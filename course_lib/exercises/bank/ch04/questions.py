"""The questions of chapter 4."""

QUESTIONS = ()
