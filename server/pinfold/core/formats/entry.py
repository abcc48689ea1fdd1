"""What pip makes of one logical line: its kind, what it keeps, what it drops, why it refuses.

Owns pip's handling of a single line, as a pure function of its text. Paths are never looked up:
whether ``./x`` exists is for the rules to ask.
Read from pip 26.3: ``_internal/req/req_file.py`` (`break_args_options`, `handle_line`,
`RequirementsFileParser`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from pinfold.core.formats.pip_options import OptionScope, ReadOptions, read_options
from pinfold.core.formats.problem import Problem, ProblemKind
from pinfold.core.formats.requirement import (
    Requirement,
    read_editable,
    read_requirement,
)
from pinfold.core.formats.shell_words import Unsplittable, split_words
from pinfold.core.formats.urls import is_host
from pinfold.core.model.dependency import Dependency, Option, Part
from pinfold.core.model.text import TextRange

if TYPE_CHECKING:
    from pinfold.core.formats.logical_lines import JoinedLine
    from pinfold.core.formats.pip_options import ReadOption
    from pinfold.core.formats.requirement_parts import Offsets

MAX_LINE_LENGTH = 1 << 18
"""The longest logical line that is read, in code points; pip has no limit, and takes its time."""


class EntryKind(Enum):
    """What pip does with a logical line."""

    REQUIREMENT = "requirement"
    EDITABLE = "editable"
    INCLUDE = "include"
    CONSTRAINT = "constraint"
    OPTION = "option"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Entry:
    """One logical line as pip reads it. All ranges are relative to the line's raw text.

    `text` is what pip hands on: the requirement without its options, the value of an editable, the
    whole line otherwise. `target` is the path or URL of an include, a constraint or an editable, or
    a local path given as a requirement. `options` are in the order of the line, those that pip
    drops included; the one that made the line an include, a constraint or an editable is among
    them. `stray` are words that belong to no option, which pip drops too. `problem` says why pip
    refuses the line, and is set exactly for kind ``ERROR``.
    """

    kind: EntryKind
    text: str
    range: TextRange
    requirement: Requirement | None = None
    target: Part | None = None
    options: tuple[Option, ...] = ()
    stray: tuple[Part, ...] = ()
    problem: Problem | None = None

    @property
    def dependency(self) -> Dependency | None:
        """The requirement that the line declares, with its hashes, or ``None``."""
        if self.requirement is None:
            return None
        return self.requirement.dependency(
            hashes=tuple(
                option for option in self.options if option.name == "hash" and option.honoured
            ),
            editable=self.kind is EntryKind.EDITABLE,
        )

    def honoured(self, name: str) -> tuple[Option, ...]:
        """Return the options called *name* that pip acts on, in order."""
        return tuple(option for option in self.options if option.honoured and option.name == name)


def read_entry(line: JoinedLine) -> Entry:
    """Read a logical line that is neither blank nor a comment."""
    whole = line.source_range(0, len(line.text))
    if len(line.text) > MAX_LINE_LENGTH:
        problem = Problem(
            ProblemKind.TOO_COMPLEX,
            f"line has {len(line.text):,} characters, and at most {MAX_LINE_LENGTH:,} are read",
            TextRange(whole.start, min(whole.end, whole.start + 80)),
        )
        return Entry(EntryKind.ERROR, line.text[:80], whole, problem=problem)
    options_start = _find_options(line.text)
    words = split_words(line.text, options_start)
    if isinstance(words, Unsplittable):
        return _refused(
            line,
            Problem(
                ProblemKind.UNSPLITTABLE,
                words.message,
                line.source_range(words.range.start, words.range.end),
            ),
        )
    read = read_options(words)
    if isinstance(read, Problem):
        mapped = line.source_range(read.range.start, read.range.end)
        return _refused(line, Problem(read.kind, read.message, mapped))
    # pip joins the tokens before the options with the spaces it split them at, all but the last.
    arguments = line.text if options_start == len(line.text) else line.text[: options_start - 1]
    if options_start == 0:
        arguments = ""
    return _read_parts(line, whole, arguments, read)


def _find_options(text: str) -> int:
    """Return where the options begin: at the first token that starts with a dash.

    Tokens are what single spaces separate; a dash after a tab starts no option.
    """
    if text.startswith("-"):
        return 0
    found = text.find(" -")
    return len(text) if found == -1 else found + 1


def _read_parts(line: JoinedLine, whole: TextRange, arguments: str, read: ReadOptions) -> Entry:
    names = {option.option.name for option in read.options}
    if arguments or "editable" in names:
        return _read_requirement_line(line, whole, arguments, read)
    for name, kind in (("requirement", EntryKind.INCLUDE), ("constraint", EntryKind.CONSTRAINT)):
        if name in names:
            return _read_include_line(line, whole, read, name, kind)
    return _read_option_line(line, whole, read)


def _read_requirement_line(
    line: JoinedLine, whole: TextRange, arguments: str, read: ReadOptions
) -> Entry:
    editable = next((o for o in read.options if o.option.name == "editable"), None)
    offsets: Offsets = line
    if arguments:
        # On `foo -e ./bar` pip keeps "foo", and takes *that* for the editable.
        value = Part(arguments, TextRange(0, len(arguments)))
    else:
        assert editable is not None
        assert editable.value is not None
        value = editable.value
        offsets = _Moved(line, value)
    if editable is not None:
        outcome = read_editable(value.text, offsets)
        kept = {"config-settings"}
    else:
        outcome = read_requirement(value.text, offsets)
        kept = {"config-settings", "hash"}
    if isinstance(outcome, Problem):
        return _refused(line, outcome)
    used = None if arguments else editable
    target = outcome.parts.path
    if editable is not None:
        target = Part(value.text, _mapped(line, value.range))
    return Entry(
        EntryKind.REQUIREMENT if editable is None else EntryKind.EDITABLE,
        value.text,
        whole,
        requirement=outcome,
        target=target,
        options=tuple(
            _option(line, option, honoured=option is used or option.option.name in kept)
            for option in read.options
        ),
        stray=_stray(line, read),
    )


def _read_include_line(
    line: JoinedLine, whole: TextRange, read: ReadOptions, name: str, kind: EntryKind
) -> Entry:
    # One file a line: pip follows the first, and looks at nothing else on the line.
    followed = next(option for option in read.options if option.option.name == name)
    assert followed.value is not None
    return Entry(
        kind,
        line.text,
        whole,
        target=Part(followed.value.text, _mapped(line, followed.value.range)),
        options=tuple(
            _option(line, option, honoured=option is followed) for option in read.options
        ),
        stray=_stray(line, read),
    )


def _read_option_line(line: JoinedLine, whole: TextRange, read: ReadOptions) -> Entry:
    last_index_url: ReadOption | None = None
    first_find_links: ReadOption | None = None
    for option in read.options:
        match option.option.name:
            case "trusted-host" if option.value is not None and not is_host(option.value.text):
                span = _mapped(line, option.value.range)
                message = f"`{option.value.text}` is no host, nor a host and a port"
                return _refused(line, Problem(ProblemKind.INVALID_VALUE, message, span))
            case "index-url":
                last_index_url = option
            case "find-links":
                first_find_links = first_find_links or option
            case _:
                pass

    def is_honoured(option: ReadOption) -> bool:
        if option.option.name == "index-url":
            # An empty one overrides those before it, and then counts for nothing.
            return option is last_index_url and option.value is not None and option.value.text != ""
        if option.option.name == "find-links":
            return option is first_find_links
        return option.option.scope is OptionScope.FILE

    return Entry(
        EntryKind.OPTION,
        line.text,
        whole,
        options=tuple(_option(line, o, honoured=is_honoured(o)) for o in read.options),
        stray=_stray(line, read),
    )


def _stray(line: JoinedLine, read: ReadOptions) -> tuple[Part, ...]:
    return tuple(Part(part.text, _mapped(line, part.range)) for part in read.stray)


def _acts_at_once(option: ReadOption) -> bool:
    """Return whether pip acts on *option* while it parses, so that it counts on any line.

    pip hands its parser the sets that these options fill; only afterwards does it look at what else
    stands on the line, and drops the rest.
    """
    return option.option.name in ("no-binary", "only-binary", "all-releases", "only-final")


class _Moved:
    """Offsets inside an option's value, seen through the line that holds it."""

    def __init__(self, line: JoinedLine, value: Part) -> None:
        self._line = line
        self._start = value.range.start
        self._exact = value.range.end - value.range.start == len(value.text)
        self._whole = _mapped(line, value.range)

    def source_range(self, start: int, end: int) -> TextRange:
        # A value with quotes or escapes inside is told as a whole.
        if not self._exact:
            return self._whole
        return self._line.source_range(self._start + start, self._start + end)


def _mapped(line: JoinedLine, span: TextRange) -> TextRange:
    return line.source_range(span.start, span.end)


def _option(line: JoinedLine, option: ReadOption, *, honoured: bool) -> Option:
    value = option.value
    return Option(
        option.option.name,
        Part(option.spelling.text, _mapped(line, option.spelling.range)),
        None if value is None else Part(value.text, _mapped(line, value.range)),
        _mapped(line, option.range),
        honoured or _acts_at_once(option),
    )


def _refused(line: JoinedLine, problem: Problem) -> Entry:
    return Entry(
        EntryKind.ERROR,
        line.text,
        line.source_range(0, len(line.text)),
        problem=problem,
    )
