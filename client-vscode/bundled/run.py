"""Starts the Pinfold that lies beside this file in ``libs``, with the arguments of its command.

    python -I -X pycache_prefix=FOLDER run.py server

Owns the one sentence for a Python that is too old for everything else, and so has to be readable
for any Python. Refuses to know what is in ``libs``.
"""

import os
import sys

OLDEST = (3, 10)

TOO_OLD = 69
"""The exit status then: EX_UNAVAILABLE of sysexits.h. Pinfold itself never ends with it."""


def start():
    """Run the command and return its exit status."""
    if sys.version_info < OLDEST:
        sys.stderr.write(
            "pinfold: needs Python %d.%d or newer, but %s is Python %d.%d\n"
            % (OLDEST + (sys.executable,) + tuple(sys.version_info[:2]))
        )
        return TOO_OLD
    # First, since an interpreter may well have packages of the same names, in other versions.
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "libs"))
    from pinfold.cli.main import main

    return main()


if __name__ == "__main__":
    sys.exit(start())
