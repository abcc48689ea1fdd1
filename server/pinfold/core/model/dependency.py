"""One declared requirement, whatever format it stands in, with a range for each part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NewType

if TYPE_CHECKING:
    from pinfold.core.model.text import TextRange

PackageName = NewType("PackageName", str)
"""A project name in the normalised form of PEP 503."""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a declaration.

    `text` is what pip reads there, `range` where it stands in the source. The two differ in length
    when a continuation or a quote lies in between.
    """

    text: str
    range: TextRange


@dataclass(frozen=True, slots=True)
class Option:
    """An option as written on a line of a requirements file.

    `name` is pip's long name without dashes, whatever abbreviation or short form the file has.
    `spelling` is what stands there (``-r``, ``--req``). `value` is ``None`` for a flag. `range`
    covers the words of option and value, with their quotes. `honoured` is false where pip reads the
    option and then drops it without a word.
    """

    name: str
    spelling: Part
    value: Part | None
    range: TextRange
    honoured: bool


@dataclass(frozen=True, slots=True)
class Dependency:
    """A requirement: each part has its own range, or is ``None`` where the declaration has none.

    `name` is ``None`` for a bare URL or path; the project's name is then known only to whoever
    fetches it, save where an ``egg`` fragment or a wheel's file name says it. `clauses` are the
    comma-separated comparisons of `specifier`; `atoms` are the single comparisons of `marker`.
    `url` is a URL of any scheme, `path` a local path; a dependency has at most one of the two.
    """

    name: Part | None
    extras: tuple[Part, ...] = ()
    specifier: Part | None = None
    clauses: tuple[Part, ...] = ()
    url: Part | None = None
    path: Part | None = None
    marker: Part | None = None
    atoms: tuple[Part, ...] = ()
    hashes: tuple[Option, ...] = ()
    editable: bool = False
