"""Rules on the digests that requirements are checked against."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pinfold.core.formats.entry import EntryKind
from pinfold.core.formats.problem import ProblemKind
from pinfold.core.formats.summary import LineTrait, is_exact_pin
from pinfold.core.model.files import FileRole
from pinfold.core.model.finding import Finding, Severity
from pinfold.core.rules.registry import Family, file_rule, line_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pinfold.core.formats.requirements import LogicalLine
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


def _reason(view: FileView) -> str | None:
    """Return why pip checks hashes when it reads this file, or ``None`` if it does not."""
    if view.role is FileRole.INPUT and not view.document.traits.get(LineTrait.HASHED):
        return None
    documents = [(view.document, "this file")]
    documents += [(file.document, f"`{file.path.name}`") for file in view.included]
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
