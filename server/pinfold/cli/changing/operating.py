"""An operation from the command line: agreed to, run, and told about.

Owns what all changing verbs share: their options, what was interrupted before, the way to a person,
the output and the exit status. What is asked for is each verb's own.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pinfold.cli.changing.saving import Saver
from pinfold.cli.conversation import TerminalConversation, converse
from pinfold.cli.env_scene import Refusal, Scene, meant, named_environment
from pinfold.cli.env_shape import json_path, short_path
from pinfold.cli.main import CLEAN, FAILED
from pinfold.cli.terminal import Ink, Screen, complain, visible
from pinfold.core.environments.changes.history import expire
from pinfold.core.environments.conversation import CannotAsk
from pinfold.core.environments.operations.requests import Create
from pinfold.core.environments.operations.runner import Outcome, Result, run_operation
from pinfold.core.environments.operations.trash import to_trash
from pinfold.core.environments.operations.workbench import Backend, Tools, Workbench
from pinfold.core.environments.places import state_folder
from pinfold.core.environments.planning.refusal import Refusal as NotDone
from pinfold.core.environments.planning.refusal import RefusalReason
from pinfold.features.operations import (
    cancelled_text,
    installable_files,
    outcome_json,
    outcome_text,
    plan_lines,
    refusal_text,
)
from pinfold.features.plans import asker_text

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Sequence

    from pinfold.core.environments.changes.journal import Entry
    from pinfold.core.environments.operations.requests import Request
    from pinfold.core.model.plan import Plan
    from pinfold.core.model.wording import Words

    Asked = Callable[[Namespace, Scene], "Request | Refusal"]

_LOGGER = logging.getLogger("pinfold")


def add_common_options(parser: ArgumentParser, *, installs: bool = True) -> None:
    """Let *parser* take what every changing verb takes; *installs*: what needs an installer too."""
    parser.add_argument(
        "--dry-run", action="store_true", help="show what would be done, and do nothing"
    )
    parser.add_argument("--yes", "-y", action="store_true", help="agree to everything")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.add_argument("--color", choices=("auto", "always", "never"), default="auto")
    if installs:
        parser.add_argument(
            "--with",
            dest="backend",
            choices=[backend.value for backend in Backend],
            default=Backend.AUTOMATIC.value,
            help="who installs (default: uv where it is found, else pip)",
        )
        parser.add_argument("--uv", metavar="FILE", help="the uv to use")
        parser.add_argument(
            "--verbose", "-v", action="store_true", help="show all that the installer says"
        )


def add_environment_option(parser: ArgumentParser) -> None:
    """Let *parser* take ``--env``."""
    parser.add_argument(
        "--env",
        metavar="DIR",
        help="the environment, or an interpreter in it (default: that of the current folder)",
    )


def chosen_prefix(named: str | None, scene: Scene) -> Path | Refusal:
    """Return the environment *named*, or that of the current folder."""
    if named is not None:
        identified = named_environment(named, scene)
        return identified if isinstance(identified, Refusal) else identified.prefix
    found = meant(None, scene)
    return found if isinstance(found, Refusal) else found.installation.prefix


def is_near(entry: Entry, in_use: Path | Refusal, scene: Scene) -> bool:
    """Return whether a change is one of the project's, or of the environment that is *in_use*."""
    return entry.prefix == in_use or entry.prefix.is_relative_to(scene.own_project)


def named_prefix(named: str, scene: Scene) -> Path | Refusal:
    """Return the environment *named*, maybe by an interpreter in it; it need not be there."""
    path = scene.absolute(named)
    return path if isinstance(path, Refusal) else scene.prefix(path)


def run_verb(
    parser: ArgumentParser,
    arguments: Sequence[str],
    asked: Asked,
    *,
    said: tuple[str, ...],
) -> int:
    """Do what *arguments* ask for, and return the exit status."""
    options = parser.parse_args(arguments)
    scene = Scene()
    bench = workbench(scene, options)
    host = Host(options, scene)
    request = asked(options, scene)
    if isinstance(request, Refusal):
        return host.refuse(request.message, request.action)
    scene.tell_of_unreadable_project()
    snapshot = scene.snapshot
    saver = Saver(request, getattr(options, "save", None), scene, bench)
    wrong = saver.refusal()
    if wrong is not None:
        return host.refuse(wrong.message, wrong.action, wrong.reason)
    conversation = TerminalConversation.of_this_process(
        os.environ, color=options.color, agrees=options.yes
    )
    try:
        outcome = converse(
            run_operation(
                request,
                bench,
                conversation,
                partial(installable_files, snapshot),
                render=host.lines,
                show=host.show,
                output=_output(options, conversation),
                said=("pinfold", *said, *arguments),
                only_preview=options.dry_run,
                amend=saver.amend,
            )
        )
    except CannotAsk as error:
        return host.refuse(
            f"nothing was changed: {error.reason}",
            f"pass `{error.argument}`",
            RefusalReason.UNCONFIRMED,
        )
    except KeyboardInterrupt:
        host.tell_cancelled(request)
        raise
    is_saved = True
    if not options.dry_run:
        outcome, is_saved = saver.finish(outcome)
        let_go_of_old(bench)
    status = host.tell(outcome, request.prefix)
    return status if is_saved else FAILED


