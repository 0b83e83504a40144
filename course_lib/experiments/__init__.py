"""The lessons' experiments, and what it takes to run, record and tell them.

    chNN_name        an experiment: its configuration, its conditions, the function that measures one of them
    experiment       what an experiment is
    registry         names, find: which there are
    running          run: every condition with every seed
    records          record, load_record, is_stale: chapters/results/NN_name.json
    telling          summary, provenance: a record in words
    code_hash        a hash of the code behind an experiment
    machine          versions and kind of machine

A lesson calls `run(name, "small")` live and shows `summary(load_record(name))` with `provenance(...)` beside
it. `course experiment NAME` makes the record.
"""

from course_lib.experiments.records import is_stale, load_record, record
from course_lib.experiments.registry import names
from course_lib.experiments.running import run
from course_lib.experiments.telling import provenance, summary

__all__ = ["is_stale", "load_record", "names", "provenance", "record", "run", "summary"]
