"""What locators look at environments with.

Owns the reading of one folder that may be an environment, and what many of them share during one
search: base interpreters, where links lead. Refuses to judge which tool keeps an environment: that
is what locators are for. Works on text instead of paths, since there may be hundreds.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

from pinfold.core.environments.interpreters import (
    Interpreter,
    minor_in_name,
    minor_of,
    name_of,
    only_minor,
    read_interpreters,
    read_version,
    real_path,
)
from pinfold.core.environments.layout import is_remains
from pinfold.core.environments.pyvenv_cfg import (
    MAX_CFG_BYTES,
    VenvConfiguration,
    parse_pyvenv_cfg,
)
from pinfold.core.environments.stalls import Stalled
from pinfold.core.files import Unreadable, UnreadableReason, is_local_path
from pinfold.core.model.installation import Installation, InstallationKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pinfold.core.environments.places import Surroundings
    from pinfold.core.files import FileSystem

T = TypeVar("T")

MAX_ENTRIES = 5_000
"""How many names of a folder that holds environments are looked at."""

MAX_TEXT_BYTES = 256 * 1024
"""How much of a tool's own file is read."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something that was not looked at, or not to its end, and why, in a clause."""

    path: str
    reason: str


class Cancelled(Exception):
    """The search is no longer wanted."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whose an environment is: what a locator says of one that it recognises.

    `evidence` is a clause that says by what; `name` what the tool calls it, `project` whose it is.
    """

    kind: InstallationKind
    evidence: str
    name: str | None = None
    project: str | None = None


class Candidate:
    """A folder that is an environment, read as far as it was asked about.

    `prefix` is its path as the user knows it, `name` its last part; `parent` is the folder that it
    is in, with `parent_name`, and `above` the one that this is in. `configuration` is its
    ``pyvenv.cfg``, ``None`` if it has none, and `keys` what stands there, names in lower case; of
    one that `has_lost_configuration` both are empty.
    `real` is the path with links followed, where whoever found it knows that.
    """

    __slots__ = (
        "_filesystem",
        "_names",
        "_siblings",
        "above",
        "configuration",
        "has_lost_configuration",
        "keys",
        "name",
        "parent",
        "parent_name",
        "prefix",
        "real",
    )

    def __init__(
        self,
        prefix: str,
        filesystem: FileSystem,
        configuration: VenvConfiguration | None,
        keys: dict[str, str],
        *,
        names: frozenset[str] | None = None,
        siblings: frozenset[str] | None = None,
        has_lost_configuration: bool = False,
    ) -> None:
        self.prefix = prefix
        self.parent, _, self.name = prefix.rpartition(os.sep)
        self.above, _, self.parent_name = self.parent.rpartition(os.sep)
        self.configuration = configuration
        self.keys = keys
        self._filesystem = filesystem
        self._names = names
        self._siblings = siblings
        self.has_lost_configuration = has_lost_configuration
        self.real: str | None = None

    @property
    def names(self) -> frozenset[str]:
        """The names in the folder."""
        if self._names is None:
            self._names = _names(self.prefix, self._filesystem)
        return self._names

    @property
    def siblings(self) -> frozenset[str]:
        """The names in the folder that it is in."""
        if self._siblings is None:
            self._siblings = _names(self.parent, self._filesystem)
        return self._siblings

    @property
    def is_conda(self) -> bool:
        """Whether conda, or a program that does the same, made it."""
        return self.configuration is None and "conda-meta" in self.names


def _names(folder: str, filesystem: FileSystem) -> frozenset[str]:
    names = filesystem.names(folder)
    return frozenset() if isinstance(names, Unreadable) else frozenset(names)


@lru_cache(maxsize=512)
def _read_configuration(data: bytes) -> tuple[VenvConfiguration, dict[str, str]]:
    """Return what a ``pyvenv.cfg`` says; hundreds of them often say the same."""
    keys: dict[str, str] = {}
    for line in data.decode("utf-8", "replace").split("\n")[:_MOST_LINES]:
        key, equals, value = line.partition("=")
        if equals:
            keys[key.strip().lower()] = value.strip()
    return parse_pyvenv_cfg(data), keys


_MOST_LINES = 1_000


@dataclass(frozen=True, slots=True)
class _Link:
    """Where the executable of an environment leads; `real` is ``None`` if nowhere."""

    real: str | None


