"""Whole classes, made up: submissions in mixed forms, each with what must come out, exercise by exercise.

    answers/      right and wrong answers as learners write them, one file a chapter
    written       reads them
    chapters      a chapter as it is given out, with the solved edition's answers beside it
    slips         what goes wrong with a cell: left as it was, not Python, renamed, twice there ...
    endless       answers that never end
    forms         how it is handed in: a notebook, a folder, an archive, a platform's download, an old format
    students      deals all of it out to a class, from a seed
    compare       what came out otherwise than it must
    tree          how much memory a process and its children use
    __main__      the command that grades such a class and says how fast, and what came out unexpected
"""
