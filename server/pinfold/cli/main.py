"""`pinfold`: which verb is asked for, and how every run ends.

Owns the exit statuses and the quiet ends (an interrupt, a reader that went away, a full disk).
Imports nothing until it is known that it is needed: `pinfold --version` is asked for by every
editor and every script that starts.
"""

from __future__ import annotations

import sys

from pinfold import __version__

# `typing` is most of what `pinfold --version` would otherwise import; type checkers know the name.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

CLEAN = 0
FOUND = 1
FAILED = 2
INTERRUPTED = 130
READER_GONE = 141
"""What a shell reports of a program that SIGPIPE ends."""

VERBS = (
    *("check", "env", "freeze", "history", "install", "list", "parse", "rule", "run", "server"),
    *("sync", "tree", "undo", "uninstall", "upgrade"),
)

_WITHOUT_ENVIRONMENTS = ("parse", "rule", "server")
"""The verbs that look at none; the server does it beside its start."""

HELP = """\
Say what is wrong with pip requirements and constraints files, reading them exactly as pip does.

usage: pinfold check [PATH ...]   judge files, and those found in folders
       pinfold parse FILE         what pip would read, line by line
       pinfold env VERB           environments and interpreters, and what ails them
       pinfold run CMD [ARG ...]  run a command inside an environment
       pinfold install [REQ ...]  install packages; `uninstall`, `upgrade`, `sync` likewise
       pinfold undo               take the last change of an environment back
       pinfold history            what was changed, and what of it can be taken back
       pinfold list               what is installed in an environment
       pinfold tree [PACKAGE]     which package needs which, and why one is there
       pinfold freeze             what is installed, as a requirements file
       pinfold rule [NAME]        the rules, or the page of one
       pinfold server             language server for editors, over standard input and output
       pinfold --version
       pinfold VERB --help

Exit status: 0 clean, 1 findings of severity warning or error, 2 wrong usage or a failed operation.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status; *argv* is without the program's name."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    try:
        status = _run(arguments)
        _flush()
    except BrokenPipeError:
        _let_go_of_streams()
        return READER_GONE
    except KeyboardInterrupt:
        _let_go_of_streams()
        _say("interrupted")
        return INTERRUPTED
    except OSError as error:
        # The files that are judged never raise: this is the output, or the working directory.
        _let_go_of_streams()
        _say(_told(error))
        return FAILED
    except Exception as error:  # noqa: BLE001 - the boundary: a person is never shown a traceback
        return _crashed(error)
    return status


def _run(arguments: list[str]) -> int:
    if not arguments:
        sys.stderr.write(HELP)
        return FAILED
    verb, rest = arguments[0], arguments[1:]
    if verb in ("--version", "-V"):
        sys.stdout.write(f"pinfold {__version__}\n")
        return CLEAN
    if verb in ("--help", "-h", "help"):
        sys.stdout.write(HELP)
        return CLEAN
    try:
        return _run_verb(verb, rest)
    except SystemExit as end:
        # argparse ends the program, whether it was asked for help or is dissatisfied.
        return end.code if isinstance(end.code, int) else FAILED


def _run_verb(verb: str, arguments: list[str]) -> int:
    if verb in VERBS and verb not in _WITHOUT_ENVIRONMENTS:
        from pinfold.cli.interrupted import put_back_interrupted

        put_back_interrupted()
    match verb:
        case "check":
            from pinfold.cli import check

            return check.run(arguments)
        case "parse":
            from pinfold.cli import parse

            return parse.run(arguments)
        case "rule":
            from pinfold.cli import rule

            return rule.run(arguments)
        case "env":
            from pinfold.cli import env

            return env.run(arguments)
        case "run":
            from pinfold.cli import run_command

            return run_command.run(arguments)
        case "install":
            from pinfold.cli.changing import packages

            return packages.install(arguments)
        case "uninstall":
            from pinfold.cli.changing import packages

            return packages.uninstall(arguments)
        case "upgrade":
            from pinfold.cli.changing import packages

            return packages.upgrade(arguments)
        case "sync":
            from pinfold.cli.changing import packages

            return packages.sync(arguments)
        case "undo":
            from pinfold.cli.changing import environments

            return environments.undo(arguments)
        case "history":
            from pinfold.cli.changing import history

            return history.run(arguments)
        case "list":
            from pinfold.cli import list_packages

            return list_packages.run(arguments)
        case "tree":
            from pinfold.cli import tree

            return tree.run(arguments)
        case "freeze":
            from pinfold.cli import freeze

            return freeze.run(arguments)
        case "server":
            return _serve(arguments)
        case _:
            from pinfold.cli.terminal import did_you_mean, visible

            _say(f"unknown command `{visible(verb)}`{did_you_mean(verb, VERBS)}")
            sys.stderr.write("Try `pinfold --help`.\n")
            return FAILED


def _serve(arguments: list[str]) -> int:
    from argparse import ArgumentParser

    parser = ArgumentParser(
        prog="pinfold server",
        description="Speak the Language Server Protocol over standard input and output.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--stdio", action="store_true", help="accepted because many editors pass it; no other way"
    )
    parser.parse_args(arguments)
    from pinfold.lsp.server import serve_stdio

    return serve_stdio()


def _say(message: str) -> None:
    if sys.stderr is not None:
        try:
            sys.stderr.write(f"pinfold: {message}\n")
            sys.stderr.flush()
        except (OSError, ValueError):
            return


def _told(error: OSError) -> str:
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{(error.strerror or str(error)).lower()}"


def _crashed(error: Exception) -> int:
    import os

    from pinfold.core.bug import STRICT_VARIABLE

    if os.environ.get(STRICT_VARIABLE):
        raise error
    _let_go_of_streams()
    _say(f"internal error: {type(error).__name__}; nothing more was done. Please report it.")
    return FAILED


def _flush() -> None:
    # Inside the guard: at exit, Python could only complain of an output that does not take it.
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and not stream.closed:
            stream.flush()


def _let_go_of_streams() -> None:
    """Point streams that take no more output elsewhere, or Python complains of them at exit."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            _let_go(stream)


def _let_go(stream: TextIO) -> None:
    import os

    try:
        stream.flush()
    except (OSError, ValueError):
        pass
    else:
        return
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
    except (OSError, ValueError, AttributeError):
        return
