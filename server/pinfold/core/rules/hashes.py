"""Rules on the digests that requirements are checked against."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pinfold.core.formats.entry import EntryKind
from pinfold.core.formats.markers import applies
from pinfold.core.formats.plain_versions import allows
from pinfold.core.formats.problem import ProblemKind
from pinfold.core.formats.summary import LineTrait, is_exact_pin, summary_of
from pinfold.core.formats.versions import parsed_version
from pinfold.core.model.files import FileRole
from pinfold.core.model.finding import Finding, Related, Severity
from pinfold.core.model.text import TextRange
from pinfold.core.rules.demands import called_from
from pinfold.core.rules.installed import (
    distribution_of,
    is_left_out,
    local_path,
    one_line,
    packages_of,
    subject,
)
from pinfold.core.rules.registry import Family, file_rule, line_rule

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from pinfold.core.formats.document import Document
    from pinfold.core.formats.requirements import LogicalLine
    from pinfold.core.model.dependency import Option, PackageName
    from pinfold.core.model.environment import InstalledPackages
    from pinfold.core.model.facts import Facts
    from pinfold.core.rules.view import FileView

_DIGITS = {"sha256": 64, "sha384": 96, "sha512": 128}
_HEXADECIMAL = re.compile(r"[0-9a-fA-F]*")


@line_rule("invalid-hash", Family.HASHES, default=Severity.ERROR, since="0.1")
def invalid_hash(line: LogicalLine, _facts: Facts) -> Iterator[Finding]:
    """Hash is none that any archive can have.

    ## Why
    pip accepts `sha256`, `sha384` and `sha512`, and refuses the whole file for anything else.
    A digest of the wrong length, or with a character that is no hexadecimal digit, it reads, and
    then finds that no archive matches.

    ## Example
    ```requirements
    flask==3.1.0 --hash=md5:0123456789abcdef0123456789abcdef
    ```
    Use instead:
    ```requirements
    flask==3.1.0 --hash=sha256:d667207822eb83f1c4b50949b1623c8fc8d51f2341d65f72e1a1815397551136
    ```
    """
    entry = line.entry
    if entry is None:
        return
    problem = entry.problem
    if problem is not None and problem.kind is ProblemKind.INVALID_HASH:
        yield Finding(problem.range, problem.message)
        return
    for option in entry.options:
        if option.name != "hash" or option.value is None or "${" in option.value.text:
            continue
        algorithm, _, digest = option.value.text.partition(":")
        expected = _DIGITS.get(algorithm)
        if expected is None:
            continue
        wrong = next((c for c in digest if _HEXADECIMAL.fullmatch(c) is None), None)
        if wrong is not None:
            yield Finding(
                option.value.range, f"`{wrong}` is no hexadecimal digit: no archive matches this"
            )
        elif len(digest) != expected:
            yield Finding(
                option.value.range,
                f"a {algorithm} digest has {expected} digits, this has {len(digest)}: "
                "no archive matches it",
            )


@file_rule(
    "missing-hash",
    Family.HASHES,
    default=Severity.ERROR,
    constraints_default=Severity.OFF,
    since="0.1",
)
def missing_hash(view: FileView) -> Iterator[Finding]:
    """Requirement has no hash, though another one has.

    ## Why
    One `--hash` anywhere, in an included file too, makes pip check all: it then refuses every
    requirement that has none, and editables and version-control URLs altogether.
    `--no-require-hashes` turns that off.

    ## Example
    ```requirements
    flask==3.1.0 --hash=sha256:d667207822eb83f1c4b50949b1623c8fc8d51f2341d65f72e1a1815397551136
    redis==5.2.1
    ```
    Use instead:
    ```requirements
    flask==3.1.0 --hash=sha256:d667207822eb83f1c4b50949b1623c8fc8d51f2341d65f72e1a1815397551136
    redis==5.2.1 --hash=sha256:ee7e1056b9aea0f04c6c2ed59452947f34c4940ee025f5dd83e6a6418b6989e4
    ```
    """
    document = view.document
    if not document.traits.get(LineTrait.UNHASHED):
        return
    reason = _reason(view)
    if reason is None:
        return
    for start, line in document.with_trait(LineTrait.UNHASHED):
        entry = line.entry
        if entry is None:
            continue
        span = line.span("name")
        subject = entry.range if span is None else type(entry.range)(*span)
        what = "an editable can have no hash" if entry.kind is EntryKind.EDITABLE else "no hash"
        yield Finding(subject.shifted(start), f"{what}, and pip demands one: {reason}")


@line_rule("hash-without-pin", Family.HASHES, default=Severity.ERROR, since="0.1")
def hash_without_pin(line: LogicalLine, _facts: Facts) -> Iterator[Finding]:
    """Requirement has a hash, but does not fix its version.

    ## Why
    With hashes, pip demands that every version is pinned with `==`, and stops where one is not.

    ## Example
    ```requirements
    flask>=3 --hash=sha256:d667207822eb83f1c4b50949b1623c8fc8d51f2341d65f72e1a1815397551136
    ```
    Use instead:
    ```requirements
    flask==3.1.0 --hash=sha256:d667207822eb83f1c4b50949b1623c8fc8d51f2341d65f72e1a1815397551136
    ```
    """
    entry = line.entry
    if entry is None or entry.requirement is None or not entry.honoured("hash"):
        return
    requirement = entry.requirement
    if requirement.url is not None or requirement.path is not None:
        return
    if is_exact_pin(requirement.specifier):
        return
    parts = requirement.parts
    span = parts.specifier or parts.name
    if span is not None:
        yield Finding(span.range, "a requirement with a hash must be pinned with `==`")


def _disagreeing(view: FileView) -> Iterator[Finding]:
    if not view.document.traits.get(LineTrait.HASHED):
        return
    yield from _lines_against_each_other(view)
    yield from _lines_against_files(view)


@line_rule(
    "hash-mismatch", Family.HASHES, default=Severity.ERROR, since="0.1", check_file=_disagreeing
)
def hash_mismatch(line: LogicalLine, facts: Facts) -> Iterator[Finding]:
    """Hashes of a requirement are not those of what is there.

    ## Why
    An archive that matches no hash is refused by pip, and what is installed already is not what the
    file vouches for.
    Three things are compared with the hashes of a line: what the environment recorded of an archive
    that was installed from a URL or a path (`direct_url.json`); the local archive that the line
    names, where it is not larger than 64 MiB; and the hashes of another line, here or in an
    included file, that pins the same version.
    Of two such lines pip checks the archive against one only, so that the other one vouches for
    nothing.

    ## Example
    ```requirements
    flask==3.1.0 --hash=sha256:d667207822eb83f1c4b50949b1623c8fc8d51f2341d65f72e1a1815397551136
    flask==3.1.0 --hash=sha256:ee7e1056b9aea0f04c6c2ed59452947f34c4940ee025f5dd83e6a6418b6989e4
    ```
    Use instead:
    ```requirements
    flask==3.1.0 --hash=sha256:d667207822eb83f1c4b50949b1623c8fc8d51f2341d65f72e1a1815397551136
    ```
    """
    if local_path(line) is None:
        yield from _line_against_record(line, facts)


def _line_against_record(line: LogicalLine, facts: Facts) -> Iterator[Finding]:
    packages = packages_of(facts)
    entry = line.entry
    if packages is None or entry is None or not entry.honoured("hash"):
        return
    distribution = distribution_of(line, packages, None)
    if distribution is None or distribution.direct_url is None or is_left_out(line, packages):
        return
    recorded: dict[str, set[str]] = {}
    for text in distribution.direct_url.hashes:
        algorithm, _, digest = text.partition(":")
        recorded.setdefault(algorithm, set()).add(digest.lower())
    specifier = line.texts[2]
    if specifier is not None and allows(specifier, distribution.version) is not True:
        # Of another version, which `wrong-version` says.
        return
    given = _hashes(line)
    if not _have_nothing_in_common(given, recorded):
        return
    algorithm = next(name for name in given if name in recorded)
    shown = one_line(min(recorded[algorithm]))
    yield Finding(
        _range_of_hashes(line),
        f"what is installed has the {algorithm} digest `{shown}`, which is none of this line's",
    )


def _lines_against_each_other(view: FileView) -> Iterator[Finding]:
    document = view.document
    wanted: set[PackageName] = set()
    if len(document.names) < document.traits.get(LineTrait.NAMED, 0):
        wanted = {name for name, count in document.names.items() if count > 1}
    others = [file for file in view.included if file.document.traits.get(LineTrait.HASHED)]
    for file in others:
        wanted |= document.names.keys() & file.document.names.keys()
    if not wanted:
        return
    known: dict[tuple[PackageName, object], list[_Pin]] = {}
    for file in others:
        for pin in _hashed_pins(file.path, file.document, wanted):
            known.setdefault(pin.key, []).append(pin)
    packages = packages_of(view.facts)
    for pin in _hashed_pins(view.path, document, wanted):
        before = known.setdefault(pin.key, [])
        other = next((o for o in before if _contradict(pin, o, packages)), None)
        before.append(pin)
        if other is None:
            continue
        where = "" if other.path == view.path else f" of `{called_from(view.path, other.path)}`"
        yield Finding(
            _range_of_hashes(pin.line).shifted(pin.start),
            f"no archive matches both these hashes and those on line {other.number}{where}",
            related=(
                Related(
                    other.path,
                    _range_of_hashes(other.line).shifted(other.start),
                    "the other hashes of the same version",
                ),
            ),
        )


def _lines_against_files(view: FileView) -> Iterator[Finding]:
    for trait in (LineTrait.PATH, LineTrait.URL):
        for start, line in view.document.with_trait(trait):
            path = local_path(line) if LineTrait.HASHED in summary_of(line).traits else None
            if path is None:
                continue
            wrong = _line_against_file(view, line, path)
            # Of an archive that is there, what was recorded when it was installed says no more.
            told = _line_against_record(line, view.facts) if wrong is None else (wrong,)
            for finding in told:
                yield finding.moved(start)


def _line_against_file(view: FileView, line: LogicalLine, path: str) -> Finding | None:
    given = _hashes(line)
    found = {name: view.digest(path, name) for name in given if name in _DIGITS}
    there = {name: {digest} for name, digest in found.items() if digest is not None}
    if not _have_nothing_in_common(given, there):
        return None
    algorithm = next(name for name in given if name in there)
    (digest,) = there[algorithm]
    return Finding(
        _range_of_hashes(line),
        f"`{one_line(path)}` has the {algorithm} digest `{digest}`, which is none of this line's",
    )


@dataclass(frozen=True, slots=True)
class _Pin:
    """A line that pins a version and has hashes."""

    path: Path
    start: int
    number: int
    line: LogicalLine
    key: tuple[PackageName, object]
    hashes: Mapping[str, frozenset[str]]


def _hashed_pins(path: Path, document: Document, wanted: Collection[PackageName]) -> Iterator[_Pin]:
    for start, line in document.with_trait(LineTrait.HASHED):
        name = summary_of(line).name
        specifier = line.texts[2] if name in wanted else None
        if name is None or specifier is None or not is_exact_pin(specifier):
            continue
        version = specifier.lstrip("= ")
        number = document.position(start).line + 1
        key = (name, parsed_version(version) or version)
        yield _Pin(path, start, number, line, key, _hashes(line))


def _contradict(one: _Pin, other: _Pin, packages: InstalledPackages | None) -> bool:
    if not _have_nothing_in_common(one.hashes, other.hashes):
        return False
    markers = [pin.line.texts[4] for pin in (one, other)]
    if _compact(markers[0]) == _compact(markers[1]):
        return True
    if packages is None:
        # Where the marker holds that one of them has, both apply.
        return None in markers
    here = packages.environment.markers
    return all(marker is None or applies(marker, here) is True for marker in markers)


def _compact(marker: str | None) -> str | None:
    return None if marker is None else "".join(marker.split()).replace("'", '"')


def _have_nothing_in_common(
    one: Mapping[str, Collection[str]], other: Mapping[str, Collection[str]]
) -> bool:
    """Return whether both have digests by the same algorithm, and no digest is in both.

    As pip 26.3 intersects them: ``_internal/utils/hashes.py``, `Hashes.__and__`.
    """
    shared = one.keys() & other.keys()
    return bool(shared) and all(set(one[name]).isdisjoint(other[name]) for name in shared)


def _hashes(line: LogicalLine) -> Mapping[str, frozenset[str]]:
    """Return the digests that *line* allows, by algorithm; empty where a variable hides one."""
    found: dict[str, set[str]] = {}
    for option in _hash_options(line):
        assert option.value is not None
        if "${" in option.value.text:
            return {}
        algorithm, _, digest = option.value.text.partition(":")
        found.setdefault(algorithm, set()).add(digest.lower())
    return {algorithm: frozenset(digests) for algorithm, digests in found.items()}


def _range_of_hashes(line: LogicalLine) -> TextRange:
    """Return the range from the first hash of *line* to the last."""
    ranges = [option.value.range for option in _hash_options(line) if option.value is not None]
    return TextRange(ranges[0].start, ranges[-1].end) if ranges else subject(line)


def _hash_options(line: LogicalLine) -> tuple[Option, ...]:
    entry = line.entry
    if entry is None:
        return ()
    return tuple(option for option in entry.honoured("hash") if option.value is not None)


def _reason(view: FileView) -> str | None:
    """Return why pip checks hashes when it reads this file, or ``None`` if it does not."""
    if view.role is FileRole.INPUT and not view.document.traits.get(LineTrait.HASHED):
        return None
    documents = [(view.document, "this file")]
    documents += [
        (file.document, f"`{called_from(view.path, file.path)}`") for file in view.included
    ]
    reason: str | None = None
    for document, name in documents:
        if document.traits.get(LineTrait.HASHED) and reason is None:
            reason = f"another requirement of {name} has one"
        for _, line in document.with_trait(LineTrait.OPTION):
            if line.entry is None:
                continue
            if line.entry.honoured("no-require-hashes"):
                return None
            if line.entry.honoured("require-hashes"):
                reason = f"{name} says `--require-hashes`"
    return reason
