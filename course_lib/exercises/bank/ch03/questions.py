"""The questions of chapter 3."""

QUESTIONS = ()
