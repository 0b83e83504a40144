"""What the instructor's verbs of the `course` command do; cli.py understands what is typed.

As in course_lib/verbs.py, each imports what it needs when it runs.
"""

import secrets
from argparse import Namespace
from pathlib import Path

from course_lib.refused import Refused, refusing


def release(arguments: Namespace, options: list[str]) -> int:
    """Make what learners get."""
    from course_lib.grading.release import release as make_release

    with refusing(ValueError, FileNotFoundError, FileExistsError):
        archive = make_release(read_asked(arguments), Path(arguments.out))
    print(f"{arguments.out}, and the same packed: {archive}")
    return 0


def collect(arguments: Namespace, options: list[str]) -> int:
    """Say who handed in what. Nothing of it is run, and nothing written."""
    from course_lib.grading.briefing import describe_roll, one_for_all
    from course_lib.grading.grade import make_plan
    from course_lib.grading.reading.collect import collect as collect_all
    from course_lib.grading.reading.handed_in import describe_collection
    from course_lib.grading.roster import call_the_roll, read_roster
    from course_lib.grading.workers.limits import Limits

    with refusing(ValueError, FileNotFoundError):
        assignment = read_asked(arguments)
        students = read_roster(Path(arguments.students)) if arguments.students else []
        collection = collect_all(Path(arguments.place))
        notebooks = make_plan(assignment, "", Limits()).notebooks
    for line in describe_collection(collection, assignment, notebooks):
        print(line)
    handed_in = collection.submissions
    told = [f"{len(handed_in)} {'student' if len(handed_in) == 1 else 'students'} handed in."]
    told += one_for_all([(each.student, [file.name for file in each.files]) for each in handed_in])
    told += describe_roll(call_the_roll(handed_in, students)) if students else []
    print("\n".join(told))
    return 0


def grade(arguments: Namespace, options: list[str]) -> int:
    """Grade what was handed in."""
    if arguments.dry_run:
        return _dry_run(arguments)
    if not arguments.place or not arguments.out:
        raise Refused("say what to grade and where the results go: course grade SUBMISSIONS --chapters 1 --out DIR")
    from course_lib.grading.call import Call
    from course_lib.grading.grade import SEED
    from course_lib.grading.workers.limits import Limits

    out = Path(arguments.out)
    with refusing(ValueError, FileNotFoundError, RuntimeError):  # no `fork`, a process that was killed
        call = Call(Path(arguments.place), Path(arguments.seed_file or out / SEED), read_asked(arguments),
                    Limits(seconds=arguments.timeout))
        _grade(call, out, arguments, own_seed=not arguments.seed_file)
    return 0


def regrade(arguments: Namespace, options: list[str]) -> int:
    """Grade again, with the same seed and limits, and compare."""
    from dataclasses import replace

    from course_lib.grading.call import read_call
    from course_lib.grading.diff import compare, describe
    from course_lib.grading.records import read_records

    old = Path(arguments.diff)
    new = Path(arguments.out) if arguments.out else old.with_name(f"{old.name}-regraded")
    if new.resolve() == old.resolve():
        raise Refused(f"{old} is to be compared with: give another folder as --out.")
    with refusing(ValueError, FileNotFoundError, RuntimeError):
        call = read_call(old)
        call = replace(call, place=Path(arguments.place)) if arguments.place else call
        if not call.place.exists():
            raise Refused(f"the submissions were in {call.place}, and are not there any more. Say where they are:"
                          f" course regrade --diff {old} SUBMISSIONS")
        before = read_records(old / "records")
        told = describe(compare(before, _grade(call, new, arguments)))
    (new / "changes.txt").write_text(told + "\n", encoding="utf-8", errors="replace", newline="\n")
    print(f"\nCompared with {old}:\n\n{told}")
    return 0


def _grade(call, out: Path, arguments: Namespace, *, own_seed: bool = False):
    """Grade, write everything, and tell the instructor what came out. Returns the records."""
    from course_lib.grading.briefing import describe_class
    from course_lib.grading.call import write_call
    from course_lib.grading.grade import grade as grade_all
    from course_lib.grading.papers import write_papers
    from course_lib.grading.roster import call_the_roll, read_roster
    from course_lib.paths import CHAPTERS

    engine = _engine(arguments)
    students = read_roster(Path(arguments.students)) if getattr(arguments, "students", None) else []
    if call.place.exists():  # before anything is graded: a run that is killed can be graded again, too
        write_call(call, out)
    records, collection = grade_all(call.place, out, call.assignment, limits=call.limits, jobs=arguments.jobs,
                                    engine=engine, seed_file=None if own_seed else call.seed_file)
    notebooks = [path for chapter in call.assignment.chapters for path in CHAPTERS.glob(f"{chapter:02}_*.ipynb")]
    written = write_papers(records, out, notebooks)
    roll = call_the_roll(records, students) if students else None
    print(describe_class(records, collection.notes, roll))
    walls = dict.fromkeys(wall for record in records for wall in record.stamp["walls"])  # a cluster may have several
    print("\n".join(f"wall: {wall}" for wall in walls))
    print("For code that you do not trust, run this in a container or a virtual machine that holds nothing else.")
    print("\n".join(map(str, written)))
    return records


def _engine(arguments: Namespace):
    """What runs the submissions, if not processes on this machine."""
    if (arguments.engine == "dask") != bool(arguments.scheduler):
        raise Refused("a cluster is two options: --engine dask --scheduler ADDRESS")
    if not arguments.scheduler:
        return None
    from course_lib.grading.on_dask import on_dask

    return on_dask(arguments.scheduler)


def _dry_run(arguments: Namespace) -> int:
    from course_lib.grading.dry_run import describe_trials, dry_run
    from course_lib.grading.grade import make_plan, on_this_machine, read_seed
    from course_lib.grading.workers.limits import Limits

    if arguments.place or arguments.out:
        raise Refused("a dry run grades the course's own two editions, and writes nothing: leave out SUBMISSIONS and"
                      " --out.")
    with refusing(ValueError, FileNotFoundError):
        seed = read_seed(Path(arguments.seed_file), make=False) if arguments.seed_file else secrets.token_hex(16)
        plan = make_plan(read_asked(arguments), seed, Limits(seconds=arguments.timeout))
        # The untouched edition takes no time: a second process would only be a second start.
        engine = _engine(arguments) or (lambda submissions, plan: on_this_machine(submissions, plan, arguments.jobs or 1))
        trials = dry_run(plan, engine)
    print(describe_trials(trials))
    wrong = any(trial.wrong for trial in trials)
    if wrong and not arguments.seed_file:
        print(f"The inputs were drawn from the seed {seed}; with it in a file, --seed-file gives the same again.")
    return 1 if wrong else 0


def read_asked(arguments: Namespace):
    """The assignment that --chapters or --assignment names."""
    from course_lib.grading.assignment import read_assignment, whole_chapters

    if arguments.assignment:
        return read_assignment(Path(arguments.assignment))
    return whole_chapters(arguments.chapters)
