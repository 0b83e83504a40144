"""The questions of chapter 7: retrieval, predictions before a cell runs, puzzles from published code."""

QUESTIONS = ()
