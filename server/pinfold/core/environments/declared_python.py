"""Which Python a project's own files ask for, and whether an environment has it.

Owns the reading of ``.python-version`` and of ``requires-python`` and what came before it. Refuses
to choose an environment by it: what is on disk is judged, what is asked for is compared with that.

Formats: https://github.com/pyenv/pyenv (`.python-version`: names of versions, more than one line),
https://docs.astral.sh/uv/concepts/python-versions/#python-version-files (uv's ways to ask for one),
https://packaging.python.org/en/latest/specifications/pyproject-toml/#requires-python, setuptools'
``python_requires`` in setup.cfg, and Poetry's ``[tool.poetry.dependencies] python``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from pinfold.core.files import Unreadable
from pinfold.core.formats.toml_source import TomlDocument, parse_toml
from pinfold.core.formats.versions import allows, parsed_specifier, parsed_version
from pinfold.core.model.environment import PythonContradiction

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pinfold.core.files import FileSystem
    from pinfold.core.formats.toml_source import TomlPath
    from pinfold.core.model.environment import Environment

PYTHON_VERSION = ".python-version"
PYPROJECT = "pyproject.toml"
SETUP_CFG = "setup.cfg"

MAX_VERSION_FILE_BYTES = 16 * 1024
MAX_PROJECT_FILE_BYTES = 1024 * 1024

_MOST_ENTRIES = 50


@dataclass(frozen=True, slots=True)
class PinnedEntry:
    """One version that a ``.python-version`` names.

    `release` is the numbers of it, as many as are said, `implementation` whose. `specifier` is set
    instead where it is a range. Neither is for what names no version: ``system``, an environment.
    """

    line: int
    text: str
    implementation: str | None = None
    release: tuple[int, ...] | None = None
    specifier: str | None = None

    @property
    def may_be_environment(self) -> bool:
        """Whether it may be what pyenv-virtualenv calls an environment."""
        is_version = self.release is not None or self.specifier is not None
        return (
            not is_version and self.text != "system" and re.fullmatch(_NAME, self.text) is not None
        )


@dataclass(frozen=True, slots=True)
class PinnedPython:
    """What a ``.python-version`` says: the entries in their order, of which any may be meant."""

    path: Path
    entries: tuple[PinnedEntry, ...]


@dataclass(frozen=True, slots=True)
class RequiredPython:
    """The Pythons that a project says it is for. `name` is what the setting is called."""

    path: Path
    line: int
    name: str
    specifier: str


@dataclass(frozen=True, slots=True)
class DeclaredPython:
    """What the files of one folder ask for; ``None`` where they do not."""

    pinned: PinnedPython | None = None
    required: RequiredPython | None = None


def contradictions(
    environment: Environment, declared: DeclaredPython
) -> tuple[PythonContradiction, ...]:
    """Return what of *declared* the Python of *environment* certainly does not meet."""
    implementation = environment.markers.values.get("implementation_name")
    return _contradictions(environment.python, implementation, declared)


def read_declared(folder: Path, filesystem: FileSystem, names: frozenset[str]) -> DeclaredPython:
    """Return what the files in *folder* ask for, of which *names* in lower case are there."""
    pinned = read_pinned(folder / PYTHON_VERSION, filesystem) if PYTHON_VERSION in names else None
    required = None
    if PYPROJECT in names:
        required = read_pyproject(folder / PYPROJECT, filesystem)
    if required is None and SETUP_CFG in names:
        required = read_setup_cfg(folder / SETUP_CFG, filesystem)
    return DeclaredPython(pinned, required)


def read_pinned(path: Path, filesystem: FileSystem) -> PinnedPython | None:
    """Return what the ``.python-version`` at *path* says, ``None`` if that is nothing."""
    text = _text(path, filesystem, MAX_VERSION_FILE_BYTES)
    if text is None or "\0" in text:
        return None
    entries = tuple(_entries(text))
    return PinnedPython(path, entries) if entries else None


def read_pyproject(path: Path, filesystem: FileSystem) -> RequiredPython | None:
    """Return what the ``pyproject.toml`` at *path* requires, ``None`` if it says nothing."""
    text = _text(path, filesystem, MAX_PROJECT_FILE_BYTES)
    # Most have no such entry, or are read for the sake of nothing else: parsing takes long.
    if text is None or ("requires-python" not in text and "poetry" not in text):
        return None
    document = parse_toml(text)
    if not isinstance(document, TomlDocument):
        return None
    for keys, name in (
        (("project", "requires-python"), "requires-python"),
        (("tool", "poetry", "dependencies", "python"), "python"),
    ):
        said = _at(document.content, keys)
        specifier = None if said is None else _from_poetry(said) if name == "python" else said
        if specifier and parsed_specifier(specifier) is not None:
            line = text.count("\n", 0, document.value_range(keys).start)
            return RequiredPython(path, line, name, specifier)
    return None


def read_setup_cfg(path: Path, filesystem: FileSystem) -> RequiredPython | None:
    """Return what the ``setup.cfg`` at *path* requires, ``None`` if it says nothing."""
    text = _text(path, filesystem, MAX_PROJECT_FILE_BYTES)
    found = None if text is None else re.search(_SETTING, text)
    if text is None or found is None:
        return None
    import configparser

    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(text)
        specifier = parser.get("options", "python_requires", fallback="").strip()
    except configparser.Error:
        return None
    if not specifier or parsed_specifier(specifier) is None:
        return None
    return RequiredPython(path, text.count("\n", 0, found.start()), "python_requires", specifier)


# As text, which `re` compiles when it is first needed: most projects need none of these.
_SETTING = r"(?m)^python_requires[ \t]*[=:]"

# What pyenv-virtualenv lets people choose, and `3.12.4/envs/name`, which is the same at length.
_NAME = r"(?a)[A-Za-z0-9][\w.+-]*(?:/envs/[A-Za-z0-9][\w.+-]*)?"

_VERSION = (
    r"(?ai)(?:c?python[-@]?)?(?P<release>[23](?:\.[0-9]{1,3}){0,2})(?:(?:a|b|rc)[0-9]{1,3})?"
    r"(?:t|d|-dev|\+freethreaded|\+debug)?(?:-(?:linux|macos|windows|any|none)[\w-]*)?"
)

# pyenv's `pypy3.10-7.3.12`: PyPy 7.3.12, which is Python 3.10.
_PYPY = r"(?ai)(?:pypy|pp)[-@]?(?P<release>[23](?:\.[0-9]{1,2}){1,2})(?:-[\w.+-]*)?"


def _entries(text: str) -> Iterator[PinnedEntry]:
    count = 0
    for line, content in enumerate(text.split("\n")):
        said = content.partition("#")[0].strip()
        # A range may have blanks in it; names are parted by them.
        parts = [said] if said[:1] in "<>=!~" else said.split()
        for part in filter(None, parts):
            count += 1
            if count > _MOST_ENTRIES:
                return
            yield _entry(line, part)


def _entry(line: int, text: str) -> PinnedEntry:
    if text[0] in "<>=!~":
        is_range = parsed_specifier(text) is not None
        return PinnedEntry(line, text, specifier=text if is_range else None)
    for pattern, implementation in ((_VERSION, "cpython"), (_PYPY, "pypy")):
        match = re.fullmatch(pattern, text)
        if match is not None:
            release = tuple(int(number) for number in match["release"].split("."))
            # A bare `3.12` is any Python 3.12 to uv, and CPython to pyenv.
            is_bare = text[0].isdigit()
            return PinnedEntry(line, text, None if is_bare else implementation, release)
    return PinnedEntry(line, text)


def _at(content: object, keys: TomlPath) -> str | None:
    for key in keys:
        if not isinstance(content, dict):
            return None
        content = content.get(key)
    return content if isinstance(content, str) else None


_POETRY_CLAUSE = r"(?P<sign>[\^~])(?P<release>[0-9]{1,3}(?:\.[0-9]{1,3}){0,2})"


def _from_poetry(text: str) -> str | None:
    """Return Poetry's ``^3.9`` and ``~3.9`` as PEP 440 has them; ``None`` if that has no such."""
    clauses: list[str] = []
    for clause in (part.strip() for part in text.split(",")):
        match = re.fullmatch(_POETRY_CLAUSE, clause)
        if match is None:
            clauses.append(clause)
            continue
        numbers = [int(number) for number in match["release"].split(".")]
        if match["sign"] == "^":
            kept = next((index for index, number in enumerate(numbers) if number), len(numbers) - 1)
        else:
            kept = min(1, len(numbers) - 1)
        above = [*numbers[:kept], numbers[kept] + 1]
        clauses.append(f">={match['release']},<{'.'.join(map(str, above))}")
    joined = ",".join(clauses)
    return joined if parsed_specifier(joined) is not None else None


