"""What a rule may see of a file and of the files around it. Values; whoever builds them reads."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from pinfold.core.model.facts import Facts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from pinfold.core.formats.document import Document
    from pinfold.core.formats.entry import Entry
    from pinfold.core.model.dependency import PackageName
    from pinfold.core.model.files import FileRole


class IncludeState(Enum):
    """What became of an include."""

    READ = "was read"
    UNREADABLE = "cannot be read"
    CYCLE = "leads back to a file that includes it"
    REMOTE = "is a URL, which is never fetched"
    UNKNOWN = "depends on an environment variable"
    TOO_DEEP = "is nested too deep"


@dataclass(frozen=True, slots=True)
class Include:
    """One ``-r`` or ``-c`` of a file.

    `start` is the offset of its line. `path` is where it leads, ``None`` unless that is a local
    path. `detail` says why it cannot be read, in words that follow the path.
    """

    start: int
    entry: Entry
    is_constraint: bool
    state: IncludeState
    path: Path | None = None
    detail: str = ""


class Lead(NamedTuple):
    """Where an include of a file leads: the offset of its line, and a local path."""

    start: int
    path: Path
    is_constraint: bool


@dataclass(frozen=True, slots=True)
class IncludedFile:
    """A file that another one pulls in, directly or through others.

    `is_constraint` is what the first include of it says; `leads` are its own includes in order, but
    for those that lead to no local path.
    """

    path: Path
    document: Document
    is_constraint: bool
    leads: tuple[Lead, ...] = ()


@dataclass(frozen=True, slots=True)
class Encoding:
    """How the bytes of a file were read; `is_usual` for UTF-8, byte-order mark or not."""

    name: str
    is_usual: bool
    detail: str


@dataclass(frozen=True, slots=True)
class FileView:
    """A file as rules see it.

    `includes` are its own includes in order; `included` is everything that they pull in, each file
    once, in pip's reading order, the file itself left out. `path_exists` says whether a local path
    that the file names exists, ``None`` if that is not known. `digest` gives the hexadecimal digest
    of the local file that a path leads to, by an algorithm of ``hashlib``; ``None`` if that is not
    known. `is_judged_alike` says whether an included file is judged by itself as one to install
    from, against the same environment. `encoding` is ``None`` for text that never was bytes.
    """

    path: Path
    role: FileRole
    document: Document
    facts: Facts = field(default_factory=Facts)
    includes: tuple[Include, ...] = ()
    included: tuple[IncludedFile, ...] = ()
    constrained: Mapping[PackageName, str] = field(default_factory=dict)
    encoding: Encoding | None = None
    path_exists: Callable[[str], bool | None] = lambda _path: None
    digest: Callable[[str, str], str | None] = lambda _path, _algorithm: None
    is_judged_alike: Callable[[Path], bool] = lambda _path: True
