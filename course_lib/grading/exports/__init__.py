"""From records to what people and platforms read, a file a format.

feedback_html.py   a page a learner; cards.py: what was asked
class_report.py    a page for the instructor; class_summary.py: the numbers, class_figures.py: the plots
grades_csv.py      a row a student, a column an exercise
canvas.py          one column of the gradebook that the instructor exported, filled; canvas_book.py: reads it,
                   canvas_students.py: who is who, csv_bytes.py: single cells of a CSV replaced
gradescope.py      results.json; autograder.py: the zip that Gradescope builds its autograder from
nbgrader.py        the columns of nbgrader's own export
junit.py           for continuous integration
words.py, page.py  what a learner is told, and the page that it stands on
"""