class Inspector:
    """Reads environments and interpreters during one search.

    *on_left_out* is told what is not looked at. *check* is called between any two environments and
    raises :class:`Cancelled` once nobody wants to know. `silent` are places that did not answer,
    and without which something was found nevertheless. Who *goes_on* past them gets all the rest;
    for others the first of them is the end, since what is missing may be what they ask for.
    """

    def __init__(
        self,
        surroundings: Surroundings,
        filesystem: FileSystem,
        *,
        on_left_out: Callable[[LeftOut], None] | None = None,
        check: Callable[[], None] | None = None,
        goes_on: bool = False,
    ) -> None:
        self.surroundings = surroundings
        self.filesystem = filesystem
        self._on_left_out = on_left_out
        self._check = check
        self._goes_on = goes_on
        self._real: dict[str, str] = {}
        self._programs: dict[str, _Link] = {}
        self._bases: dict[tuple[str, str | None], tuple[str | None, str | None]] = {}
        self._interpreters: dict[str, tuple[Interpreter, ...]] = {}
        self._paths: dict[str, Path] = {}
        self._kept: dict[object, object] = {}
        self.silent: dict[str, None] = {}

    def passes_over(self, error: Stalled) -> None:
        """Note that a place does not answer, without which the search goes on."""
        self.silent[error.path] = None

    def once(self, read: Callable[[Inspector], T]) -> T:
        """Return what *read* gives of this inspector; it is called once, however often asked for.

        For what a locator reads of a tool's settings: it is asked about hundreds of environments.
        """
        if read not in self._kept:
            self._kept[read] = read(self)
        return cast("T", self._kept[read])

    def check(self) -> None:
        """Raise :class:`Cancelled` once the search is no longer wanted."""
        if self._check is not None:
            self._check()

    def leave_out(self, path: str, reason: str) -> None:
        """Say that something is not looked at."""
        if self._on_left_out is not None:
            self._on_left_out(LeftOut(path, reason))

    def real_path(self, path: str) -> str:
        """Return *path* with every link followed."""
        return real_path(path, self.filesystem, self._real)

    def children(self, folder: str | None, *, links: bool = True) -> Iterator[str]:
        """Yield the paths of what is in *folder*, sorted by name; nothing if it is not there.

        Without *links*, what is a link to a folder is passed over.
        """
        if folder is None:
            return
        self.check()
        if self.surroundings.is_foreign(folder):
            self.leave_out(folder, FOREIGN)
            return
        try:
            listing = self.filesystem.scan(folder)
        except Stalled as error:
            if not self._goes_on:
                raise
            self.passes_over(error)
            return
        if isinstance(listing, Unreadable):
            if listing.reason is UnreadableReason.DENIED:
                self.leave_out(folder, listing.detail)
            return
        names = listing.directories + listing.files if links else listing.directories
        names.sort()
        if len(names) > MAX_ENTRIES:
            self.leave_out(folder, f"holds more than {MAX_ENTRIES} names, so some were passed over")
        for name in names[:MAX_ENTRIES]:
            yield os.path.join(folder, name)

    def text(self, path: str) -> str | None:
        """Return what the small text file at *path* holds, ``None`` if there is none."""
        data = self.filesystem.read_start(path, MAX_TEXT_BYTES)
        return (
            None if isinstance(data, Unreadable) else data.data.decode("utf-8", "surrogateescape")
        )

    def candidate(
        self,
        prefix: str,
        *,
        names: frozenset[str] | None = None,
        siblings: frozenset[str] | None = None,
    ) -> Candidate | None:
        """Return *prefix* as an environment, ``None`` if it does not look like one.

        *names* are those in it and *siblings* those beside it, where somebody has them already.
        """
        self.check()
        path = prefix + os.sep + "pyvenv.cfg"
        start = self.filesystem.read_start(path, MAX_CFG_BYTES)
        if not isinstance(start, Unreadable):
            configuration, keys = _read_configuration(start.data)
            return Candidate(
                prefix, self.filesystem, configuration, keys, names=names, siblings=siblings
            )
        if start.reason is not UnreadableReason.MISSING and self.filesystem.exists(path):
            # Unreadable, but there: an environment with something wrong, and not none.
            return Candidate(
                prefix, self.filesystem, VenvConfiguration(), {}, names=names, siblings=siblings
            )
        found = Candidate(prefix, self.filesystem, None, {}, names=names, siblings=siblings)
        if found.is_conda:
            return found
        if found.names.isdisjoint(_FOLDERS_OF_PROGRAMS):
            # Most folders: nothing else of theirs is asked about.
            return None
        if is_remains(Path(prefix), self.filesystem):
            return Candidate(
                prefix,
                self.filesystem,
                VenvConfiguration(),
                {},
                names=found.names,
                siblings=siblings,
                has_lost_configuration=True,
            )
        return found if _is_old_virtualenv(found, self.filesystem) else None

    def environment(self, candidate: Candidate, judgement: Judgement) -> Installation:
        """Return a candidate as what a locator has judged it to be."""
        prefix = candidate.prefix
        executable, link = self._executable(prefix)
        version, implementation = self._version(candidate, executable, link)
        home = candidate.configuration.home if candidate.configuration is not None else None
        real = link.real if link is not None else None
        return Installation(
            Path(prefix),
            judgement.kind,
            is_base=False,
            executable=None if executable is None else Path(executable),
            real_executable=None if real is None else self._path(real),
            version=version,
            implementation=implementation,
            base_home=None if home is None else self._path(home),
            name=judgement.name,
            project=None if judgement.project is None else Path(judgement.project),
            evidence=(judgement.evidence,),
        )

    def bases(
        self,
        prefix: str,
        kind: InstallationKind,
        evidence: str,
        *,
        hint: str | None = None,
        name: str | None = None,
        folder: str | None = None,
    ) -> Iterator[Installation]:
        """Yield the base interpreters at *prefix*, whose `kind` and `evidence` the caller knows.

        *hint* is the version that the name of the folder says. *folder* is where its executables
        are, if it is neither ``bin`` nor *prefix* itself.
        """
        self.check()
        places = [folder] if folder is not None else [os.path.join(prefix, "bin"), prefix]
        for place in places:
            found = self.interpreters(place, hint=hint)
            real = self.real_path(prefix)
            own = [one for one in found if one.prefix == real or _is_below(one.prefix, real)]
            for index, interpreter in enumerate(own):
                yield base_installation(
                    prefix, interpreter, kind, evidence, name=name, shares_prefix=index > 0
                )
            if own:
                return

    def interpreters(self, folder: str, *, hint: str | None = None) -> tuple[Interpreter, ...]:
        """Return the interpreters in a folder of executables."""
        found = self._interpreters.get(folder)
        if found is None:
            found = tuple(read_interpreters(folder, self.filesystem, known=self._real, hint=hint))
            self._interpreters[folder] = found
        return found

    def _path(self, text: str) -> Path:
        """Return *text* as a path; the same one for all that ask, since many share a base."""
        found = self._paths.get(text)
        if found is None:
            found = self._paths[text] = Path(text)
        return found

    def _executable(self, prefix: str) -> tuple[str | None, _Link | None]:
        """Return the interpreter of an environment by its most usual name, if one stands there."""
        for name in _EXECUTABLES:
            path = f"{prefix}{os.sep}{name}"
            target = self.filesystem.read_link(path)
            if target is not None:
                return path, self._follow(path, target)
            if self.filesystem.is_file(path):
                return path, _Link(self.real_path(path))
        return None, None

    def _follow(self, path: str, target: str) -> _Link:
        """Return where a link leads. One step at a time as long as that stays in its folder.

        Only what is outside is worth remembering: it is the same for many environments.
        """
        found = self._programs.get(target)
        if found is not None:
            # By far the most: the absolute path of an interpreter that others lead to as well.
            return found
        folder = os.path.dirname(path)
        for _ in range(_MOST_STEPS):
            if "/" in target or os.sep in target:
                break
            path = f"{folder}{os.sep}{target}"
            following = self.filesystem.read_link(path)
            if following is None:
                is_file = self.filesystem.is_file(path)
                return _Link(self.real_path(path) if is_file else None)
            target = following
        else:
            return _Link(None)
        outside = os.path.normpath(os.path.join(folder, target))
        found = self._programs.get(outside)
        if found is None:
            # What a link of a repository says must not make anybody log on to another machine.
            try:
                is_file = is_local_path(outside) and self.filesystem.is_file(outside)
                found = _Link(self.real_path(outside) if is_file else None)
            except Stalled as error:
                # Not said to be broken: nobody knows.
                self.passes_over(error)
                found = _Link(outside)
            self._programs[outside] = found
        return found

    def _version(
        self, candidate: Candidate, executable: str | None, link: _Link | None
    ) -> tuple[str | None, str]:
        """Return the version and implementation of an environment.

        What the interpreter is called that is there, and what the base interpreter's own files say,
        counts for more than ``pyvenv.cfg``, which stays as it is when the base is upgraded.
        """
        configuration = candidate.configuration
        if configuration is None:
            return self._plain_version(candidate, executable)
        said = configuration.implementation
        minor = None if configuration.version is None else minor_of(configuration.version)
        version, implementation = None, None
        real = None if link is None else link.real
        running = None
        if real is not None and not _is_below(real, candidate.prefix):
            running = minor_in_name(name_of(real))
        if configuration.home is not None:
            version, implementation = self._base(configuration.home, running or minor)
            if implementation is None and running is None:
                # Nothing in the base is what pyvenv.cfg says: its library may say another.
                library = only_minor(candidate.prefix, self.filesystem, None)
                if library is not None and library != minor:
                    version, implementation = self._base(configuration.home, library)
        if version is None and real is not None and running is not None and running != minor:
            version, implementation = self._base(os.path.dirname(real), running)
            version = version or running
        implementation = said.lower() if said is not None else implementation
        if implementation is None:
            implementation = "cpython"
        return version or configuration.version, implementation

    def _base(self, home: str, minor: str | None) -> tuple[str | None, str | None]:
        """Return version and implementation of the base interpreter in the folder *home*."""
        key = (home, minor)
        found = self._bases.get(key)
        if found is None:
            try:
                found = self._read_base(home, minor)
            except Stalled as error:
                self.passes_over(error)
                found = (None, None)
            self._bases[key] = found
        return found

    def _read_base(self, home: str, minor: str | None) -> tuple[str | None, str | None]:
        if not os.path.isabs(home) or not is_local_path(home):  # noqa: PTH117
            return None, None
        # uv's link of a minor version: the folder's real name says more.
        real = self.real_path(home)
        hint = version_in_name(name_of(os.path.dirname(real)))
        for interpreter in self.interpreters(os.path.normpath(home), hint=hint):
            if minor is None or interpreter.minor == minor:
                version = interpreter.version
                full = version if version is not None and version.count(".") > 1 else None
                return full, interpreter.implementation
        return None, None

    def _plain_version(
        self, candidate: Candidate, executable: str | None
    ) -> tuple[str | None, str]:
        """Return the version of what has no ``pyvenv.cfg``: conda's, and an old virtualenv's."""
        if candidate.is_conda:
            told = read_version(candidate.prefix, None, self.filesystem)
            return told.version, told.implementation or "cpython"
        if executable is None:
            return None, "cpython"
        folder = os.path.dirname(executable)
        for interpreter in self.interpreters(folder):
            return interpreter.version, interpreter.implementation
        return None, "cpython"


