"""Rules on other files that a file names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pinfold.core.formats.summary import LineTrait
from pinfold.core.model.finding import Finding, Severity
from pinfold.core.rules.registry import Family, file_rule
from pinfold.core.rules.view import IncludeState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pinfold.core.rules.view import FileView, Include


@file_rule("missing-file", Family.SYNTAX, default=Severity.ERROR, since="0.1")
def missing_file(view: FileView) -> Iterator[Finding]:
    """File or directory that a line names is not there, or cannot be read.

    ## Why
    pip stops at an include that it cannot open, and at a local project that does not exist.
    The path of an include is relative to the file that names it.
    The path of a project, `./lib` or `-e ./lib`, is relative to the directory that pip is run in:
    it is looked for beside the file, in the repository's root and in the workspace folders.

    ## Example
    ```requirements
    -r requirements/bsae.txt
    ```
    ```requirements requirements/base.txt
    flask==3.1.0
    ```
    Use instead:
    ```requirements
    -r requirements/base.txt
    ```
    """
    for include in view.includes:
        if include.state is IncludeState.UNREADABLE and include.entry.target is not None:
            target = include.entry.target
            yield Finding(target.range.shifted(include.start), f"`{target.text}` {include.detail}")
    for start, line in view.document.with_trait(LineTrait.PATH):
        entry = line.entry
        if entry is None or entry.dependency is None or entry.dependency.path is None:
            continue
        path = entry.dependency.path
        if view.path_exists(path.text) is False:
            yield Finding(
                path.range.shifted(start),
                f"`{path.text}` does not exist beside this file, nor in the root of the project",
            )


@file_rule("include-cycle", Family.SYNTAX, default=Severity.ERROR, since="0.1")
def include_cycle(view: FileView) -> Iterator[Finding]:
    """Files include each other in a circle.

    ## Why
    pip stops when a file includes itself, directly or through others.

    ## Example
    ```requirements
    -r requirements-dev.txt
    ```
    ```requirements requirements-dev.txt
    -r requirements.txt
    pytest==8.3.4
    ```
    Use instead:
    ```requirements
    flask==3.1.0
    ```
    """
    for include in view.includes:
        if include.state is IncludeState.CYCLE:
            yield _finding(include, "the file includes itself")
        elif include.state is IncludeState.TOO_DEEP:
            yield _finding(include, "includes are nested too deep")


def _finding(include: Include, fallback: str) -> Finding:
    target = include.entry.target
    span = include.entry.range if target is None else target.range
    return Finding(span.shifted(include.start), _sentence(include, fallback))


def _sentence(include: Include, fallback: str) -> str:
    if not include.detail:
        return f"{fallback}; pip stops here"
    if include.state is IncludeState.CYCLE:
        return f"files include each other: {include.detail}; pip stops here"
    return f"{fallback}: {include.detail}"
