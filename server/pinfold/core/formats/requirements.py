"""pip's requirements and constraints files as a lossless tree.

Owns the tree, and the fast way to it: one regular expression reads a typical line whole; everything
it does not match goes through pip's own steps (:mod:`pinfold.core.formats.logical_lines`,
:mod:`pinfold.core.formats.entry`). Knows nothing of files, includes or environment variables.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

from pinfold.core.formats.entry import MAX_LINE_LENGTH, Entry, EntryKind, read_entry
from pinfold.core.formats.logical_lines import (
    LINE_BREAKS,
    JoinedLine,
    is_continued,
    join_physical_lines,
)
from pinfold.core.formats.pep508 import MAX_CLAUSES
from pinfold.core.formats.requirement import Requirement
from pinfold.core.formats.urls import archive_extension
from pinfold.core.model.dependency import Dependency, Part
from pinfold.core.model.text import TextRange

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pinfold.core.formats.summary import LineSummary

# A typical line, read in one go. It accepts a part of what pip accepts, and nothing that pip or
# packaging reads differently: no tabs, no URLs, no options, no parentheses, ASCII only. Each
# repetition can end in one way only, so that a hostile line costs linear time.
_IDENTIFIER = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_RELEASE = r"[0-9]+(?:\.[0-9]+)*"
_VERSION = _RELEASE + r"(?:(?:a|b|rc)[0-9]+)?(?:\.post[0-9]+)?(?:\.dev[0-9]+)?"
_CLAUSE_PATTERN = (
    rf"(?:(?:[=!]= ?{_RELEASE}\.\*)"
    rf"|(?:(?:==|!=|>=|<=|>|<) ?{_VERSION})"
    rf"|(?:~= ?[0-9]+\.{_VERSION}))"
)
_VARIABLE = (
    "(?:python_version|python_full_version|sys_platform|platform_system|platform_machine|os_name"
    "|platform_python_implementation|implementation_name)"
)
_ATOM_PATTERN = rf"{_VARIABLE} ?(?:==|!=|<=|>=|<|>) ?(?:'[A-Za-z0-9_.-]*'|\"[A-Za-z0-9_.-]*\")"
# No fragment, no bracket, no semicolon: nothing in which pip looks for an egg, extras or a marker.
_URL = r"(?:git\+)?(?:https?|ssh)://[A-Za-z0-9._~/:@%+=?-]+"
_TYPICAL = re.compile(
    rf"(?P<name>{_IDENTIFIER})"
    rf"(?:\[(?P<extras>{_IDENTIFIER}(?:, ?{_IDENTIFIER})*)\])?"
    rf"(?: ?(?P<specifier>{_CLAUSE_PATTERN}(?: ?, ?{_CLAUSE_PATTERN}){{0,{MAX_CLAUSES - 1}}})"
    rf"| @ (?P<url>{_URL}))?"
    rf"(?: ?; ?(?P<marker>{_ATOM_PATTERN}(?: (?:and|or) {_ATOM_PATTERN})*))?"
    rf"(?: +(?P<comment>#[^\\{LINE_BREAKS}]*))?"
    r"(?P<end>\r?\n|\Z)"
    rf"|[^{LINE_BREAKS}]*(?:\r\n|[{LINE_BREAKS}]|\Z)"
)

_EXTRA = re.compile(_IDENTIFIER)
_CLAUSE = re.compile(_CLAUSE_PATTERN)
_ATOM = re.compile(_ATOM_PATTERN)


_Texts = tuple[str | None, str | None, str | None, str | None, str | None]


class LogicalLine:
    """One logical line of a requirements file: what pip reads as a unit.

    A value: everything about it is a pure function of `text`, and all ranges are relative to its
    start. Parts are worked out when asked for, then kept; `kept_summary` and `kept_findings` are
    room for what :mod:`pinfold.core.formats.summary` and :mod:`pinfold.core.rules.run` derive from
    the line, so that it is worked out once however often the file around it changes.

    Invariant: joining the texts of a file's lines gives back the file.
    """

    __slots__ = (
        "_entry",
        "_joined",
        "_match",
        "_text",
        "kept_findings",
        "kept_summary",
    )

    def __init__(self, match: re.Match[str] | None, text: str = "") -> None:
        self._match = match
        self._text = text
        self._entry: Entry | Literal[False] | None = False  # False: not read yet.
        self._joined: JoinedLine | None = None
        self.kept_summary: LineSummary | None = None
        self.kept_findings: object = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LogicalLine) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"LogicalLine({self.text!r})"

    def __len__(self) -> int:
        """Return the length of `text` in code points."""
        match = self._match
        return len(self._text) if match is None else match.end() - match.start()

    @property
    def text(self) -> str:
        """The raw text with continuations, comment and line end."""
        match = self._match
        return self._text if match is None else match.group()

    @property
    def is_typical(self) -> bool:
        """Whether the line is a plain named requirement, read in one go."""
        return self._match is not None

    @property
    def name(self) -> str | None:
        """The name of the project that the line requires, as it stands there; cheap to ask."""
        if self._match is not None:
            return self._match["name"]
        entry = self.entry
        if entry is None or entry.requirement is None:
            return None
        return entry.requirement.name

    @property
    def texts(self) -> _Texts:
        """Name, extras, specifier, URL and marker as they stand there, each ``None`` where absent.

        The cheap way to what most rules ask first: no ranges, no objects.
        """
        match = self._match
        if match is not None:
            return cast("_Texts", match.group(1, 2, 3, 4, 5))
        entry = self.entry
        if entry is None or entry.requirement is None:
            return (None, None, None, None, None)
        requirement = entry.requirement
        return (
            requirement.name,
            ",".join(requirement.extras) or None,
            requirement.specifier or None,
            requirement.url,
            requirement.marker,
        )

    def span(self, part: str) -> tuple[int, int] | None:
        """Return where ``name``, ``specifier``, ``url`` or ``marker`` stands, as a bare pair."""
        match = self._match
        if match is not None:
            start, end = match.span(part)
            base = match.start()
            return None if start < 0 else (start - base, end - base)
        entry = self.entry
        if entry is None or entry.requirement is None:
            return None
        found: Part | None = getattr(entry.requirement.parts, part)
        return None if found is None else (found.range.start, found.range.end)

    @property
    def comment(self) -> Part | None:
        """The comment with its ``#``, or ``None``."""
        match = self._match
        if match is None:
            return self._read().comment
        if match["comment"] is None:
            return None
        return _group(match, "comment")

    @property
    def entry(self) -> Entry | None:
        """What pip reads on the line, or ``None`` for a blank line or a comment."""
        if self._entry is False:
            if self._match is not None:
                self._entry = _typical_entry(self._match)
            elif self._text.lstrip()[:1] in ("", "#"):
                # Blank, or a comment, which is never continued: compiled files are full of both.
                self._entry = None
            else:
                joined = self._read()
                self._entry = read_entry(joined) if joined.text else None
        return self._entry

    def _read(self) -> JoinedLine:
        if self._joined is None:
            self._joined = join_physical_lines(self.text)
        return self._joined