def _output(options: Namespace, conversation: TerminalConversation) -> Callable[[str], None] | None:
    """Return what becomes of the lines of an installer; ``None``: they are the progress's."""
    if getattr(options, "verbose", False):
        return lambda line: conversation.tell(f"    {line}")
    # A bar shows the last line alone. Where each took one of its own, nobody would find the few
    # that matter, and all of them are in the log.
    return None if conversation.has_bars else lambda _line: None


def workbench(scene: Scene, options: Namespace | None = None) -> Workbench:
    """Return what operations work with."""
    tools = Tools()
    if options is not None and getattr(options, "backend", None) is not None:
        uv = None if options.uv is None else Path(os.path.abspath(options.uv))  # noqa: PTH100
        tools = Tools(Backend(options.backend), uv)
    return Workbench(scene.filesystem, state_folder(), tools)


def let_go_of_old(bench: Workbench) -> None:
    """Let go of what has been kept for long enough; if that cannot be, the next one does it."""
    from time import time

    try:
        expire(bench.changes.journal, now=time(), trash=to_trash)
    except OSError as error:
        _LOGGER.info("what is too old could not be let go: %s", error)


class Host:
    """The output of one run."""

    def __init__(self, options: Namespace, scene: Scene) -> None:
        self._is_json = options.format == "json"
        self._scene = scene
        self._out = Screen.of(sys.stdout, options.color, os.environ)
        self._says = Screen.of(sys.stderr, options.color, os.environ)
        self._shown: Plan | None = None

    def lines(self, plan: Plan) -> list[str]:
        """Return a plan in lines, for a question."""
        self._shown = plan
        return [visible(line) for line in plan_lines(plan, self._path)]

    def show(self, plan: Plan) -> None:
        """Show a plan that needs no question."""
        self._shown = plan
        if self._is_json:
            return
        # The steps are about to be told one by one.
        for line in plan_lines(plan, self._path, with_steps=False):
            self._says.write(f"  {self._painted(visible(line))}\n")

    def refuse(
        self, message: str, action: Words | None, reason: RefusalReason = RefusalReason.INVALID
    ) -> int:
        """Say why nothing is done, and return the exit status."""
        refusal = NotDone(reason, message, action)
        outcome = Outcome(Result.REFUSED, self._shown, refusal=refusal)
        if self._is_json:
            self._write(outcome)
        else:
            complain(refusal_text(refusal))
        return FAILED

    def tell_cancelled(self, request: Request) -> None:
        """Say that all is as it was, to whoever has seen what was to become of it."""
        if self._shown is not None:
            is_new = isinstance(request, Create) and not request.is_over
            text = cancelled_text(request.verb, self._path(request.prefix), is_new=is_new)
            complain(text[0].lower() + text[1:].removesuffix("."))

    def tell(self, outcome: Outcome, prefix: Path) -> int:
        """Say what became of it, and return the exit status."""
        has_failed = outcome.result in (Result.REFUSED, Result.FAILED, Result.DECLINED)
        if self._is_json:
            self._write(outcome)
            return FAILED if has_failed else CLEAN
        if outcome.result is Result.PREVIEWED and outcome.plan is not None:
            for line in plan_lines(outcome.plan, self._path):
                self._out.write(f"{self._painted(visible(line))}\n")
        text = outcome_text(outcome, self._path(prefix))
        if has_failed:
            complain(text)
            if outcome.failure is not None:
                for asker in outcome.failure.askers:
                    self._says.write(f"  {visible(asker_text(asker, self._path))}\n")
            if outcome.log is not None:
                self._says.write(f"All that was said: {visible(str(outcome.log))}\n")
            return FAILED
        for line in text.split("\n"):
            self._out.write(f"{visible(line)}\n")
        for sentence in outcome.unsaved:
            complain(sentence)
        return CLEAN

    def _write(self, outcome: Outcome) -> None:
        shape = outcome_json(outcome, lambda path: json_path(path, self._scene))
        self._out.write(json.dumps(shape) + "\n")

    def _path(self, path: Path) -> str:
        return short_path(path, self._scene)

    def _painted(self, line: str) -> str:
        ink = _INKS.get(line[:2])
        return line if ink is None else self._out.paint(line, ink)


_INKS = {
    "+ ": Ink.ADDED,
    "- ": Ink.REMOVED,
    "v ": Ink.WARNING,
    "br": Ink.WARNING,
}
