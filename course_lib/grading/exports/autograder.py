"""The zip that Gradescope builds its autograder from.

Gradescope unpacks it to /autograder/source, runs setup.sh once as root while it builds the container, and
run_autograder for each submission: the submission lies in /autograder/submission, who handed it in stands in
/autograder/submission_metadata.json, and what is shown is read from /autograder/results/results.json.
"""

import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from course_lib.paths import ROOT

_TOP = ("start.py", "pyproject.toml", "constraints.txt", "LICENSE", "README.md")  # pip wants the last two
_LEFT_OUT = {"__pycache__", ".ipynb_checkpoints"}
_TIME = (2020, 1, 1, 0, 0, 0)  # the same files give the same archive

SETUP = """\
#!/usr/bin/env bash
# Run once by Gradescope, as root, when the autograder is built.
set -euo pipefail
apt-get update
apt-get install -y python3 python3-venv bubblewrap
cd /autograder/source
python3 -m venv /autograder/venv
# PyTorch's ordinary build brings CUDA with it. The CPU build is a quarter of its size: put the address of its
# index between the quotes (pytorch.org's installation page shows it behind --index-url).
TORCH_INDEX="{torch_from}"
if [ -n "$TORCH_INDEX" ]; then
    /autograder/venv/bin/pip install --no-deps --index-url "$TORCH_INDEX" -c constraints.txt torch torchvision
fi
/autograder/venv/bin/pip install -c constraints.txt -e .
"""

RUN = """\
#!/usr/bin/env bash
# Run by Gradescope for each submission. If grading breaks, results.json is not written, and Gradescope says so,
# rather than a learner reading 0 points.
set -euo pipefail
export OMP_NUM_THREADS=1
rm -rf /autograder/graded
mkdir -p /autograder/graded /autograder/results
cd /autograder/source
{grade}
"""

# The seam to the grading command: it reads /autograder/submission and leaves one record. Where there is nothing to
# grade, that is the learner's to mend, and so for them to read.
GRADE = """\
if [ -z "$(find /autograder/submission -type f \\( -iname '*.ipynb' -o -iname '*.zip' \\) -print -quit)" ]; then
    echo '{{"score": 0, "output": "There is no notebook (.ipynb) in what you handed in."}}' \\
        > /autograder/results/results.json
    exit 0
fi
mkdir -p /autograder/graded/in/learner
cp -r /autograder/submission/. /autograder/graded/in/learner/
/autograder/venv/bin/course grade /autograder/graded/in --out /autograder/graded {options}
/autograder/venv/bin/python -m course_lib.grading.exports.gradescope \\
    /autograder/graded/records/*.json /autograder/results/results.json"""


def write_autograder(
    target: Path, *, extra: Mapping[str, bytes], options: str, grade: str = GRADE, torch_from: str = "",
    root: Path = ROOT,
) -> None:
    """Write the archive, with both scripts and the course at its top level, where Gradescope looks for them.

    It holds the references and the seed: it is for Gradescope and for nobody else.

    Args:
        target: the zip file; it must not be there yet.
        extra: what the assignment adds, by its name in the archive: its TOML file, the file with the seed.
        options: of `course grade`, e.g. "--assignment assignment.toml --seed-file seed.txt"; the working folder
            is the archive's.
        grade: the lines of run_autograder that grade.
        torch_from: the address of an index with another build of PyTorch.
        root: the instructor's checkout.

    Raises:
        FileExistsError: `target` is there.
        ValueError: a name in `extra` is one of the course's own, or leads out of the archive.
    """
    scripts = {"setup.sh": SETUP.format(torch_from=torch_from),
               "run_autograder": RUN.format(grade=grade.format(options=options))}
    files = {name: text.encode() for name, text in scripts.items()}
    files |= {name: path.read_bytes() for path, name in _course(root)}
    for name, data in extra.items():
        if name in files or name.startswith(("/", "..")) or "\\" in name or "/../" in name:
            raise ValueError(f"{name!r} cannot be added to the archive: it is the course's own, or leads out.")
        files[name] = data
    with target.open("xb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            member = zipfile.ZipInfo(name, _TIME)
            member.create_system = 3  # Unix: else the permissions are not looked at
            member.external_attr = (0o100755 if name in scripts else 0o100644) << 16
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, files[name])


def _course(root: Path) -> Iterator[tuple[Path, str]]:
    for name in _TOP:
        yield root / name, name
    for folder, patterns in (("course_lib", ("**/*",)), ("chapters", ("*.ipynb", "*.md"))):
        for path in sorted(each for pattern in patterns for each in (root / folder).glob(pattern)):
            if path.is_file() and path.suffix != ".pyc" and not _LEFT_OUT & set(path.parts):
                yield path, path.relative_to(root).as_posix()
