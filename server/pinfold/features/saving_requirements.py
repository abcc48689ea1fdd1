"""A requirement written into a requirements file, or taken out of it: as edits, not yet made.

Owns where in a file, and in those that it includes, a requirement stands or belongs, and what of a
line stays: its comment, its marker, its options, its order. Every other line is read by pip as
before. Whatever cannot be done so is refused with the reason; nothing is written here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pinfold.core.environments.planning.asked import read_typed
from pinfold.core.environments.planning.refusal import Refusal
from pinfold.core.formats.entry import EntryKind
from pinfold.core.formats.markers import applies
from pinfold.core.formats.requirements import parse_requirements
from pinfold.core.formats.secrets import masked
from pinfold.core.formats.summary import LineTrait, normalised, summary_of
from pinfold.core.formats.versions import parsed_specifier
from pinfold.core.model.finding import Edit
from pinfold.core.model.text import TextRange
from pinfold.features.fixing import dominant_line_end, edited_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from pinfold.core.formats.document import Document
    from pinfold.core.formats.entry import Entry
    from pinfold.core.formats.requirements import LogicalLine
    from pinfold.core.model.dependency import PackageName
    from pinfold.core.model.environment import MarkerEnvironment
    from pinfold.core.rules.view import FileView


_ITSELF_AND_THE_FOLLOWING = 2


@dataclass(frozen=True, slots=True)
class SaveFile:
    """A file that requirements are kept in, or one that it includes with ``-r``."""

    path: Path
    document: Document


@dataclass(frozen=True, slots=True)
class Saving:
    """What is to be edited, all of it in one file; nothing if the file says it already."""

    path: Path
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class NotSaved:
    """Why a requirement is not written, and maybe what to do: in lower case, no full stop."""

    message: str
    action: str | None = None


def to_save(
    files: Sequence[SaveFile],
    requirement: str,
    *,
    hashes: Sequence[str] = (),
    markers: MarkerEnvironment | None = None,
) -> Saving | NotSaved:
    """Return how *requirement*, a line of pip's format, gets into the first of *files*.

    The others are what that one includes with ``-r``, in the order of reading: if the project is in
    one of them, it is changed there. A requirement of the same project is replaced on its line:
    its extras stay beside the new ones, its version or its URL goes if the new one has any, its
    marker stays if the new one has none. Of several lines it is the one that counts where *markers*
    hold. A project that is not there yet comes in the order of names, if there is such an order,
    else at the end. *hashes* are ``algorithm:digest``, and needed where other lines have some.
    """
    wanted = _wanted(requirement)
    if isinstance(wanted, NotSaved):
        return wanted
    places = list(_places(files, wanted))
    if not places:
        return _added(files, wanted, hashes)
    place = places[0] if len(places) == 1 else _place_that_counts(places, wanted, markers)
    if isinstance(place, NotSaved):
        return place
    return _replaced(place, wanted, hashes)


def to_remove(files: Sequence[SaveFile], key: PackageName) -> tuple[Saving, ...]:
    """Return how every requirement of *key* gets out of *files*, one value for each file concerned.

    With a line go the comment on it and indented comments right below, which compilers write there
    (``# via …``); comments above it stay, for who knows whether they are about this line alone.
    """
    found: list[Saving] = []
    for file in files:
        edits = tuple(_removals(file.document, key))
        if edits:
            found.append(Saving(file.path, edits))
    return tuple(found)


def saved_version(text: str, versions: Mapping[PackageName, tuple[str, str]]) -> str:
    """Return a requirement as it is kept: one without a version is pinned to that of *versions*.

    They are names as people write them, and versions, by key.
    """
    asked = read_typed(text)
    if isinstance(asked, Refusal) or asked.key is None or asked.key not in versions:
        return text
    written, version = versions[asked.key]
    if not version or asked.specifier or asked.url or asked.path:
        return text
    extras = f"[{','.join(asked.extras)}]" if asked.extras else ""
    marker = f" ; {asked.marker}" if asked.marker else ""
    name = written if normalised(written) == asked.key else asked.key
    return f"{name}{extras}=={version}{marker}"


def save_files(view: FileView) -> tuple[SaveFile, ...]:
    """Return the files that requirements of the file that *view* is of are kept in.

    A file that only constrains is none of them.
    """
    return (
        SaveFile(view.path, view.document),
        *(SaveFile(one.path, one.document) for one in view.included if not one.is_constraint),
    )


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The requirement to be written; `key` is ``None`` for a path or URL without a name."""

    text: str
    entry: Entry
    key: PackageName | None


@dataclass(frozen=True, slots=True)
class _Place:
    """A line that requires the project; `index` is that of the line."""

    file: SaveFile
    index: int

    @property
    def line(self) -> LogicalLine:
        return self.file.document.lines[self.index]

    @property
    def start(self) -> int:
        return self.file.document.starts[self.index]

    @property
    def entry(self) -> Entry:
        entry = self.line.entry
        assert entry is not None
        return entry

    @property
    def shown(self) -> str:
        number = self.file.document.position(self.start).line + 1
        return f"{self.file.path.name}, line {number}"


def _wanted(requirement: str) -> _Wanted | NotSaved:
    text = requirement.strip()
    lines = parse_requirements(text).lines
    entry = lines[0].entry if len(lines) == 1 else None
    if entry is None or entry.kind not in _REQUIREMENTS or lines[0].comment is not None:
        return NotSaved(f"`{masked(text)}` is not one requirement")
    if any(option is not _editable(entry) for option in entry.options) or entry.stray:
        return NotSaved(f"`{masked(text)}` has options")
    return _Wanted(text, entry, summary_of(lines[0]).name)


_REQUIREMENTS = (EntryKind.REQUIREMENT, EntryKind.EDITABLE)


def _editable(entry: Entry) -> object:
    return next((option for option in entry.options if option.name == "editable"), None)


def _places(files: Sequence[SaveFile], wanted: _Wanted) -> Iterator[_Place]:
    for file in files:
        for index, line in enumerate(file.document.lines):
            entry = line.entry
            if entry is None or entry.kind not in _REQUIREMENTS:
                continue
            if wanted.key is None:
                if entry.kind is wanted.entry.kind and entry.text == wanted.entry.text:
                    yield _Place(file, index)
            elif summary_of(line).name == wanted.key:
                yield _Place(file, index)


def _place_that_counts(
    places: list[_Place], wanted: _Wanted, markers: MarkerEnvironment | None
) -> _Place | NotSaved:
    requirement = wanted.entry.requirement
    assert requirement is not None
    if requirement.marker is not None:
        alike = [place for place in places if _marker_of(place.entry) == requirement.marker]
        if len(alike) == 1:
            return alike[0]
    elif markers is not None:
        counting = []
        for place in places:
            marker = _marker_of(place.entry)
            if marker is None or applies(marker, markers) is not False:
                counting.append(place)
        if len(counting) == 1:
            return counting[0]
    first, second = places[0], places[1]
    return NotSaved(
        f"`{wanted.key}` is asked for more than once ({first.shown}; {second.shown}): change the"
        " line that you mean"
    )


def _marker_of(entry: Entry) -> str | None:
    return None if entry.requirement is None else entry.requirement.marker


def _replaced(place: _Place, wanted: _Wanted, hashes: Sequence[str]) -> Saving | NotSaved:
    entry, document = place.entry, place.file.document
    old, new = entry.requirement, wanted.entry.requirement
    assert old is not None
    assert new is not None
    nothing = Saving(place.file.path, ())
    if wanted.key is None:
        return nothing
    if entry.kind is not wanted.entry.kind:
        what = "an editable install" if entry.kind is EntryKind.EDITABLE else "no editable install"
        return NotSaved(f"{place.shown} asks for {what} of `{wanted.key}`: change it there")
    if entry.kind is EntryKind.EDITABLE or old.path is not None or new.path is not None:
        if entry.text == wanted.entry.text:
            return nothing
        return NotSaved(f"{place.shown} asks for `{masked(entry.text)}`: change it there")
    goal = _goal(entry, wanted.entry)
    if _reading(entry) == goal:
        return nothing
    moved = (goal.specifier, goal.url) != (_reading(entry).specifier, _reading(entry).url)
    if moved and entry.honoured("hash") and not hashes:
        return NotSaved(
            f"{place.shown} has hashes, which are those of another version: they must change too"
        )
    fresh_hashes = hashes if entry.honoured("hash") or _is_hashed(document) else ()
    keeps_hashes = not moved
    line_end = dominant_line_end(document.text)
    for text in _candidates(place.line, goal, fresh_hashes, line_end, keeps_hashes=keeps_hashes):
        lines = parse_requirements(text.rstrip("\r\n") + "\nfollowing\n").lines
        if (
            len(lines) == _ITSELF_AND_THE_FOLLOWING
            and lines[0].entry
            and _reading(lines[0].entry) == goal
        ):
            # One logical line again, and so no other is read differently.
            return Saving(place.file.path, (_smallest(place.line.text, text, place.start),))
    return NotSaved(f"{place.shown} is written in a way that cannot be changed safely")


@dataclass(frozen=True, slots=True)
class _Reading:
    """What pip is to read on a line; two that are equal mean the same."""

    key: PackageName | None
    extras: frozenset[str]
    specifier: str
    url: str | None
    marker: str | None
    written: str = field(default="", compare=False)
    """The specifier as somebody has written it."""


def _reading(entry: Entry) -> _Reading:
    requirement = entry.requirement
    if requirement is None:
        return _Reading(None, frozenset(), "", None, entry.text)
    name = requirement.name
    specifier = requirement.specifier or ""
    return _Reading(
        None if name is None else normalised(name),
        frozenset(normalised(extra) for extra in requirement.extras),
        str(parsed_specifier(specifier)),
        requirement.url,
        requirement.marker,
        specifier,
    )


def _goal(before: Entry, wanted: Entry) -> _Reading:
    old, new = _reading(before), _reading(wanted)
    says_which = bool(new.specifier) or new.url is not None
    return _Reading(
        old.key,
        old.extras | new.extras,
        new.specifier if says_which else old.specifier,
        new.url if says_which else old.url,
        old.marker if new.marker is None else new.marker,
        new.written if says_which else old.written,
    )


def _candidates(
    line: LogicalLine,
    goal: _Reading,
    hashes: Sequence[str],
    line_end: str,
    *,
    keeps_hashes: bool,
) -> Iterator[str]:
    """Yield texts for the line, those first that leave most of it as it stands."""
    entry = line.entry
    assert entry is not None
    assert entry.requirement is not None
    has_hashes = bool(entry.honoured("hash"))
    if keeps_hashes or not (has_hashes or hashes):
        yield edited_text(line.text, sorted(_part_edits(line.text, entry, goal), key=_by_start))
    comment = line.comment
    body_end = len(line.text.rstrip("\r\n"))
    end = line.text[body_end:]
    name = entry.requirement.name or ""
    extras = f"[{','.join(sorted(goal.extras))}]" if goal.extras else ""
    specifier = f" @ {goal.url}" if goal.url is not None else goal.written
    marker = ""
    if goal.marker is not None:
        marker = f" ; {goal.marker}" if goal.url is not None else f"; {goal.marker}"
    kept = [
        option.range.of(line.text)
        for option in entry.options
        if option.honoured and (option.name != "hash" or keeps_hashes)
    ]
    if not keeps_hashes:
        kept += [f"--hash={value}" for value in hashes]
    is_continued = "\n" in line.text[:body_end] or bool(hashes and not keeps_hashes)
    separator = f" \\{line_end}    " if is_continued else " "
    text = separator.join([f"{name}{extras}{specifier}{marker}", *kept])
    if comment is not None:
        # On a line of its own, a comment that ends so is not continued; behind something it is.
        text += "  " + comment.text.rstrip("\\ \t")
    yield text + end


def _part_edits(text: str, entry: Entry, goal: _Reading) -> Iterator[Edit]:
    """Yield the edits of single parts of the line that make it *goal*, if they can."""
    requirement = entry.requirement
    assert requirement is not None
    parts = requirement.parts
    now = _reading(entry)
    if parts.name is None:
        return
    after_name = parts.name.range.end
    if now.extras != goal.extras:
        fresh = sorted(goal.extras - now.extras)
        if parts.extras:
            last = parts.extras[-1].range.end
            yield Edit(TextRange(last, last), "".join(f",{extra}" for extra in fresh))
        else:
            yield Edit(TextRange(after_name, after_name), f"[{','.join(fresh)}]")
    if now.url != goal.url and parts.url is not None and goal.url is not None:
        yield Edit(parts.url.range, goal.url)
    if now.specifier != goal.specifier and goal.url is None:
        if parts.specifier is not None:
            yield Edit(parts.specifier.range, goal.written)
        else:
            behind = after_name
            if parts.extras:
                behind = text.find("]", parts.extras[-1].range.end) + 1
            yield Edit(TextRange(behind, behind), goal.written)
    if now.marker != goal.marker and parts.marker is not None and goal.marker is not None:
        yield Edit(parts.marker.range, goal.marker)


def _by_start(edit: Edit) -> int:
    return edit.range.start


def _smallest(before: str, after: str, start: int) -> Edit:
    """Return the edit that makes *after* of *before*, without what both begin and end with."""
    first = 0
    while first < min(len(before), len(after)) and before[first] == after[first]:
        first += 1
    last = 0
    most = min(len(before), len(after)) - first
    while last < most and before[-1 - last] == after[-1 - last]:
        last += 1
    span = TextRange(start + first, start + len(before) - last)
    return Edit(span, after[first : len(after) - last])


def _added(files: Sequence[SaveFile], wanted: _Wanted, hashes: Sequence[str]) -> Saving | NotSaved:
    file = files[0]
    document = file.document
    line_end = dominant_line_end(document.text)
    text = wanted.text
    if any(_is_hashed(one.document) for one in files):
        if not hashes:
            return NotSaved(
                f"{file.path.name} asks for hashes, so a line without one would be refused"
            )
        options = [f"--hash={value}" for value in hashes]
        text = f" \\{line_end}    ".join([text, *options])
    # In the order of names first, and where pip would then read something else, at the end.
    for index in dict.fromkeys((_sorted_place(document, wanted), _last_place(document))):
        for edit in _insertions(document, index, text, line_end):
            if _adds_one(document, edit, wanted):
                return Saving(file.path, (edit,))
    return NotSaved(f"{file.path.name} ends in a way that nothing can be added safely")


def _is_hashed(document: Document) -> bool:
    return bool(document.traits.get(LineTrait.HASHED))


def _sorted_place(document: Document, wanted: _Wanted) -> int:
    """Return the index of the line that the new one comes before, if the names are in order."""
    last = _last_place(document)
    named = [
        (index, name.lower())
        for index, line in enumerate(document.lines)
        if line.entry is not None
        and line.entry.kind in _REQUIREMENTS
        and (name := line.name) is not None
    ]
    unnamed = sum(
        line.entry is not None and line.entry.kind in _REQUIREMENTS for line in document.lines
    ) - len(named)
    requirement = wanted.entry.requirement
    own = None if requirement is None else requirement.name
    if own is None or unnamed or not named:
        return last
    for written in (lambda name: name, normalised):
        names = [written(name) for _, name in named]
        if names == sorted(names):
            following = [index for index, name in named if written(name) > written(own.lower())]
            if following:
                return _above_comments(document, following[0])
            return _behind(document, named[-1][0])
    return last


def _above_comments(document: Document, index: int) -> int:
    """Return the index of the first of the comments that belong to the line at *index*.

    Those right above it that are not indented: what is indented belongs to the line before. At the
    start of a file they belong to the file.
    """
    first = index
    while first > 0 and _is_comment(document.lines[first - 1], indented=False):
        first -= 1
    return index if first == 0 else first


def _last_place(document: Document) -> int:
    """Return the index behind the last line that pip reads, or behind everything."""
    entries = [index for index, line in enumerate(document.lines) if line.entry is not None]
    return _behind(document, entries[-1]) if entries else len(document.lines)


def _behind(document: Document, index: int) -> int:
    """Return the index behind the line at *index* and the indented comments that belong to it."""
    index += 1
    while index < len(document.lines) and _is_comment(document.lines[index], indented=True):
        index += 1
    return index


def _is_comment(line: LogicalLine, *, indented: bool) -> bool:
    text = line.text
    return text.lstrip()[:1] == "#" and (text[:1] in (" ", "\t")) is indented


def _insertions(document: Document, index: int, text: str, line_end: str) -> Iterator[Edit]:
    """Yield edits that put *text* before the line at *index*."""
    at = document.starts[index] if index < len(document.lines) else len(document.text)
    here = TextRange(at, at)
    before = document.text[:at]
    if not before or before.endswith(("\n", "\r")) or at < len(document.text):
        yield Edit(here, text + line_end)
        return
    # The last line has no end: neither has the new one. A backslash there would swallow it.
    yield Edit(here, line_end + text)
    yield Edit(here, line_end * 2 + text)


def _adds_one(document: Document, edit: Edit, wanted: _Wanted) -> bool:
    """Return whether pip reads the same as before, and *wanted* once more."""
    before = [line.entry for line in document.lines if line.entry is not None]
    text = edited_text(document.text, [edit])
    after = [line.entry for line in parse_requirements(text).lines if line.entry is not None]
    goal = _reading(wanted.entry)
    for index, entry in enumerate(after):
        if entry.kind is wanted.entry.kind and _reading(entry) == goal:
            rest = after[:index] + after[index + 1 :]
            if rest == before:
                return True
    return False


def _removals(document: Document, key: PackageName) -> Iterator[Edit]:
    lines, text = document.lines, document.text
    spans: list[TextRange] = []
    for index, line in enumerate(lines):
        entry = line.entry
        if entry is None or entry.kind not in _REQUIREMENTS or summary_of(line).name != key:
            continue
        behind = _behind(document, index)
        start = document.starts[index]
        end = document.starts[behind] if behind < len(lines) else len(text)
        if spans and spans[-1].end == start:
            start = spans.pop().start
        spans.append(TextRange(start, end))
    for span in spans:
        start = span.start
        if span.end == len(text) and not text.endswith(("\n", "\r")):
            # The file has no line end at its end, and is to have none afterwards.
            start = len(text[:start].removesuffix("\n").removesuffix("\r"))
        yield Edit(TextRange(start, span.end), "")
