"""Which commands help with a finding, beside the edits that do: installing, making, choosing.

Owns what is offered for which rule, its title and its arguments. Knows neither an editor nor how a
command is done.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pinfold.features.projects import INSTALLED_ROLES, folder_of_requirements

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from pinfold.core.formats.document import Document
    from pinfold.core.model.environment import EnvironmentAnswer
    from pinfold.core.model.files import FileRole
    from pinfold.core.model.finding import Finding
    from pinfold.core.model.text import TextRange

    Value = Path | str | bool | tuple[Path, ...] | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CommandAction:
    """A command that helps with `finding`, with its arguments by name."""

    title: str
    command: str
    arguments: Mapping[str, Value]
    finding: Finding


def command_actions(
    document: Document,
    path: Path,
    role: FileRole,
    findings: Iterable[Finding],
    span: TextRange,
    answer: EnvironmentAnswer | None,
    roots: Sequence[Path],
) -> tuple[CommandAction, ...]:
    """Return what helps with the findings in the file at *path* that touch *span*.

    *answer* is about its environment, ``None`` if that is not known yet. *roots* are the workspace
    folders.
    """
    found: dict[str, CommandAction] = {}
    for finding in findings:
        if finding.range.start <= span.end and span.start <= finding.range.end:
            helping = _helping(document, path, role, finding, answer, roots)
            for title, command, arguments in helping:
                # What helps with several findings is offered once.
                found.setdefault(title, CommandAction(title, command, arguments, finding))
    return tuple(found.values())


def _helping(
    document: Document,
    path: Path,
    role: FileRole,
    finding: Finding,
    answer: EnvironmentAnswer | None,
    roots: Sequence[Path],
) -> Iterator[tuple[str, str, Mapping[str, Value]]]:
    folder = folder_of_requirements(path)
    prefix = None
    if answer is not None:
        packages = answer.packages
        prefix = answer.unreadable if packages is None else packages.environment.prefix
    match finding.rule:
        case "not-installed" | "wrong-version":
            what = "is missing from" if finding.rule == "not-installed" else "is asked for in"
            title = f"Install what {what} {path.name}"
            # Constraints ask for nothing: installed from, all that they name would be.
            if role in INSTALLED_ROLES:
                yield title, "pinfold.installRequirements", {"folder": folder, "files": (path,)}
            one = _requirement(document, finding)
            if one is not None:
                arguments: Mapping[str, Value] = {"folder": folder, "packages": (one,)}
                yield f"Install {one}", "pinfold.installPackages", arguments
        case "broken-dependency" if finding.need is not None and role in INSTALLED_ROLES:
            # An installer looks after what the packages of a file need, too.
            what = "is missing from" if finding.need.is_missing else "is asked for in"
            arguments = {"folder": folder, "files": (path,)}
            yield f"Install what {what} {path.name}", "pinfold.installRequirements", arguments
        case "broken-environment" | "damaged-environment" if prefix is not None:
            arguments = {"folder": folder, "environment": prefix}
            yield f"Rebuild {prefix.name}", "pinfold.rebuildEnvironment", arguments
            title = f"Say what is wrong with {prefix.name}"
            yield title, "pinfold.diagnoseEnvironment", arguments
            yield _select(folder)
        case "no-environment":
            yield _create(folder)
            yield _select(folder)
        case "wrong-python":
            yield _select(folder)
            # What is elsewhere belongs to others too, or is what environments are made from.
            if prefix is None or not any(prefix.is_relative_to(one) for one in (folder, *roots)):
                yield _create(folder)
            else:
                arguments = {"folder": folder, "path": prefix, "over": True}
                title = f"Make {prefix.name} anew with another Python…"
                yield title, "pinfold.createEnvironment", arguments
        case "unpinned" if finding.fixes:
            title = f"Pin all requirements of {path.name}"
            yield title, "pinfold.pinAll", {"folder": folder, "file": path}
        case _:
            pass


def _create(folder: Path) -> tuple[str, str, Mapping[str, Value]]:
    return "Create environment…", "pinfold.createEnvironment", {"folder": folder}


def _select(folder: Path) -> tuple[str, str, Mapping[str, Value]]:
    return "Select environment…", "pinfold.selectEnvironment", {"folder": folder}


def _requirement(document: Document, finding: Finding) -> str | None:
    """Return the requirement of a line as one that is typed, if it says no more than that."""
    located = document.line_at(finding.range.start)
    entry = None if located is None else located[1].entry
    if entry is None or entry.requirement is None or entry.options:
        return None
    parts = entry.requirement.parts
    is_plain = parts.name is not None and parts.url is None and "${" not in entry.text
    return entry.text if is_plain else None
