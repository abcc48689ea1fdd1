"""What is installed as the lines of a requirements file, as ``pip freeze`` writes them.

Owns the lines, their order, and what is left out. Reads nothing: who asks says what version control
an editable install is under, and what the hashes of an index's files are.
Read from pip 26.3: ``_internal/operations/freeze.py``, ``_internal/commands/freeze.py``.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pinfold.core.environments.planning.rebuilding import exact_requirement
from pinfold.core.formats.entry import EntryKind
from pinfold.core.formats.secrets import masked
from pinfold.core.formats.summary import normalised
from pinfold.core.formats.versions import parsed_version

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from pinfold.core.environments.planning.checkouts import Checkout
    from pinfold.core.formats.document import Document
    from pinfold.core.formats.entry import Entry
    from pinfold.core.model.dependency import PackageName
    from pinfold.core.model.environment import InstalledDistribution, InstalledPackages

ADDED = "## The following requirements were added by pip freeze:"
"""What stands above what no file asks for."""


@dataclass(frozen=True, slots=True)
class FreezeOptions:
    """What is left out.

    `everything` keeps pip and, before Python 3.12, setuptools and wheel. Without `editables` no
    editable install is listed. `folders`, if given, are the only ones whose distributions count.
    """

    everything: bool = False
    editables: bool = True
    excluded: frozenset[PackageName] = frozenset()
    folders: frozenset[Path] | None = None


@dataclass(frozen=True, slots=True)
class Frozen:
    """`lines` without line ends, and `notes`, sentences on what is not among them.

    `unhashed` are projects that no hash is known of: where one line has hashes, pip refuses every
    line without. It is empty where nobody has asked for hashes.
    """

    lines: tuple[str, ...]
    notes: tuple[str, ...] = ()
    unhashed: tuple[PackageName, ...] = ()


def freeze(
    installed: InstalledPackages,
    checkout_of: Callable[[Path], Checkout | None],
    options: FreezeOptions = FreezeOptions(),
    *,
    files: Sequence[tuple[str, Document]] = (),
    hashes: Mapping[PackageName, Sequence[str]] | None = None,
) -> Frozen:
    """Return the requirements that give *installed* back.

    *files*, each with the name that notes call it by, give order and comments: what they ask for
    comes first, in their order, and what else is installed follows. *hashes*, if given, are
    ``algorithm:digest`` of what may be installed, by project; nothing that is installed tells them.
    """
    frozen = {
        key: _Frozen(distribution, checkout_of)
        for key, distribution in installed.by_name.items()
        if _counts(distribution, options)
    }
    notes: list[str] = []
    lines: list[str] = []
    unhashed: list[PackageName] = []

    def add(one: _Frozen) -> None:
        lines.extend(one.lines(hashes, unhashed))

    if files:
        for item in _in_order_of(files, frozen, notes):
            if isinstance(item, str):
                lines.append(item)
            else:
                add(item)
        lines.append(ADDED)
    left_out = _left_out(installed, options)
    for one in sorted(frozen.values(), key=lambda one: one.distribution.name.lower()):
        if one.distribution.key not in left_out:
            add(one)
    return Frozen(tuple(lines), tuple(notes), tuple(unhashed))


# What pip takes for a part of Python.
_STANDARD_LIBRARY = frozenset(map(normalised, ("python", "wsgiref", "argparse")))


def _left_out(installed: InstalledPackages, options: FreezeOptions) -> Collection[PackageName]:
    left_out = {*_STANDARD_LIBRARY, *options.excluded}
    if not options.everything:
        left_out.add(normalised("pip"))
        python = parsed_version(installed.environment.python or "")
        if python is not None and python.release < (3, 12):
            left_out.update(map(normalised, ("setuptools", "distribute", "wheel")))
    return left_out


def _counts(distribution: InstalledDistribution, options: FreezeOptions) -> bool:
    if distribution.editable is not None and not options.editables:
        return False
    return options.folders is None or distribution.folder.parent in options.folders


class _Frozen:
    """One distribution, and the lines that stand for it, worked out when they are needed."""

    def __init__(
        self,
        distribution: InstalledDistribution,
        checkout_of: Callable[[Path], Checkout | None],
    ) -> None:
        self.distribution = distribution
        self._checkout_of = checkout_of

    def lines(
        self,
        hashes: Mapping[PackageName, Sequence[str]] | None,
        unhashed: list[PackageName],
    ) -> Iterator[str]:
        """Yield the lines; with *hashes*, note a project without any in *unhashed*."""
        distribution = self.distribution
        if distribution.editable is not None:
            if hashes is not None:
                unhashed.append(distribution.key)
            yield from _editable(distribution, distribution.editable, self._checkout_of)
            return
        known: Sequence[str] = ()
        if hashes is not None:
            direct = distribution.direct_url
            known = sorted(direct.hashes) if direct else hashes.get(distribution.key, ())
            if not known:
                unhashed.append(distribution.key)
        parts = [exact_requirement(distribution), *(f"--hash={value}" for value in known)]
        yield from " \\\n    ".join(parts).split("\n")


def _editable(
    distribution: InstalledDistribution,
    folder: Path,
    checkout_of: Callable[[Path], Checkout | None],
) -> Iterator[str]:
    location = os.path.normcase(folder)
    shown = _name_and_version(distribution)
    checkout = checkout_of(folder)
    if checkout is None:
        yield f"# Editable install with no version control ({shown})"
    elif checkout.system == "git" and checkout.remote is None:
        yield f"# Editable Git install with no remote ({shown})"
    elif checkout.system == "git" and checkout.address is None:
        yield f"# Editable Git install ({shown}) with either a deleted local remote or invalid URI:"
        yield f"# '{checkout.remote}'"
    elif checkout.revision is None:
        yield "## !! Could not determine repository location"
    else:
        yield f"-e {_checkout_requirement(distribution, checkout)}"
        return
    yield f"-e {location}"


def _checkout_requirement(distribution: InstalledDistribution, checkout: Checkout) -> str:
    address = checkout.address or ""
    if not address.lower().startswith(f"{checkout.system}:"):
        address = f"{checkout.system}+{address}"
    egg = distribution.name.replace("-", "_")
    subdirectory = f"&subdirectory={checkout.subdirectory}" if checkout.subdirectory else ""
    return f"{address}@{checkout.revision}#egg={egg}{subdirectory}"


def _name_and_version(distribution: InstalledDistribution) -> str:
    version = parsed_version(distribution.version)
    if version is None:
        return f"{distribution.name}==={distribution.version}"
    return f"{distribution.name}=={version}"


def _in_order_of(
    files: Sequence[tuple[str, Document]], frozen: dict[PackageName, _Frozen], notes: list[str]
) -> Iterator[str | _Frozen]:
    """Yield lines of *files* as they are, and for requirements what is frozen, each once.

    What is yielded is taken out of *frozen*. As with pip, a line that has been there already is not
    repeated, blank ones included. pip stops with an error at an option that it did not expect here,
    and at a continued line: those are kept.
    """
    emitted: set[str] = set()
    seen: dict[PackageName, list[str]] = {}
    for name, document in files:
        for line in document.lines:
            entry = line.entry
            if entry is None or entry.kind in _KEPT:
                text = line.text.rstrip()
                if text not in emitted:
                    emitted.add(text)
                    yield from text.split("\n")
                continue
            key = _key(entry)
            if key is None:
                notes.append(f"{name}: skipped, as nothing says its name: {masked(entry.text)}")
                continue
            found = frozen.pop(key, None)
            if found is not None:
                yield found
                seen.setdefault(key, []).append(name)
            elif key in seen:
                seen[key].append(name)
            else:
                notes.append(f"{name} asks for {masked(entry.text)}, which is not installed")
    for key, names in seen.items():
        if len(names) > 1:
            shown = ", ".join(sorted(set(names)))
            notes.append(f"{key} is asked for more than once ({shown})")


_KEPT = (EntryKind.INCLUDE, EntryKind.CONSTRAINT, EntryKind.OPTION)


def _key(entry: Entry) -> PackageName | None:
    name = None if entry.requirement is None else entry.requirement.name
    return None if name is None else normalised(name)
