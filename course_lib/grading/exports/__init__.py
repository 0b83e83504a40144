"""From records to what people and platforms read, a file a format.

grades_csv.py   a row a student, a column an exercise
junit.py        for continuous integration
gradescope.py   results.json
nbgrader.py     the columns of nbgrader's own export
canvas.py       one column of the gradebook that the instructor exported, filled
"""
