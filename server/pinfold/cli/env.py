"""``pinfold env``: which of its verbs is asked for.

Owns their names and the overview. Each verb is a module of its own, imported when it is needed.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pinfold.cli.main import CLEAN, FAILED
from pinfold.cli.terminal import complain, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

VERBS = ("list", "show", "why", "doctor", "select", "activate", "create", "remove", "rebuild")

HELP = """\
Environments and interpreters: which there are, which one is meant and why, what ails them.

usage: pinfold env list [PATH]       all of them, the one for the current folder first
       pinfold env show [PATH]       one of them in full
       pinfold env why [PATH]        which one a file is judged against, and why
       pinfold env doctor [DIR ...]  what is wrong with them, and what to do about it
       pinfold env select DIR        which one is for a folder, from now on
       pinfold env activate [DIR]    the line that activates one in a shell
       pinfold env create [DIR]      make one, and install what requirements.txt asks for
       pinfold env remove [DIR]      take one away; it is kept for 30 days
       pinfold env rebuild [DIR]     make one anew, with the same packages
       pinfold env VERB --help

None but the last three starts a process: everything is read from disk.

Exit status: 0, 1 if `doctor` finds an ailment, 2 wrong usage or a failed operation.
"""


def run(arguments: Sequence[str]) -> int:
    """Do what *arguments* ask for, and return the exit status."""
    if not arguments:
        sys.stderr.write(HELP)
        return FAILED
    verb, rest = arguments[0], arguments[1:]
    match verb:
        case "--help" | "-h" | "help":
            sys.stdout.write(HELP)
            return CLEAN
        case "list":
            from pinfold.cli import env_list

            return env_list.run(rest)
        case "show":
            from pinfold.cli import env_show

            return env_show.run(rest)
        case "why":
            from pinfold.cli import env_why

            return env_why.run(rest)
        case "doctor":
            from pinfold.cli import env_doctor

            return env_doctor.run(rest)
        case "select":
            from pinfold.cli import env_select

            return env_select.run(rest)
        case "create":
            from pinfold.cli.changing import environments

            return environments.create(rest)
        case "remove":
            from pinfold.cli.changing import environments

            return environments.remove(rest)
        case "rebuild":
            from pinfold.cli.changing import environments

            return environments.rebuild(rest)
        case "activate":
            from pinfold.cli import env_activate

            return env_activate.run(rest)
        case _:
            complain(f"unknown command `env {verb}`{did_you_mean(verb, VERBS)}")
            sys.stderr.write("Try `pinfold env --help`.\n")
            return FAILED
