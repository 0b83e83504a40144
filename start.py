"""Set the course up and open it:  python start.py      More: python start.py --help

Nothing but the standard library is needed. This file holds only what every Python can read, so that an old
one answers with a sentence and not with a SyntaxError; the work is in course_lib/setup/.
"""

import sys

OLDEST = (3, 10)

if sys.version_info < OLDEST:
    sys.exit(
        "This course needs Python %d.%d or newer, and this is Python %d.%d. Install a newer one (python.org "
        "has it), then start with it by name, for example: python3.12 start.py"
        % (OLDEST + tuple(sys.version_info[:2]))
    )

if __name__ == "__main__":
    from course_lib.setup.start import main

    sys.exit(main(sys.argv[1:]))
