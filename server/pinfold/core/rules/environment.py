"""Rules on what requirements ask for and the environment has.

Silent as long as nobody knows the environment. What is broken among installed packages is in
:mod:`pinfold.core.rules.broken`, what extras need in :mod:`pinfold.core.rules.extras`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pinfold.core.formats.markers import applies
from pinfold.core.formats.plain_versions import allows
from pinfold.core.formats.summary import LineTrait, summary_of
from pinfold.core.formats.urls import archive_extension
from pinfold.core.model.environment import EnvironmentState
from pinfold.core.model.finding import Applicability, Edit, Finding, Fix, Severity
from pinfold.core.model.text import TextRange
from pinfold.core.rules.installed import (
    distribution_of,
    environment_name,
    is_left_out,
    local_path,
    one_line,
    packages_of,
    pinnable_version,
    subject,
    told_by_file_name,
)
from pinfold.core.rules.origins import another_origin
from pinfold.core.rules.registry import Family, file_rule, line_rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pinfold.core.formats.requirements import LogicalLine
    from pinfold.core.model.environment import InstalledDistribution, InstalledPackages
    from pinfold.core.model.facts import Facts
    from pinfold.core.rules.view import FileView


def _paths_not_installed(view: FileView) -> Iterator[Finding]:
    # What a path means depends on where the file stands, which no line knows.
    packages = packages_of(view.facts)
    if packages is None:
        return
    for start, line in view.document.with_trait(LineTrait.PATH):
        if summary_of(line).name is not None or is_left_out(line, packages):
            continue
        path = local_path(line)
        if path is None or distribution_of(line, packages, view.path.parent) is not None:
            continue
        if _is_archive_of_unknown_project(line, path) or _is_missing(view, line):
            continue
        yield _not_installed(line, path, packages).moved(start)


def _is_missing(view: FileView, line: LogicalLine) -> bool:
    """Return whether *line* names a path that leads nowhere, which `missing-file` says."""
    entry = line.entry if LineTrait.PATH in summary_of(line).traits else None
    path = None if entry is None or entry.dependency is None else entry.dependency.path
    return path is not None and view.path_exists(path.text) is False


@line_rule(
    "not-installed",
    Family.ENVIRONMENT,
    default=Severity.WARNING,
    constraints_default=Severity.OFF,
    since="0.1",
    reads_typical=frozenset({LineTrait.REQUIREMENT}),
    unless=_is_missing,
    check_file=_paths_not_installed,
)
def not_installed(line: LogicalLine, facts: Facts) -> Iterable[Finding]:
    """Requirement is not installed in the environment of the file.

    ## Why
    What needs the package fails when it is imported, or does without it in silence.
    A line whose marker is false in this environment is left out, here as by pip.
    A local project, `./lib` or `-e .`, counts as installed where the environment says that
    something was installed from this folder; the path is taken from the folder of the file, then
    from those above it.
    Of a bare URL, only the file name of an archive says which package it is; where it does not, the
    line is not judged.

    ## Example
    ```requirements
    flask==3.1.0
    redis==5.2.1
    ```
    Where this is installed:
    ```installed
    flask 3.1.0
    ```
    Use instead:
    ```requirements
    flask==3.1.0
    ```
    """
    packages = packages_of(facts)
    if packages is None:
        return ()
    name = summary_of(line).name
    if name is None:
        return _unnamed_not_installed(line, packages)
    if name in packages.by_name or is_left_out(line, packages):
        return ()
    return (_not_installed(line, line.name or name, packages),)


def _unnamed_not_installed(line: LogicalLine, packages: InstalledPackages) -> Iterable[Finding]:
    """Judge a URL by itself; a path has to wait for the file."""
    entry = line.entry
    if entry is None or entry.requirement is None or entry.requirement.parts.url is None:
        return ()
    if is_left_out(line, packages) or distribution_of(line, packages, None) is not None:
        return ()
    told = told_by_file_name(line)
    path = local_path(line)
    if told is not None:
        return (_not_installed(line, told[0], packages),)
    if path is not None and not _is_archive_of_unknown_project(line, path):
        return (_not_installed(line, path, packages),)
    return ()


def _is_archive_of_unknown_project(line: LogicalLine, path: str) -> bool:
    return archive_extension(path) is not None and told_by_file_name(line) is None


def _not_installed(line: LogicalLine, what: str, packages: InstalledPackages) -> Finding:
    return Finding(
        subject(line), f"`{one_line(what)}` is not installed in `{environment_name(packages)}`"
    )


@line_rule(
    "wrong-version",
    Family.ENVIRONMENT,
    default=Severity.WARNING,
    since="0.1",
    fix=Applicability.UNSAFE,
    reads_typical=frozenset({LineTrait.REQUIREMENT}),
)
def wrong_version(line: LogicalLine, facts: Facts) -> Iterable[Finding]:
    """Installed version is not one that the requirement allows.

    ## Why
    What runs here is not what the file promises, nor what others get from it.
    Of a URL, the version is compared that the file name of its archive tells; and where the
    environment recorded the URL that a package came from (`direct_url.json`), that URL and its
    revision.
    An editable install of the same project is left alone: that is how people work on it.

    ## Example
    ```requirements
    flask==3.1.0
    ```
    Where this is installed:
    ```installed
    flask 3.0.0
    ```
    Use instead:
    ```requirements
    flask==3.0.0
    ```

    ## Fix safety
    Unsafe: it pins to the version that is installed here, and mostly the line is right and the
    environment is old.
    There is no fix where the line has hashes, which are those of other archives, nor for what was
    installed from a URL or a folder.
    """
    packages = packages_of(facts)
    if packages is None:
        return ()
    name = summary_of(line).name
    if name is None:
        return _unnamed_wrong_version(line, packages)
    distribution = packages.by_name.get(name)
    if distribution is None:
        return ()
    _, _, specifier, url, _ = line.texts
    if specifier is None:
        return () if url is None else _wrong_origin(line, distribution, packages)
    version = distribution.version
    # Text that is equal needs no judge, and most of it is.
    if specifier[2:] == version and specifier[:2] == "==":
        return ()
    if allows(specifier, version) is not False or is_left_out(line, packages):
        return ()
    asked = f"{line.name}{''.join(specifier.split())}"
    return (
        Finding(
            TextRange(*span) if (span := line.span("specifier")) else subject(line),
            f"`{one_line(asked)}` is required, {one_line(version)} is installed",
            _pin_to_installed(line, distribution),
        ),
    )


def _pin_to_installed(line: LogicalLine, distribution: InstalledDistribution) -> tuple[Fix, ...]:
    span = line.span("specifier")
    if span is None or (not line.is_typical and line.entry and line.entry.honoured("hash")):
        return ()
    version = pinnable_version(distribution)
    if version is None:
        return ()
    edit = Edit(TextRange(*span), f"=={version}")
    return (Fix(f"Pin to the installed version, {version}", (edit,), Applicability.UNSAFE),)


def _wrong_origin(
    line: LogicalLine, distribution: InstalledDistribution, packages: InstalledPackages
) -> Iterable[Finding]:
    url = line.texts[3]
    if url is None or is_left_out(line, packages):
        return ()
    entry = line.entry
    if entry is not None and entry.dependency is not None and entry.dependency.editable:
        # Made editable or not, the checkout that is installed is one that people change.
        return ()
    difference = another_origin(url, distribution)
    if difference is None:
        return ()
    span = line.span("url")
    return (Finding(subject(line) if span is None else TextRange(*span), difference),)


def _unnamed_wrong_version(line: LogicalLine, packages: InstalledPackages) -> Iterable[Finding]:
    told = told_by_file_name(line)
    if told is None or is_left_out(line, packages):
        return ()
    distribution = packages.by_name.get(told[0])
    if distribution is None or distribution.editable is not None:
        return ()
    if allows(f"=={told[1]}", distribution.version) is not False:
        return ()
    return (
        Finding(
            subject(line),
            f"`{told[0]}=={told[1]}` is required, {one_line(distribution.version)} is installed",
        ),
    )


@line_rule(
    "unused-marker",
    Family.ENVIRONMENT,
    default=Severity.HINT,
    since="0.1",
    reads_typical=frozenset({LineTrait.MARKED}),
)
def unused_marker(line: LogicalLine, facts: Facts) -> Iterator[Finding]:
    """Requirement is left out in this environment, because its marker is false there.

    ## Why
    Nothing is wrong: pip passes the line over here, and takes it elsewhere.
    Editors may show such lines faded.
    A marker that asks for something that is not known of the environment is not judged.

    ## Example
    ```requirements
    tomli==2.2.1 ; python_version < "3.11"
    ```
    Where this is installed:
    ```installed
    python 3.11.2
    ```
    Use instead:
    ```requirements
    tomli==2.2.1 ; python_version < "3.12"
    ```
    ```installed
    python 3.11.2
    tomli 2.2.1
    ```
    """
    packages = packages_of(facts)
    marker = line.texts[4]
    if packages is None or marker is None:
        return
    markers = packages.environment.markers
    span = line.span("marker")
    if span is None or applies(marker, markers) is not False:
        return
    yield Finding(
        TextRange(*span),
        f"not installed here: `{one_line(marker)}` is false on {one_line(markers.label)}",
    )


@file_rule(
    "no-environment",
    Family.ENVIRONMENT,
    default=Severity.INFO,
    constraints_default=Severity.OFF,
    since="0.1",
)
def no_environment(view: FileView) -> Iterator[Finding]:
    """File has no environment that its requirements could be compared with.

    ## Why
    Without one, nobody can tell what is missing or out of date.
    The nearest `.venv` beside the file or in a folder above it is taken, and other usual places.
    Of an environment that is there and broken, `broken-environment` speaks instead.

    ## What to do
    Make an environment, say `python -m venv .venv`; or name one in `[tool.pinfold] environment`, or
    with `--env`.
    """
    answer = view.facts.environment
    if answer is None or answer.state is EnvironmentState.FOUND or answer.is_meant:
        return
    where = first_subject(view)
    if where is None or any(ailment.is_severe for ailment in answer.ailments):
        return
    if answer.state is EnvironmentState.NONE:
        message = (
            "no environment was found for this file, so nothing is compared with what is "
            "installed: make `.venv`, or name one in `[tool.pinfold] environment`"
        )
    else:
        message = (
            "the environment of this file cannot be read, so nothing is compared with what is "
            f"installed: {one_line(answer.reason)}"
        )
    yield Finding(where, message)


def first_subject(view: FileView) -> TextRange | None:
    """Return where a finding about the environment of a whole file stands, ``None`` if nowhere.

    At what the file requires first. One that requires nothing needs no environment.
    """
    first = next(view.document.with_trait(LineTrait.REQUIREMENT), None)
    return None if first is None else subject(first[1]).shifted(first[0])
