"""Rules on requirements that are declared more than once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pinfold.core.formats.summary import LineTrait, normalised
from pinfold.core.model.finding import Applicability, Edit, Finding, Fix, Related, Severity
from pinfold.core.model.text import TextRange
from pinfold.core.rules.registry import Family, file_rule

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pinfold.core.formats.document import Document
    from pinfold.core.formats.requirements import LogicalLine
    from pinfold.core.model.dependency import PackageName
    from pinfold.core.rules.view import FileView


@file_rule(
    "duplicate-requirement",
    Family.DUPLICATES,
    default=Severity.WARNING,
    input_default=Severity.HINT,
    since="0.1",
    fix=Applicability.SAFE,
)
def duplicate_requirement(view: FileView) -> Iterator[Finding]:
    """Package is required twice under the same condition.

    ## Why
    pip takes both lines, and the version must satisfy both.
    Whoever changes one of them does not see the other.
    Lines whose markers differ are no duplicates; nor is a constraint one of a requirement.

    ## Example
    ```requirements
    flask==3.1.0
    redis==5.2.1
    Flask==3.1.0
    ```
    Use instead:
    ```requirements
    flask==3.1.0
    redis==5.2.1
    ```

    ## Fix safety
    Safe where both lines ask for exactly the same: the second one goes.
    There is no fix otherwise.
    """
    document = view.document
    if len(document.names) < document.traits.get(LineTrait.NAMED, 0):
        repeated = {name for name, count in document.names.items() if count > 1}
        yield from _within(view, repeated)
    told: set[int] = set()
    for file in view.included:
        if file.is_constraint or len(told) == document.traits.get(LineTrait.NAMED, 0):
            continue
        shared = document.names.keys() & file.document.names.keys()
        for name in sorted(shared):
            for start, finding in _across(view, file.path, file.document, name):
                # The first file that requires it is enough to say.
                if start not in told:
                    told.add(start)
                    yield finding


def _within(view: FileView, repeated: set[PackageName]) -> Iterator[Finding]:
    seen: dict[tuple[PackageName, str | None], tuple[int, LogicalLine]] = {}
    for start, line in zip(view.document.starts, view.document.lines, strict=True):
        name = line.name
        if name is None or normalised(name) not in repeated:
            continue
        key = (normalised(name), _marker(line))
        first = seen.setdefault(key, (start, line))
        if first[1] is line and first[0] == start:
            continue
        number = view.document.position(first[0]).line + 1
        same = _request(first[1]) == _request(line)
        fixes = (_remove(start, line),) if same else ()
        yield Finding(
            _subject(line).shifted(start),
            f"`{name}` is already required on line {number}",
            fixes,
            (_place(view.path, *first),),
        )


def _across(
    view: FileView, path: Path, document: Document, name: PackageName
) -> Iterator[tuple[int, Finding]]:
    there = {_marker(line): (start, line) for start, line in document.named(name)}
    for start, line in view.document.named(name):
        found = there.get(_marker(line))
        if found is None:
            continue
        number = document.position(found[0]).line + 1
        fixes = (_remove(start, line),) if _request(found[1]) == _request(line) else ()
        finding = Finding(
            _subject(line).shifted(start),
            f"`{line.name}` is already required by `{path.name}`, line {number}",
            fixes,
            (_place(path, *found),),
        )
        yield start, finding


def _place(path: Path, start: int, line: LogicalLine) -> Related:
    return Related(path, _subject(line).shifted(start), "first required here")


def _marker(line: LogicalLine) -> str | None:
    marker = line.texts[4]
    return None if marker is None else "".join(marker.split()).replace("'", '"')


def _request(line: LogicalLine) -> tuple[object, ...]:
    """Return everything that the line asks for; equal where one of two lines can go."""
    name, extras, specifier, url, marker = line.texts
    hashes: frozenset[str] = frozenset()
    settings: tuple[str, ...] = ()
    editable = False
    if not line.is_typical and line.entry is not None:
        entry = line.entry
        editable = entry.dependency is not None and entry.dependency.editable
        hashes = frozenset(
            option.value.text for option in entry.honoured("hash") if option.value is not None
        )
        settings = tuple(
            option.value.text
            for option in entry.honoured("config-settings")
            if option.value is not None
        )
    asked = None if specifier is None else "".join(specifier.split())
    return (
        None if name is None else normalised(name),
        None if extras is None else frozenset(normalised(e.strip()) for e in extras.split(",")),
        asked,
        url,
        _marker(line) if marker else None,
        hashes,
        settings,
        editable,
    )


def _subject(line: LogicalLine) -> TextRange:
    span = line.span("name")
    if span is not None:
        return TextRange(*span)
    assert line.entry is not None
    return line.entry.range


def _remove(start: int, line: LogicalLine) -> Fix:
    edit = Edit(TextRange(start, start + len(line)), "")
    return Fix("Remove this line", (edit,), Applicability.SAFE)
