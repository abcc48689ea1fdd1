"""What pip 26.3 reads in the text of a requirements file, for Pinfold's reading to be held against.

It runs pip's own code stage by stage and reports, for every logical line, what came out and which
of the written options took effect. It knows nothing of Pinfold's parser, follows no include, and
opens no connection. `Reading` names what is compared; how the comparison goes is for its users.

What pip makes of a line depends on its surroundings, so it runs in `pip_context`: an empty working
directory and an environment without variables.
"""

from __future__ import annotations

import bisect
import io
import logging
import optparse
import os
import re
import tempfile
import warnings
from collections import OrderedDict
from contextlib import ExitStack, contextmanager, redirect_stderr
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Literal, cast
from unittest import mock

import pip
from pip._internal.index.collector import LinkCollector
from pip._internal.index.package_finder import PackageFinder
from pip._internal.models.format_control import FormatControl
from pip._internal.models.release_control import ReleaseControl
from pip._internal.models.search_scope import SearchScope
from pip._internal.models.selection_prefs import SelectionPreferences
from pip._internal.network.session import PipSession
from pip._internal.req import constructors, req_file
from pip._internal.utils.urls import strip_extras
from pip._internal.vcs.versioncontrol import is_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pip._internal.req.req_install import InstallRequirement

PIP_VERSION = "26.3"
# Another pip reads differently in places, and then the differences would be blamed on Pinfold.
assert pip.__version__ == PIP_VERSION, f"the oracle is pip {PIP_VERSION}, not {pip.__version__}"

Kind = Literal["requirement", "editable", "include", "constraint", "option", "error"]
Event = tuple[str, str]
"""An option as pip met it: its long name without dashes, and its value; ``"true"`` for a flag."""

EFFECTIVE_ON_ANY_LINE = frozenset({"no-binary", "only-binary", "all-releases", "only-final"})
"""Options that change pip's finder while the line is being parsed.

pip's documentation has them ignored beside a requirement or an include. They are not: their
callbacks write into the finder's own objects (``get_line_parser`` hands these out as defaults)
before pip looks at what kind of line it is.
"""

_EDITOR_LINE_END = re.compile(r"\r\n|\n|\r")
_DEFAULT_INDEX = "https://index.example/simple"


@dataclass(frozen=True, slots=True)
class Reading:
    """What pip reads in one logical line that is neither blank nor a comment.

    `first_line` and `last_line` count from 1, as an editor counts. `logical_line` is the line after
    joining and without its comment; `text` is the part of it that pip hands on: the requirement
    without its options, for every other kind the whole.

    `specifier` is ``""`` for a named requirement that accepts any version and ``None`` where pip
    knows no name. `url` is a URL as written; a local path stands in `target` instead, without its
    extras. `target` is also the path or URL of an include or constraint, and the whole value of an
    editable.

    `options` has what took effect, `dropped` what pip parsed and then ignored, and stray words
    under the name ``""``; the include or editable that gives the line its kind is in neither.
    """

    kind: Kind
    first_line: int
    last_line: int
    logical_line: str
    text: str
    name: str | None = None
    extras: tuple[str, ...] = ()
    specifier: str | None = None
    marker: str | None = None
    url: str | None = None
    target: str | None = None
    editable: bool = False
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    hashes: tuple[str, ...] = ()
    dropped: tuple[Event, ...] = ()
    error: str | None = None


@dataclass(frozen=True, slots=True)
class WholeFile:
    """What pip's own loop over a file gave: requirements in order, and what stopped it."""

    requirements: tuple[InstallRequirement, ...]
    error: Exception | None


@contextmanager
def pip_context() -> Iterator[PipReader]:
    """An empty working directory, no environment variable, and silence, for as long as it is open.

    The process's own directory and environment come back afterwards, so nothing else may rely on
    them meanwhile.
    """
    previous = Path.cwd()
    handlers, disabled = list(logging.root.handlers), logging.root.manager.disable
    with ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory())
        stack.callback(os.chdir, previous)
        os.chdir(directory)
        stack.enter_context(mock.patch.dict(os.environ, clear=True))
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        # optparse prints its usage to stderr at every line that it rejects.
        stack.enter_context(redirect_stderr(_Nowhere()))
        stack.callback(logging.disable, disabled)
        stack.callback(logging.root.handlers.__setitem__, slice(None), handlers)
        logging.disable(logging.CRITICAL)
        yield PipReader()


