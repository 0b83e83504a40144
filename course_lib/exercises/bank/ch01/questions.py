"""The questions of chapter 1."""

QUESTIONS = ()
