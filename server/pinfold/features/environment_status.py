"""What a status bar shows of the environment of a folder: a few words, and more for who asks.

Owns the words, for eyes and for a screen reader, how alarming they are, and which commands are
offered beside them. Judges nothing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from pathlib import PurePath
from typing import TYPE_CHECKING
from urllib.parse import quote

from pinfold.core.environments.layout import USUAL_NAMES
from pinfold.core.model.environment import EnvironmentState
from pinfold.core.model.wording import in_editor
from pinfold.features.environments import FORMAT_VERSION, selection_json
from pinfold.features.markup import Markup, code, foreign, message, paragraphs, written
from pinfold.features.unmet import NONE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pinfold.features.environments import Json, Selection, WritePath
    from pinfold.features.unmet import Unmet

MAX_NAME = 30
"""How long the name of an environment is in a status bar, at most."""

MAX_NAMED = 10
"""How many packages are named, at most; the others are counted."""


class StatusSeverity(Enum):
    """How much a status bar should make of something; the value is its name in JSON."""

    OK = "ok"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class OtherSelection:
    """What another program has selected for the same folder.

    `source` is how people call it; `environment` is a folder, or an interpreter in one.
    """

    source: str
    environment: Path

    def is_at(self, prefix: Path, version: str | None, *interpreters: Path | None) -> bool:
        """Return whether it is the environment at *prefix* with Python *version*, or one of these.

        ``python3.12`` beside the interpreter of a 3.12 is that interpreter, by another name.
        """
        if self.environment in (prefix, *interpreters):
            return True
        minor = ".".join((version or "").split(".")[:2])
        return bool(minor) and self.environment == prefix / "bin" / f"python{minor}"


@dataclass(frozen=True, slots=True)
class EnvironmentStatus:
    """What a status bar shows for the files in a folder.

    `text` is a few words, `label` the same as a sentence for a screen reader, `tooltip` plain
    lines. `missing` and `wrong` count the packages that are not installed, or have another version
    than is asked for.
    """

    selection: Selection
    text: str
    label: str
    tooltip: str
    severity: StatusSeverity
    python: str | None
    missing: int
    wrong: int


def environment_status(selection: Selection, root: Path, unmet: Unmet = NONE) -> EnvironmentStatus:
    """Return what is shown; *unmet* is what the requirements files of the folder ask for in vain.

    The environment is called by its path below *root*, the workspace folder.
    """
    answer, prefix = selection.answer, selection.prefix
    missing, wrong = len(unmet.missing), len(unmet.wrong)
    python = None if answer.packages is None else answer.packages.environment.python
    causes = [ailment.cause for ailment in answer.ailments if ailment.is_severe]
    amounts = [f"{missing:,} missing"] * bool(missing)
    amounts += [f"{wrong:,} wrong version{'s' * (wrong > 1)}"] * bool(wrong)
    if prefix is None:
        text = label = _WITHOUT[answer.state]
        lines = [answer.reason]
    else:
        name = _name(prefix, root)
        text = f"Python {python or '?'} ({name})"
        label = f"Python environment {name}, Python {python or 'of unknown version'}"
        lines = [str(prefix), answer.reason]
    told = ["broken"] * bool(causes) + amounts
    if amounts:
        lines.append(", ".join(amounts))
    lines += [contradiction.message for contradiction in answer.contradictions]
    lines += causes
    severity = _SEVERITIES[answer.state]
    if answer.is_meant:
        severity = StatusSeverity.OK
    if amounts or answer.contradictions:
        severity = StatusSeverity.WARNING
    if causes:
        severity = StatusSeverity.ERROR
    return EnvironmentStatus(
        selection,
        ", ".join([text, *told]),
        ", ".join([label, *told]),
        "\n".join(lines),
        severity,
        python,
        missing,
        wrong,
    )


def status_json(status: EnvironmentStatus, write_path: WritePath, markdown: str) -> Json:
    """Return the shape of what a status bar shows; *markdown* is the tooltip where it is shown."""
    packages = status.selection.answer.packages
    executable = None if packages is None else packages.environment.executable
    return {
        "version": FORMAT_VERSION,
        **selection_json(status.selection, write_path),
        "executable": None if executable is None else write_path(executable),
        "text": status.text,
        "label": status.label,
        "tooltip": status.tooltip,
        "markdown": markdown,
        "severity": status.severity.value,
        "python": status.python,
        "missing": status.missing,
        "wrong": status.wrong,
    }


def status_markdown(
    status: EnvironmentStatus,
    unmet: Unmet,
    write_path: WritePath,
    *,
    other: OtherSelection | None = None,
    has_links: bool,
) -> str:
    """Return the tooltip in Markdown; *has_links*: with links that run commands."""
    parts = list(_about(status, unmet, write_path))
    selection = status.selection
    other = _another(selection, other)
    if other is not None:
        parts.append(
            foreign(other.source or _SOMEBODY)
            + written(" has selected another one: ")
            + code(write_path(other.environment))
        )
    if has_links:
        parts.append(written(" · ".join(_links(status, unmet, write_path, other))))
    return paragraphs(parts).markdown


def command_link(title: str, command: str, argument: Json) -> str:
    """Return a link in Markdown that runs a command; *title* is a word of our own."""
    # What an editor reads is the JSON list of the command's arguments.
    encoded = quote(json.dumps([argument], ensure_ascii=False), safe="")
    return f"[{title}](command:{command}?{encoded})"


def _about(status: EnvironmentStatus, unmet: Unmet, write_path: WritePath) -> Iterator[Markup]:
    selection = status.selection
    answer = selection.answer
    if answer.packages is not None:
        environment = answer.packages.environment
        count = len(answer.packages.by_name)
        yield Markup("**", "") + foreign(f"Python {status.python or '?'}") + Markup("**", "")
        yield code(write_path(environment.prefix))
        yield foreign(f"{count:,} package{'s' * (count != 1)} installed")
    else:
        yield Markup("**", "") + foreign(_WITHOUT[answer.state]) + Markup("**", "")
    yield message(answer.reason)
    if unmet.missing:
        yield written("Missing: ") + _named(sorted(unmet.missing))
    if unmet.wrong:
        yield written("Wrong version: ") + _named(sorted(unmet.wrong))
    for contradiction in answer.contradictions:
        yield message(contradiction.message)
    for ailment in answer.ailments:
        repair = f"; {in_editor(ailment.repair)}" if ailment.repair else ""
        yield written("Broken: " if ailment.is_severe else "") + message(f"{ailment.cause}{repair}")


def _named(names: Sequence[str]) -> Markup:
    shown = code(names[0])
    for name in names[1:MAX_NAMED]:
        shown += written(", ") + code(name)
    rest = len(names) - MAX_NAMED
    return shown + written(f" and {rest:,} more") if rest > 0 else shown


def _links(
    status: EnvironmentStatus, unmet: Unmet, write_path: WritePath, other: OtherSelection | None
) -> Iterator[str]:
    selection = status.selection
    folder: Json = {"folder": write_path(selection.folder)}
    is_broken = any(ailment.is_severe for ailment in selection.answer.ailments)
    prefix = selection.prefix or selection.answer.unreadable
    if is_broken and prefix is not None:
        rebuilt = {**folder, "environment": write_path(prefix)}
        yield command_link("Rebuild", "pinfold.rebuildEnvironment", rebuilt)
    if selection.prefix is None and not selection.answer.is_meant:
        yield command_link("Create", "pinfold.createEnvironment", folder)
    if unmet.missing or unmet.wrong:
        yield command_link("Install", "pinfold.installRequirements", folder)
    if other is not None:
        theirs = {**folder, "environment": write_path(other.environment)}
        yield command_link("Use that one", "pinfold.selectEnvironment", theirs)
    yield command_link("Select", "pinfold.selectEnvironment", folder)
    yield command_link("Explain", "pinfold.explainEnvironment", folder)
    if selection.prefix is not None:
        yield command_link("Diagnose", "pinfold.diagnoseEnvironment", folder)


def _another(selection: Selection, other: OtherSelection | None) -> OtherSelection | None:
    """Return what another program has selected, if it is another one than ours."""
    packages = selection.answer.packages
    if other is None or packages is None:
        return other
    ours = packages.environment
    return None if other.is_at(ours.prefix, ours.python, ours.executable) else other


def _name(prefix: PurePath, root: PurePath) -> str:
    """Return what an environment is called: its last folders, as many as there is room for."""
    # Elsewhere, there is a `.venv` in every folder.
    elsewhere = prefix.parts[-2:] if prefix.name in USUAL_NAMES else prefix.parts[-1:]
    shown = prefix.relative_to(root) if prefix.is_relative_to(root) else PurePath(*elsewhere)
    parts = shown.parts
    while len(parts) > 1 and sum(map(len, parts)) + len(parts) > MAX_NAME:
        parts = parts[1:]
    text = "/".join(parts)
    if len(parts) < len(shown.parts):
        text = f"…/{text}"
    return text if len(text) <= MAX_NAME else f"{text[: MAX_NAME - 1]}…"


_SOMEBODY = "Another extension"

_WITHOUT = {
    EnvironmentState.FOUND: "No environment",
    EnvironmentState.NONE: "No environment",
    EnvironmentState.UNUSABLE: "Unusable environment",
    EnvironmentState.UNRESPONSIVE: "Environment does not answer",
}
_SEVERITIES = {
    EnvironmentState.FOUND: StatusSeverity.OK,
    EnvironmentState.NONE: StatusSeverity.INFO,
    EnvironmentState.UNUSABLE: StatusSeverity.ERROR,
    EnvironmentState.UNRESPONSIVE: StatusSeverity.WARNING,
}