class PipReader:
    """pip's parser with a finder to act on; it lives as long as its `pip_context`."""

    def __init__(self) -> None:
        self._session = _session_without_network()
        self._finder = _finder(self._session)
        self._parser = _RecordingParser()

    def read(self, text: str) -> tuple[Reading, ...]:
        """What pip reads where no path exists.

        Every line stands for itself: an error ends it, not the file.
        """
        return tuple(self._readings(text))

    def read_with_paths_present(self, text: str) -> tuple[Reading, ...]:
        """What pip reads where every path that it asks after is an installable directory."""
        with mock.patch.multiple(
            constructors, os=_OsWithDirectories(), is_installable_dir=lambda path: True
        ):
            return tuple(self._readings(text))

    def read_whole_file(self, path: Path, *, constraint: bool = False) -> WholeFile:
        """Let pip's own loop read the file at `path`, includes and all."""
        self._reset_finder()
        found: list[InstallRequirement] = []
        try:
            for parsed in req_file.parse_requirements(
                str(path),
                session=self._session,
                finder=self._finder,
                options=_command_line_options(),
                constraint=constraint,
            ):
                # One by one: what came before an error counts.
                found.append(_install_requirement(parsed))  # noqa: PERF401
        except Exception as error:  # noqa: BLE001 - whatever pip raises is its answer
            return WholeFile(tuple(found), error)
        return WholeFile(tuple(found), None)

    def _readings(self, text: str) -> Iterator[Reading]:
        # pip builds a parser for each line; one that is reset between lines reads the same (a test
        # holds the two against each other) in a third of the time.
        with mock.patch.object(req_file, "build_parser", self._reused_parser):
            parse_line = req_file.get_line_parser(self._finder)
            for first, last, line in _logical_lines(text):
                yield self._read_line(parse_line, first, last, line)

    def _reused_parser(self) -> optparse.OptionParser:
        return self._parser

    def _read_line(
        self, parse_line: req_file.LineParser, first: int, last: int, line: str
    ) -> Reading:
        self._reset_finder()
        self._parser.reset()
        try:
            arguments, values = parse_line(line)
            parsed_line = req_file.ParsedLine(
                "requirements.txt", first, arguments, values, constraint=False
            )
            if parsed_line.requirement is None and (values.requirements or values.constraints):
                return self._read_include(first, last, line, values)
            options = _command_line_options()
            parsed = req_file.handle_line(parsed_line, options, self._finder, self._session)
            if parsed is None:
                self._check_effects(values, options)
                return self._read_options(first, last, line)
            requirement = _install_requirement(parsed)
            return self._read_requirement(parsed_line, last, line, parsed, requirement)
        except Exception as error:  # whatever pip raises is its answer
            if isinstance(error, OracleError):
                raise
            message = getattr(error, "msg", None) or str(error)
            return Reading(
                "error", first, last, line, line, error=f"{type(error).__name__}: {message}"
            )

    def _read_include(self, first: int, last: int, line: str, values: optparse.Values) -> Reading:
        kind: Kind
        if values.requirements:
            kind, option, target = "include", "requirement", values.requirements[0]
        else:
            kind, option, target = "constraint", "constraint", values.constraints[0]
        chosen = self._first_event(option)
        honoured = {
            position
            for position, (name, _) in enumerate(self._parser.events)
            if name in EFFECTIVE_ON_ANY_LINE
        }
        return Reading(
            kind,
            first,
            last,
            line,
            line,
            target=target,
            options=self._options(honoured),
            dropped=self._dropped({*honoured, chosen}),
        )

    def _read_requirement(
        self,
        parsed_line: req_file.ParsedLine,
        last: int,
        line: str,
        parsed: req_file.ParsedRequirement,
        requirement: InstallRequirement,
    ) -> Reading:
        effective = set(EFFECTIVE_ON_ANY_LINE)
        if requirement.hash_options:
            effective.add("hash")
        if requirement.config_settings:
            effective.add("config-settings")
        honoured = {
            position for position, (name, _) in enumerate(self._parser.events) if name in effective
        }
        accounted = set(honoured)
        # In `foo -e ./a` the option only turns `foo` into an editable; its value is lost.
        if parsed.is_editable and not parsed_line.args:
            accounted.add(self._first_event("editable"))
        url, target = _url_and_target(parsed, requirement)
        return Reading(
            "editable" if parsed.is_editable else "requirement",
            parsed_line.lineno,
            last,
            line,
            parsed.requirement,
            name=requirement.name,
            extras=tuple(sorted(requirement.extras)),
            specifier=None if requirement.req is None else str(requirement.req.specifier),
            marker=None if requirement.markers is None else str(requirement.markers),
            url=url,
            target=target,
            editable=requirement.editable,
            options=self._options(honoured),
            hashes=tuple(
                sorted(
                    f"{algorithm}:{digest}"
                    for algorithm, digests in requirement.hash_options.items()
                    for digest in digests
                )
            ),
            dropped=self._dropped(accounted),
        )

    def _read_options(self, first: int, last: int, line: str) -> Reading:
        events = self._parser.events
        last_index = max(
            (i for i, (name, _) in enumerate(events) if name == "index-url"), default=-1
        )
        honoured = set()
        for position, (name, value) in enumerate(events):
            if name in {"hash", "config-settings"}:
                continue
            if name == "index-url" and (position != last_index or not value):
                continue
            if name == "find-links" and position != self._first_event("find-links"):
                continue
            honoured.add(position)
        return Reading(
            "option",
            first,
            last,
            line,
            line,
            options=self._options(honoured),
            dropped=self._dropped(honoured),
        )

    def _check_effects(self, values: optparse.Values, options: optparse.Values) -> None:
        """Hold what `_read_options` says takes effect against what the finder shows."""
        urls = [url for name, url in self._parser.events if name == "index-url"]
        extra = [url for name, url in self._parser.events if name == "extra-index-url"]
        links = [link for name, link in self._parser.events if name == "find-links"]
        names = {name for name, _ in self._parser.events}
        scope = self._finder.search_scope
        shown = urls[-1:] if urls and urls[-1] else [_DEFAULT_INDEX]
        _expect([] if scope.no_index else [*shown, *extra], scope.index_urls)
        _expect(len(links[:1]), len(scope.find_links))
        _expect("no-index" in names, scope.no_index)
        _expect("prefer-binary" in names, self._finder.prefer_binary)
        _expect("require-hashes" in names, bool(options.require_hashes))
        _expect("no-require-hashes" in names, bool(options.no_require_hashes))
        _expect(set(values.features_enabled), set(options.features_enabled))
        _expect("trusted-host" in names, bool(self._session.pip_trusted_origins))
        _expect_same(values.format_control, self._finder.format_control)
        _expect_same(values.release_control, self._finder.release_control)

    def _first_event(self, option: str) -> int:
        return next(i for i, (name, _) in enumerate(self._parser.events) if name == option)

    def _options(self, honoured: set[int]) -> Mapping[str, tuple[str, ...]]:
        options: dict[str, tuple[str, ...]] = {}
        for position, (name, value) in enumerate(self._parser.events):
            if position not in honoured:
                continue
            if name in self._parser.flags:
                options[name] = ("true",)
            else:
                options[name] = (*options.get(name, ()), value)
        return options

    def _dropped(self, accounted: set[int]) -> tuple[Event, ...]:
        dropped = [e for i, e in enumerate(self._parser.events) if i not in accounted]
        dropped.extend(("", word) for word in self._parser.words)
        return tuple(sorted(dropped))

    def _reset_finder(self) -> None:
        self._finder.search_scope = SearchScope([], [_DEFAULT_INDEX], no_index=False)
        self._finder.format_control = FormatControl()
        self._finder._candidate_prefs.release_control = ReleaseControl()
        self._finder._candidate_prefs.prefer_binary = False
        self._session.pip_trusted_origins.clear()
        self._session.adapters.clear()


