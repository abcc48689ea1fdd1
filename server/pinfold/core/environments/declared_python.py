"""Which Python a project's own files ask for, and whether an environment has it.

Owns the reading of ``.python-version``, of ``requires-python`` and what came before it, and of what
a Pipfile asks for. Refuses to choose an environment by it: what is on disk is judged, what is asked
for is compared with that.

Formats: https://github.com/pyenv/pyenv (`.python-version`: names of versions, more than one line),
https://docs.astral.sh/uv/concepts/python-versions/#python-version-files (uv's ways to ask for one),
https://packaging.python.org/en/latest/specifications/pyproject-toml/#requires-python, setuptools'
``python_requires`` in setup.cfg, Poetry's ``[tool.poetry.dependencies] python``, and Pipenv's
``[requires]`` (https://pipenv.pypa.io/en/latest/pipfile.html).
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
from pinfold.core.model.text import TextRange

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pinfold.core.files import FileSystem
    from pinfold.core.formats.toml_source import TomlPath
    from pinfold.core.model.environment import Environment

PYTHON_VERSION = ".python-version"
PYPROJECT = "pyproject.toml"
SETUP_CFG = "setup.cfg"
PIPFILE = "Pipfile"

MAX_VERSION_FILE_BYTES = 16 * 1024
MAX_PROJECT_FILE_BYTES = 1024 * 1024

_MOST_ENTRIES = 50

_MOST_CLAUSES = 50


@dataclass(frozen=True, slots=True)
class PinnedEntry:
    """One version that a ``.python-version`` names; `start` is where, `line` counts from 0.

    `release` is the numbers of it, as many as are said, `implementation` whose. `specifier` is set
    instead where it is a range. Neither is for what names no version: ``system``, an environment.
    """

    line: int
    start: int
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
    """The Pythons that a project says it is for.

    `name` is what the setting is called, `said` what it says, at `range`. Of the `specifiers`, any
    one may be met.
    """

    path: Path
    line: int
    range: TextRange
    name: str
    said: str
    specifiers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DeclaredPython:
    """What the files of one folder ask for; ``None`` where they do not.

    `pipfile` is apart from `required`: it does not say what the project is for, but which Python
    its environment is to have.
    """

    pinned: PinnedPython | None = None
    required: RequiredPython | None = None
    pipfile: RequiredPython | None = None

    def or_else(self, further: DeclaredPython) -> DeclaredPython:
        """Return this, with what only files further away, those of *further*, ask for.

        A Pipfile further away is that of another project than one that says what it is for itself.
        """
        pinned = self.pinned or further.pinned
        nearest = self if self.required or self.pipfile else further
        return DeclaredPython(pinned, nearest.required, nearest.pipfile)


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
    pipfile = read_pipfile(folder / PIPFILE, filesystem) if PIPFILE.lower() in names else None
    return DeclaredPython(pinned, required, pipfile)


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
    for keys, read in (
        (("project", "requires-python"), _from_standard),
        (("tool", "poetry", "dependencies", "python"), from_poetry),
    ):
        said = _at(document.content, keys)
        specifiers = () if said is None else read(said)
        if said is not None and specifiers:
            return _required(path, document, keys, said, specifiers)
    return None


def read_pipfile(path: Path, filesystem: FileSystem) -> RequiredPython | None:
    """Return what the ``Pipfile`` at *path* requires, ``None`` if it says nothing."""
    text = _text(path, filesystem, MAX_PROJECT_FILE_BYTES)
    if text is None or "requires" not in text:
        return None
    document = parse_toml(text)
    if not isinstance(document, TomlDocument):
        return None
    # pipenv takes the full one where both are there.
    for name, tail in (("python_full_version", ""), ("python_version", ".*")):
        keys = ("requires", name)
        said = _at(document.content, keys)
        if said is not None and re.fullmatch(_PLAIN_RELEASE, said.strip()) is not None:
            return _required(path, document, keys, said, (f"=={said.strip()}{tail}",))
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
    line = text.count("\n", 0, found.start())
    where = TextRange(found.start(), found.end())
    return RequiredPython(path, line, where, "python_requires", specifier, (specifier,))


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


_PLAIN_RELEASE = r"(?a)[0-9]+(?:\.[0-9]+){0,2}"


def _entries(text: str) -> Iterator[PinnedEntry]:
    count = start = 0
    for line, content in enumerate(text.split("\n")):
        said = content.partition("#")[0].rstrip()
        # A range may have blanks in it; names are parted by them.
        is_range = said.lstrip()[:1] in tuple("<>=!~")
        for match in re.finditer(r"\S.*" if is_range else r"\S+", said):
            count += 1
            if count > _MOST_ENTRIES:
                return
            yield pinned_entry(match.group(), line, start + match.start())
        start += len(content) + 1


def pinned_entry(text: str, line: int = 0, start: int = 0) -> PinnedEntry:
    """Return what *text*, which is not empty, names to those who choose Pythons by name."""
    if text[0] in "<>=!~":
        is_range = parsed_specifier(text) is not None
        return PinnedEntry(line, start, text, specifier=text if is_range else None)
    for pattern, implementation in ((_VERSION, "cpython"), (_PYPY, "pypy")):
        match = re.fullmatch(pattern, text)
        if match is not None:
            release = tuple(int(number) for number in match["release"].split("."))
            # A bare `3.12` is any Python 3.12 to uv, and CPython to pyenv.
            is_bare = text[0].isdigit()
            return PinnedEntry(line, start, text, None if is_bare else implementation, release)
    return PinnedEntry(line, start, text)


def _required(
    path: Path, document: TomlDocument, keys: TomlPath, said: str, specifiers: tuple[str, ...]
) -> RequiredPython:
    where = document.value_range(keys)
    line = document.text.count("\n", 0, where.start)
    return RequiredPython(path, line, where, str(keys[-1]), said, specifiers)


def _at(content: object, keys: TomlPath) -> str | None:
    for key in keys:
        if not isinstance(content, dict):
            return None
        content = content.get(key)
    return content if isinstance(content, str) else None


def _from_standard(text: str) -> tuple[str, ...]:
    return (text,) if text.strip() and parsed_specifier(text) is not None else ()


def from_poetry(text: str) -> tuple[str, ...]:
    """Return Poetry's constraint as specifiers of PEP 440, any of which may be met.

    Nothing where it is none, or one that says something which they cannot. As poetry-core 2.5
    reads it: ``|`` or ``||`` between alternatives, commas or blanks between what must all be met,
    ``^3.9``, ``~3.9``, ``3.*``, and a version without an operator for just that.
    """
    specifiers: list[str] = []
    for alternative in re.split(r"\|\|?", text):
        clauses = re.findall(r"(?:[\^~<>=!]+\s*)?[^\s,\^~<>=!]+|[\^~<>=!]+", alternative)
        if not clauses or len(clauses) > _MOST_CLAUSES:
            return ()
        read = [_from_poetry_clause(clause) for clause in clauses]
        joined = ",".join(clause for clause in read if clause)
        if None in read or parsed_specifier(joined) is None:
            return ()
        specifiers.append(joined)
    return tuple(specifiers)


_POETRY_CLAUSE = (
    r"(?a)(?P<sign>[\^~<>=!]*)\s*v?(?P<version>[0-9]{1,4}(?:\.[0-9]{1,4}){0,3}"
    r"(?:(?:a|b|rc|\.dev)[0-9]{1,3})?)(?P<star>(?:\.\*)+)?"
)


def _from_poetry_clause(clause: str) -> str | None:
    """Return one clause in PEP 440's words, empty if it allows all; ``None`` if it is no clause."""
    if re.fullmatch(r"v?[xX*](?:\.[xX*])*", clause):
        return ""
    match = re.fullmatch(_POETRY_CLAUSE, clause)
    if match is None:
        return None
    sign, version, star = match["sign"], match["version"], match["star"]
    sign = "==" if sign in ("", "=") else sign
    if star and sign in ("==", "!="):
        return f"{sign}{version}.*"
    if star and sign in ("^", "~", "~="):
        return None
    if sign in ("^", "~"):
        parsed = parsed_version(version)
        if parsed is None:
            return None
        return f">={version},<{'.'.join(map(str, _above(parsed.release, sign)))}"
    # With a star, other comparisons are those of the version in front of it.
    return f"{sign}{version}"