@dataclass(frozen=True, slots=True)
class RequirementsFile:
    """The lossless tree of a requirements or constraints file.

    Invariant: ``"".join(line.text for line in lines)`` is the text it was read from.
    """

    lines: tuple[LogicalLine, ...]

    @property
    def text(self) -> str:
        """The text that the tree was read from."""
        return "".join(line.text for line in self.lines)

    def located(self) -> Iterator[tuple[int, LogicalLine]]:
        """Yield each line with the offset at which it starts."""
        start = 0
        for line in self.lines:
            yield start, line
            start += len(line)

    def entries(self) -> Iterator[tuple[int, Entry]]:
        """Yield what pip reads, each with the offset at which its line starts."""
        for start, line in self.located():
            entry = line.entry
            if entry is not None:
                yield start, entry


def parse_requirements(text: str) -> RequirementsFile:
    """Read pip's requirements format; a line that pip refuses becomes an entry of kind ``ERROR``.

    The tree is lossless: joining the text of ``lines`` gives back *text*. Environment variables
    stay unexpanded, because their values must not leak into hovers or logs. Takes linear time.

    Format: https://pip.pypa.io/en/stable/reference/requirements-file-format/
    Continuations and comments follow ``req_file.py`` of pip 26.3.
    """
    return RequirementsFile(tuple(split_logical_lines(text)))


def split_logical_lines(text: str) -> list[LogicalLine]:
    """Split *text* into logical lines; they are not parsed further until somebody asks."""
    lines: list[LogicalLine] = []
    append = lines.append
    waiting: list[str] = []
    may_be_long = len(text) > MAX_LINE_LENGTH
    for match in _TYPICAL.finditer(text):
        if match.lastgroup == "end" and not waiting:
            if (match.end(3) < 0 and _may_be_archive(match[1])) or (
                may_be_long and match.end() - match.start() > MAX_LINE_LENGTH
            ):
                append(LogicalLine(None, match.group()))
            else:
                append(LogicalLine(match))
            continue
        raw = match.group()
        if not raw:
            continue
        if is_continued(raw.rstrip(LINE_BREAKS) if raw[-1] in LINE_BREAKS else raw):
            waiting.append(raw)
        elif waiting:
            waiting.append(raw)
            append(LogicalLine(None, "".join(waiting)))
            waiting = []
        else:
            append(LogicalLine(None, raw))
    if waiting:
        append(LogicalLine(None, "".join(waiting)))
    return lines


def _may_be_archive(name: str) -> bool:
    # `foo.zip` is the name of a project for packaging, and a file for pip.
    return "." in name and archive_extension(name) is not None


def _group(match: re.Match[str], group: str) -> Part:
    start, end = match.span(group)
    base = match.start()
    return Part(match[group], TextRange(start - base, end - base))


def _groups(pattern: re.Pattern[str], match: re.Match[str], group: str) -> tuple[Part, ...]:
    start, end = match.span(group)
    if start < 0:
        return ()
    base = match.start()
    return tuple(
        Part(found.group(), TextRange(found.start() - base, found.end() - base))
        for found in pattern.finditer(match.string, start, end)
    )


def _typical_entry(match: re.Match[str]) -> Entry:
    name = _group(match, "name")
    extras = _groups(_EXTRA, match, "extras")
    url = None if match["url"] is None else _group(match, "url")
    specifier = None if match["specifier"] is None else _group(match, "specifier")
    marker = None if match["marker"] is None else _group(match, "marker")
    dependency = Dependency(
        name,
        extras,
        specifier,
        _groups(_CLAUSE, match, "specifier"),
        url=url,
        marker=marker,
        atoms=_groups(_ATOM, match, "marker"),
    )
    read_extras = {extra.text for extra in extras}
    if specifier is None and url is None:
        # Extras that end the text go through pip's reading of paths, which lower-cases them.
        read_extras = {extra.lower() for extra in read_extras}
    base = match.start()
    end = match.start("comment") if match["comment"] is not None else match.start("end")
    text = match.string[base:end].rstrip()
    return Entry(
        EntryKind.REQUIREMENT,
        text,
        TextRange(0, len(text)),
        requirement=Requirement(
            name.text,
            tuple(sorted(read_extras)),
            "" if specifier is None else specifier.text,
            None if marker is None else marker.text,
            None if url is None else url.text,
            None,
            dependency,
        ),
    )