class OracleError(Exception):
    """The oracle has misread pip: what it is about to say is not what pip did."""


def decode(data: bytes) -> str:
    """The text that pip sees in a file of these bytes; raises what pip raises."""
    return req_file._decode_req_file(data, "requirements.txt")


def _expect(expected: object, actual: object) -> None:
    if expected != actual:
        raise OracleError(f"expected {expected!r}, pip has {actual!r}")


def _expect_same(expected: object, actual: object) -> None:
    if expected is not actual:
        raise OracleError(f"{actual!r} is not the object that the line wrote into")


def _logical_lines(text: str) -> Iterator[tuple[int, int, str]]:
    """First and last editor line, and text, of each line that comes out of pip's preprocessing.

    The stages are those of ``preprocess``, put together here so that it shows how many lines each
    result has consumed: they are generators, and pull no line before they need it.
    """
    pip_lines = text.splitlines(keepends=True)
    editor_line = _editor_lines(text, pip_lines)
    consumed = 0

    def numbered() -> Iterator[tuple[int, str]]:
        nonlocal consumed
        # `preprocess` uses the same call without `keepends`.
        for number, line in enumerate(text.splitlines(), start=1):
            consumed = number
            yield number, line

    lines: req_file.ReqFileLines = req_file.join_lines(numbered())
    lines = req_file.ignore_comments(lines)
    lines = req_file.expand_env_variables(lines)
    for number, line in lines:
        yield editor_line[number - 1], editor_line[consumed - 1], line


