"""Chapter 8's questions: predict before a cell runs, quiz after it."""

QUESTIONS = ()