def _text(path: Path, filesystem: FileSystem, limit: int) -> str | None:
    data = filesystem.read_bytes(path, limit)
    if isinstance(data, Unreadable):
        return None
    try:
        # What `echo 3.12 > .python-version` writes in Windows PowerShell is UTF-16.
        is_wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
        return data.decode("utf-16" if is_wide else "utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        return None


@lru_cache(maxsize=16_384)
def _contradictions(
    python: str | None, implementation: str | None, declared: DeclaredPython
) -> tuple[PythonContradiction, ...]:
    version = None if python is None else parsed_version(python)
    if python is None or version is None:
        return ()
    found: list[PythonContradiction] = []
    shown = f"{_NAMES.get(implementation or '', 'Python')} {python}"
    pinned, required = declared.pinned, declared.required
    if pinned is not None and not any(
        _may_be(entry, version.release, python, implementation) for entry in pinned.entries
    ):
        asked = " or ".join(f"`{entry.text}`" for entry in pinned.entries[:3])
        message = f"`{PYTHON_VERSION}` asks for {asked}, but the environment has {shown}"
        found.append(PythonContradiction(pinned.path, pinned.entries[0].line, message))
    if required is not None and not _may_meet(required.specifier, python):
        message = f"`{required.name}` is `{required.specifier}`, but the environment has {shown}"
        found.append(PythonContradiction(required.path, required.line, message))
    return tuple(found)


_NAMES = {"cpython": "Python", "pypy": "PyPy"}


def _may_be(
    entry: PinnedEntry, release: tuple[int, ...], python: str, implementation: str | None
) -> bool:
    if entry.specifier is not None:
        return _may_meet(entry.specifier, python)
    if entry.release is None:
        return True
    if (
        None not in (implementation, entry.implementation)
        and implementation != entry.implementation
    ):
        return False
    # As many numbers as both have: 3.12 is met by 3.12.4, and may be met where no more is known.
    return all(one == other for one, other in zip(entry.release, release, strict=False))


def _may_meet(specifier: str, python: str) -> bool:
    """Return whether *python* may be allowed, of which not every number may be known."""
    if python.count(".") >= 2:
        return allows(specifier, python) is not False
    known = (python, *(f"{python}.{micro}" for micro in range(_MICROS)))
    return any(allows(specifier, version) is not False for version in known)


_MICROS = 40
"""More than any Python has had releases of one minor version."""
