"""Grading: collect what was handed in, run it behind a wall, judge it, write down what came out."""
