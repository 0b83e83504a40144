"""The questions of chapter 0."""

from course_lib.exercises.question import Option, Question

QUESTIONS = (
    Question(
        "where-is-the-cue",
        0,
        "Cut a 9 x 9 window around any digit of the picture above and look at nothing else. Can you tell"
        " whether this digit is one of those that count?",
        (
            Option(
                "Yes: its colour tells.",
                "You see its colour, but not the colour of the square in the corner. The "
                "same red digit counts in one picture and not in the next.",
            ),
            Option("Yes: its shape tells.", "Which digit it is says nothing about whether it counts."),
            Option(
                "No: the rule lies outside the window.",
                "The square in the corner carries the rule, and it may be 40 pixels away. A filter that only"
                " sees its neighbourhood has to guess. This is the gap that attention closes.",
                right=True,
            ),
        ),
    ),
)
