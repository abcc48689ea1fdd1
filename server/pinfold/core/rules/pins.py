"""Rules on how narrowly a requirement fixes its version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pinfold.core.formats.summary import LineTrait, is_exact_pin, normalised
from pinfold.core.formats.versions import parsed_version
from pinfold.core.model.finding import Applicability, Edit, Finding, Fix, Severity
from pinfold.core.model.text import TextRange
from pinfold.core.rules.installed import packages_of, pinnable_version
from pinfold.core.rules.registry import Family, line_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pinfold.core.formats.requirements import LogicalLine
    from pinfold.core.model.facts import Facts
    from pinfold.core.rules.view import FileView


def is_constrained(view: FileView, line: LogicalLine) -> bool:
    """Return whether a constraints file fixes the version of what *line* requires."""
    if not view.constrained:
        return False
    name = line.name
    return name is not None and normalised(name) in view.constrained


@line_rule(
    "unpinned",
    Family.PINS,
    default=Severity.WARNING,
    input_default=Severity.OFF,
    constraints_default=Severity.HINT,
    since="0.1",
    fix=Applicability.UNSAFE,
    reads_typical=frozenset({LineTrait.UNPINNED}),
    unless=is_constrained,
)
def unpinned(line: LogicalLine, facts: Facts) -> Iterator[Finding]:
    """Requirement accepts any version of the package.

    ## Why
    Two installs of the same file can then give two different programs.
    A version that a constraints file fixes counts as a pin.
    Files that a resolver compiles (`.in`) rightly leave versions open, so the rule is off there.

    ## Example
    ```requirements
    flask
    ```
    Use instead:
    ```requirements
    flask==3.1.0
    ```

    ## Fix safety
    Unsafe: it pins to the version that is installed here, or that `--versions` gives, which may not
    be the one you want.
    There is no fix for what was installed from a URL or a folder, which an index may not have.
    """
    if not _has_name_only(line):
        return
    span = line.span("name")
    name = line.name
    if span is None or name is None:
        return
    yield Finding(
        TextRange(*span),
        f"`{name}` may resolve to any version",
        _pin_fix(line, name, facts),
    )


@line_rule(
    "loosely-pinned",
    Family.PINS,
    default=Severity.OFF,
    since="0.1",
    fix=Applicability.UNSAFE,
    reads_typical=frozenset({LineTrait.UNPINNED}),
    unless=is_constrained,
)
def loosely_pinned(line: LogicalLine, facts: Facts) -> Iterator[Finding]:
    """Requirement limits the version, but does not fix it.

    ## Why
    Two installs at different times can give two different versions.
    That is what a library wants of its users; a file that a program is installed from mostly wants
    one exact version.
    The rule is off until a project turns it on, since many a file is meant as it stands.

    ## Example
    ```requirements
    flask>=3.0
    ```
    Use instead:
    ```requirements
    flask==3.1.0
    ```

    ## Fix safety
    Unsafe: it pins to the version that is installed here, or that `--versions` gives, if the
    requirement allows it.
    There is no fix for what was installed from a URL or a folder, which an index may not have.
    """
    specifier = line.texts[2]
    if specifier is None or is_exact_pin(specifier):
        return
    span = line.span("specifier")
    name = line.name
    if span is None or name is None:
        return
    yield Finding(
        TextRange(*span),
        f"`{name}` may resolve to any version that is `{specifier}`",
        _repin_fix(name, specifier, TextRange(*span), facts),
    )


@line_rule(
    "pre-release-pin",
    Family.PINS,
    default=Severity.INFO,
    since="0.1",
    reads_typical=frozenset({LineTrait.LETTERED}),
)
def pre_release_pin(line: LogicalLine, _facts: Facts) -> Iterator[Finding]:
    """Requirement pins a pre-release.

    ## Why
    A pin to an alpha, a beta, a release candidate or a development release mostly outlives its
    reason.

    ## Example
    ```requirements
    flask==3.0.0rc1
    ```
    Use instead:
    ```requirements
    flask==3.0.0
    ```
    """
    specifier = line.texts[2]
    if specifier is None or not is_exact_pin(specifier):
        return
    version = specifier.lstrip("= ")
    if version.replace(".", "").isdigit():
        # Most pins are digits and dots; packaging need not be loaded to see that.
        return
    span = line.span("specifier")
    if span is None:
        return
    from packaging.version import InvalidVersion, Version

    try:
        is_pre_release = Version(version).is_prerelease
    except (InvalidVersion, ValueError):
        return
    if is_pre_release:
        yield Finding(TextRange(*span), f"`{version}` is a pre-release")


def _has_name_only(line: LogicalLine) -> bool:
    name, _, specifier, url, _ = line.texts
    if name is None or specifier is not None or url is not None:
        return False
    if line.is_typical:
        return True
    entry = line.entry
    return entry is not None and entry.requirement is not None and entry.requirement.path is None


def _pin_fix(line: LogicalLine, name: str, facts: Facts) -> tuple[Fix, ...]:
    version = _known_version(name, facts)
    span = line.span("name")
    if version is None or span is None:
        return ()
    # After the extras, where there are some.
    end = span[1]
    entry = line.entry
    if entry is not None and entry.dependency is not None and entry.dependency.extras:
        end = line.text.index("]", entry.dependency.extras[-1].range.end) + 1
    edit = Edit(TextRange(end, end), f"=={version}")
    return (Fix(f"Pin `{name}` to {version}", (edit,), Applicability.UNSAFE),)


def _repin_fix(name: str, specifier: str, span: TextRange, facts: Facts) -> tuple[Fix, ...]:
    version = _known_version(name, facts)
    if version is None:
        return ()
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        if not SpecifierSet(specifier).contains(version, prereleases=True):
            return ()
    except InvalidSpecifier:
        return ()
    edit = Edit(span, f"=={version}")
    return (Fix(f"Pin `{name}` to {version}", (edit,), Applicability.UNSAFE),)


def _known_version(name: str, facts: Facts) -> str | None:
    """Return the version to pin *name* to.

    ``None`` too where it is that of an installed distribution which no index needs to have, or is
    no version: what comes from metadata may be any text, and must not become part of a file.
    """
    key = normalised(name)
    version = facts.versions.get(key)
    if version is None:
        return None
    packages = packages_of(facts)
    distribution = None if packages is None else packages.by_name.get(key)
    if distribution is not None and distribution.version == version:
        return pinnable_version(distribution)
    parsed = parsed_version(version)
    return None if parsed is None else str(parsed)