def _editor_lines(text: str, pip_lines: Iterable[str]) -> list[int]:
    """For each of pip's lines the number, from 1, of the editor's line that it starts in."""
    ends = [match.end() for match in _EDITOR_LINE_END.finditer(text)]
    numbers: list[int] = []
    offset = 0
    for line in pip_lines:
        numbers.append(bisect.bisect_right(ends, offset) + 1)
        offset += len(line)
    return numbers


def _install_requirement(parsed: req_file.ParsedRequirement) -> InstallRequirement:
    """As ``RequirementCommand.get_requirements`` does it."""
    return constructors.install_req_from_parsed_requirement(
        parsed,
        user_supplied=True,
        config_settings=parsed.options.get("config_settings") if parsed.options else None,
    )


def _url_and_target(
    parsed: req_file.ParsedRequirement, requirement: InstallRequirement
) -> tuple[str | None, str | None]:
    """Tell a URL from a path: pip turns both into links, and makes paths absolute on the way."""
    text, link = parsed.requirement, requirement.link
    if parsed.is_editable:
        assert link is not None
        return (link.url if link.is_vcs or link.url in text else None), text
    if link is None:
        return None, None
    if requirement.req is not None and requirement.req.url is not None:
        return link.url, None
    if is_url(text):
        # As written, for pip has made a `file:../x` absolute by now.
        return text.split("; ", 1)[0].strip(), None
    return None, strip_extras(text.split(";", 1)[0].strip())[0]


class _RecordingParser(optparse.OptionParser):
    """pip's own parser for one line, which also remembers what it met and in which order."""

    def __init__(self) -> None:
        original = req_file.build_parser()
        super().__init__(add_help_option=False, option_list=original.option_list)
        # An instance attribute, as pip sets it: called without the parser, and so raises.
        self.exit = original.exit  # type: ignore[method-assign]
        self.flags = frozenset(
            _long_name(option) for option in self.option_list if not option.takes_value()
        )
        self.events: list[Event] = []
        self.words: list[str] = []
        self._pristine = dict(self.defaults)
        for option in self.option_list:
            self._record(option)

    def reset(self) -> None:
        """Forget the last line. optparse appends to the very lists that are its defaults."""
        self.events = []
        self.words = []
        self.defaults = {
            name: list(value) if isinstance(value, list) else value
            for name, value in self._pristine.items()
        }

    def parse_args(self, *arguments: Any) -> tuple[Any, list[str]]:
        values, words = super().parse_args(*arguments)
        self.words = list(words)
        return values, words

    def get_default_values(self) -> optparse.Values:
        # The original goes through all options for defaults that are strings to convert. pip's
        # only one is that of the index, which takes any string, and pip overwrites it.
        return optparse.Values(self.defaults)

    def _record(self, option: optparse.Option) -> None:
        name, process = _long_name(option), option.process

        def recording(spelling: str, value: Any, values: Any, parser: optparse.OptionParser) -> Any:
            self.events.append((name, "true" if value is None else cast("str", value)))
            return process(spelling, value, values, parser)

        option.process = recording  # type: ignore[assignment,method-assign]


def _long_name(option: optparse.Option) -> str:
    return option._long_opts[0].removeprefix("--")


class _OsWithDirectories:
    """``os`` for pip's constructors, where every path is a directory."""

    def __init__(self) -> None:
        self.path = SimpleNamespace(**{**vars(os.path), "isdir": self._is_directory})

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def _is_directory(self, path: str) -> bool:
        return True


class _Nowhere(io.TextIOBase):
    def write(self, text: str) -> int:
        return len(text)


def _session_without_network() -> PipSession:
    """As much of a session as lines of a file act on: its trusted hosts and index URLs.

    Its constructor looks up certificates and runs programs for the user agent; no line needs that.
    """
    session = PipSession.__new__(PipSession)
    session.pip_trusted_origins = []
    session.adapters = OrderedDict()
    session._trusted_host_adapter = cast("Any", None)
    session.auth = cast("Any", SimpleNamespace(index_urls=[]))
    return session


def _finder(session: PipSession) -> PackageFinder:
    return PackageFinder.create(
        link_collector=LinkCollector(session, SearchScope([], [_DEFAULT_INDEX], no_index=False)),
        selection_prefs=SelectionPreferences(
            allow_yanked=True,
            release_control=ReleaseControl(),
            format_control=FormatControl(),
        ),
    )


def _command_line_options() -> optparse.Values:
    """The options of a ``pip install`` that names no option."""
    return optparse.Values(
        {"require_hashes": False, "no_require_hashes": False, "features_enabled": []}
    )