FOREIGN = "is on a drive of Windows, whose Pythons do not run here"

_EXECUTABLES = (
    ("Scripts/python.exe", "bin/python", "python.exe", "bin/python3")
    if os.name == "nt"
    else ("bin/python", "bin/python3", "Scripts/python.exe", "bin/pypy3", "python.exe")
)
_MOST_STEPS = 10


def _is_below(path: str, folder: str) -> bool:
    return path.startswith(folder + os.sep)


def base_installation(
    prefix: str,
    interpreter: Interpreter,
    kind: InstallationKind,
    evidence: str,
    *,
    name: str | None = None,
    shares_prefix: bool = False,
) -> Installation:
    """Return a base interpreter as an installation at *prefix*, as the user knows that."""
    return Installation(
        Path(prefix),
        kind,
        is_base=True,
        executable=Path(interpreter.executable),
        real_executable=Path(interpreter.real_executable),
        version=interpreter.version,
        implementation=interpreter.implementation,
        name=name,
        evidence=(evidence,),
        is_externally_managed=interpreter.is_externally_managed,
        shares_prefix=shares_prefix,
    )


def _is_old_virtualenv(candidate: Candidate, filesystem: FileSystem) -> bool:
    """Return whether a virtualenv before 20 made it, which wrote no ``pyvenv.cfg``."""
    return any(
        filesystem.is_file(os.path.join(candidate.prefix, folder, "activate_this.py"))
        for folder in _FOLDERS_OF_PROGRAMS
    )


_FOLDERS_OF_PROGRAMS = frozenset({"bin", "Scripts"})

_NAMED_VERSION = re.compile(
    r"(?:^|[-_@]|python|cpython)(?P<version>[23]\.[0-9]{1,2}(?:\.[0-9]{1,3}(?:(?:a|b|rc)[0-9]+)?)?)"
    r"(?=$|[-_+t.])",
    re.IGNORECASE,
)


def version_in_name(name: str) -> str | None:
    """Return the version of Python that a folder's name says: ``cpython-3.12.4-linux-x86_64-gnu``.

    ``pypy3.10-7.3.12`` says 3.10; that of PyPy itself is another matter.
    """
    if name.lower().startswith(("pypy", "graalpy")):
        match = re.match(r"(?:pypy|graalpy)-?([23]\.[0-9]{1,2})(?=[-.v]|$)", name, re.IGNORECASE)
        return None if match is None else match[1]
    found = _NAMED_VERSION.search(name)
    return None if found is None else found["version"]