def _above(release: tuple[int, ...], sign: str) -> list[int]:
    """Return the first version that a caret, or else a tilde, in front of *release* rules out."""
    if sign == "^":
        kept = next((index for index, number in enumerate(release) if number), len(release) - 1)
    else:
        kept = min(1, len(release) - 1)
    return [*release[:kept], release[kept] + 1]


def _text(path: Path, filesystem: FileSystem, limit: int) -> str | None:
    data = filesystem.read_bytes(path, limit)
    if isinstance(data, Unreadable):
        return None
    try:
        # What `echo 3.12 > .python-version` writes in Windows PowerShell is UTF-16.
        is_wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
        return data.decode("utf-16" if is_wide else "utf-8-sig")
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
    pinned = declared.pinned
    if pinned is not None and not any(
        _may_be(entry, version.release, python, implementation) for entry in pinned.entries
    ):
        first = pinned.entries[0]
        asked = " or ".join(f"`{entry.text}`" for entry in pinned.entries[:3])
        message = f"`{PYTHON_VERSION}` asks for {asked}, but the environment has {shown}"
        where = TextRange(first.start, first.start + len(first.text))
        found.append(PythonContradiction(pinned.path, first.line, message, where))
    for required in (declared.required, declared.pipfile):
        if required is not None and not any(
            _may_meet(specifier, python) for specifier in required.specifiers
        ):
            message = f"`{required.name}` is `{required.said}`, but the environment has {shown}"
            found.append(PythonContradiction(required.path, required.line, message, required.range))
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
