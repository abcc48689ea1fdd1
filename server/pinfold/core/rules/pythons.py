"""The rule on packages that are made for another Python than the environment's."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from pinfold.core.formats.summary import LineTrait
from pinfold.core.formats.urls import InvalidUrl, parse_url
from pinfold.core.model.environment import Breakage
from pinfold.core.model.finding import Finding, Severity
from pinfold.core.model.text import TextRange
from pinfold.core.rules.broken import findings_of_broken
from pinfold.core.rules.installed import (
    environment_name,
    is_left_out,
    one_line,
    packages_of,
    subject,
)
from pinfold.core.rules.registry import Family, line_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging.tags import Tag

    from pinfold.core.formats.requirements import LogicalLine
    from pinfold.core.model.environment import BrokenDependency, Environment
    from pinfold.core.model.facts import Facts
    from pinfold.core.rules.view import FileView

_INTERPRETER = re.compile(r"(?P<kind>[a-z]+)(?P<major>[0-9])(?P<minor>[0-9]*)")
_KINDS = {"cp": "CPython", "pp": "PyPy", "py": "Python"}
_SYSTEMS = {"win": "win32", "macosx": "darwin", "linux": "linux", "manylinux": "linux"}
_SYSTEMS |= {"musllinux": "linux"}
_SYSTEM_NAMES = {"win32": "Windows", "darwin": "macOS", "linux": "Linux"}


def _installed_for_other_pythons(view: FileView) -> Iterator[Finding]:
    packages = packages_of(view.facts)
    if packages is None or not packages.broken:
        return
    by_name = packages.by_name
    name, python = environment_name(packages), _python(packages.environment)

    def message(broken: BrokenDependency) -> str:
        distribution = by_name.get(broken.distribution)
        if distribution is None:
            return broken.message
        wanted = one_line(distribution.requires_python or "another one")
        shown = f"{one_line(distribution.name)} {one_line(distribution.version)}"
        return f"{shown} is for Python `{wanted}`, and `{name}` has {python}"

    yield from findings_of_broken(view, lambda broken: broken.breakage is Breakage.PYTHON, message)


@line_rule(
    "not-for-this-python",
    Family.ENVIRONMENT,
    default=Severity.WARNING,
    constraints_default=Severity.OFF,
    since="0.1",
    reads_typical=frozenset({LineTrait.URL}),
    check_file=_installed_for_other_pythons,
)
def not_for_this_python(line: LogicalLine, facts: Facts) -> Iterator[Finding]:
    """Package is made for another Python than the one of the environment.

    ## Why
    pip refuses to install such a package, and does not look at it again once it is installed.
    An environment whose Python was replaced by a newer one ends up so, or one into which something
    was installed by force.
    The installed package's own `Requires-Python` counts.
    Of a URL or path of a wheel, its file name says for which Pythons and systems it is.

    ## Example
    ```requirements
    numpy==2.3.0
    ```
    Where this is installed:
    ```installed
    python 3.10.4
    numpy 2.3.0 requires python>=3.11
    ```
    Use instead:
    ```requirements
    numpy==2.2.6
    ```
    ```installed
    python 3.10.4
    numpy 2.2.6 requires python>=3.10
    ```
    """
    packages = packages_of(facts)
    if packages is None:
        return
    filename = _wheel(line)
    if filename is None or is_left_out(line, packages):
        return
    tags = _tags(filename)
    if not tags:
        return
    environment = packages.environment
    values = environment.markers.values
    name = environment_name(packages)
    if not any(_is_for_python(tag, environment) for tag in tags):
        yield Finding(
            subject_of_url(line),
            f"wheel is for {_pythons(tags)}, `{name}` has {_python(environment)}",
        )
        return
    system = values.get("sys_platform")
    if system in _SYSTEM_NAMES and not any(_system(tag) in (system, None) for tag in tags):
        systems = sorted({_SYSTEM_NAMES[found] for tag in tags if (found := _system(tag))})
        yield Finding(
            subject_of_url(line),
            f"wheel is for {' and '.join(systems)}, `{name}` is for {_SYSTEM_NAMES[system]}",
        )


def subject_of_url(line: LogicalLine) -> TextRange:
    """Return the range of the URL or path of *line*."""
    span = line.span("url") or line.span("path")
    return subject(line) if span is None else TextRange(*span)


def _wheel(line: LogicalLine) -> str | None:
    url = line.texts[3]
    if url is None:
        entry = None if line.is_typical else line.entry
        path = None if entry is None or entry.dependency is None else entry.dependency.path
        if path is None:
            return None
        filename = re.split(r"[/\\]", path.text)[-1]
    else:
        try:
            filename = parse_url(url).filename
        except InvalidUrl:
            return None
    return filename if filename.endswith(".whl") and "${" not in filename else None


@lru_cache(maxsize=1_024)
def _tags(filename: str) -> frozenset[Tag]:
    """Return the tags in the name of a wheel; none if it is no valid name."""
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename

    try:
        return parse_wheel_filename(filename)[3]
    except (InvalidWheelFilename, ValueError):
        return frozenset()


def _is_for_python(tag: Tag, environment: Environment) -> bool:
    """Return whether *tag* may run there, by interpreter and ABI; unknown kinds may."""
    version = _version(environment)
    match = _INTERPRETER.fullmatch(tag.interpreter)
    if version is None or match is None or match["kind"] not in _KINDS:
        return True
    implementation = environment.markers.values.get("implementation_name")
    kind, major = match["kind"], int(match["major"])
    if kind != "py" and implementation not in (None, "cpython" if kind == "cp" else "pypy"):
        return False
    if major != version[0]:
        return False
    if not match["minor"]:
        return True
    minor = int(match["minor"])
    if kind == "py" or (kind == "cp" and tag.abi.startswith("abi")):
        return minor <= version[1]
    # Without abi3, compiled code is for one version; and so says a cp tag with no ABI at all.
    return minor == version[1]


def _version(environment: Environment) -> tuple[int, int] | None:
    match = re.match(r"([0-9]+)\.([0-9]+)", environment.python or "")
    return None if match is None else (int(match[1]), int(match[2]))


def _python(environment: Environment) -> str:
    kind = environment.markers.values.get("platform_python_implementation") or "Python"
    return f"{kind} {environment.python or ''}".strip()


def _pythons(tags: frozenset[Tag]) -> str:
    shown: set[str] = set()
    for tag in tags:
        match = _INTERPRETER.fullmatch(tag.interpreter)
        if match is not None and match["kind"] in _KINDS:
            version = match["major"] + (f".{match['minor']}" if match["minor"] else "")
            later = " and later" if tag.abi.startswith("abi") else ""
            shown.add(f"{_KINDS[match['kind']]} {version}{later}")
    return " or ".join(sorted(shown))


def _system(tag: Tag) -> str | None:
    """Return the ``sys.platform`` that *tag* is for, ``None`` if it does not say."""
    name = re.match(r"[a-z]+", tag.platform)
    return None if name is None else _SYSTEMS.get(name.group())
