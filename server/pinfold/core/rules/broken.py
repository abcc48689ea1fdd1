"""The rule on installed packages whose own demands are not met, as ``pip check`` finds them.

Owns the choice of the line that answers for such a package. What is broken was found out by whoever
read the environment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pinfold.core.model.environment import Breakage
from pinfold.core.model.finding import Finding, Severity, UnmetNeed
from pinfold.core.rules.installed import one_line, packages_of, reach, roots, subject
from pinfold.core.rules.registry import Family, file_rule
from pinfold.core.rules.view import IncludeState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pinfold.core.model.dependency import PackageName
    from pinfold.core.model.environment import BrokenDependency, InstalledPackages
    from pinfold.core.model.text import TextRange
    from pinfold.core.rules.installed import Reach, Root
    from pinfold.core.rules.view import FileView

MAX_MESSAGE = 2_000
"""How much of a sentence of pip is repeated: whoever compares wants it whole."""


@file_rule(
    "broken-dependency",
    Family.ENVIRONMENT,
    default=Severity.WARNING,
    constraints_default=Severity.OFF,
    since="0.1",
)
def broken_dependency(view: FileView) -> Iterator[Finding]:
    """Installed package lacks something that it needs, or has it in a wrong version.

    ## Why
    The package may fail when it is used.
    The message is what `pip check` says.
    It stands at the line that names the package; else at the line that brought it, with the way
    from there: the line to which the package is nearest.
    What an included file brings is said there.
    What no line of any file brings, `pip check` alone tells.

    ## Example
    ```requirements
    flask==3.0.0
    ```
    Where this is installed:
    ```installed
    flask 3.0.0 requires werkzeug>=3
    werkzeug 2.3.8
    ```
    Use instead:
    ```requirements
    flask==3.0.0
    ```
    ```installed
    flask 3.0.0 requires werkzeug>=3
    werkzeug 3.1.3
    ```
    """
    yield from findings_of_broken(
        view, lambda broken: broken.breakage is not Breakage.PYTHON, lambda broken: broken.message
    )


def findings_of_broken(
    view: FileView,
    is_wanted: Callable[[BrokenDependency], bool],
    message: Callable[[BrokenDependency], str],
) -> Iterator[Finding]:
    """Yield a finding for each wanted broken thing that this file has to answer for."""
    packages = packages_of(view.facts)
    if packages is None or not packages.broken:
        return
    wanted = [broken for broken in packages.broken if is_wanted(broken)]
    if not wanted:
        return
    own = roots(view.document, view.path.parent, packages)
    brought = reach(packages, tuple(root for _, root in own))
    others = tuple(_included(view, packages))
    named = frozenset(name for file, _ in others for name, _ in file)
    spans: dict[int, TextRange] = {}
    for broken in wanted:
        name = broken.distribution
        position = brought.first.get(name)
        if position is None or name in named:
            continue
        way = brought.path(name)
        if len(way) > 1 and any(name in reached.first for _, reached in others):
            # The included file is judged as well, and cannot know of this one.
            continue
        index = own[position][0]
        if index not in spans:
            spans[index] = subject(view.document.lines[index]).shifted(view.document.starts[index])
        said = one_line(message(broken), MAX_MESSAGE) + _through(way)
        yield Finding(spans[index], said, need=_need(broken))


def _need(broken: BrokenDependency) -> UnmetNeed | None:
    if broken.needs is None:
        return None
    return UnmetNeed(broken.needs, is_missing=broken.breakage is Breakage.MISSING)


def _included(
    view: FileView, packages: InstalledPackages
) -> Iterator[tuple[tuple[Root, ...], Reach]]:
    """Yield what each included file brings that says itself what is broken of it."""
    if any(include.state is IncludeState.CYCLE for include in view.includes):
        # Each would leave it to the other.
        return
    for file in view.included:
        if not file.is_constraint and view.is_judged_alike(file.path):
            found = roots(file.document, file.path.parent, packages)
            named = tuple(root for _, root in found)
            yield named, reach(packages, named)


def _through(way: tuple[PackageName, ...]) -> str:
    if len(way) < 2:
        return ""
    return f" (through {' → '.join(f'`{name}`' for name in _shortened(way))})"


def _shortened(way: tuple[PackageName, ...]) -> tuple[str, ...]:
    names = tuple(one_line(name) for name in way)
    return names if len(names) <= 8 else (*names[:4], "…", *names[-3:])
