"""Which functions of pip's parser a set of lines and files reaches.

A comparison says nothing of code that no sample runs, so the functions that reading a requirements
file may use are listed here by name, and the others with the reason why not. A test holds the two
lists against pip's modules, so that a new function of a later pip cannot go unnoticed.
"""

from __future__ import annotations

import contextlib
import sys
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FrameType, ModuleType
from typing import TYPE_CHECKING, Any

from pip._internal.req import constructors, req_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from tests.oracle.pip_reading import PipReader

USED: Mapping[ModuleType, frozenset[str]] = {
    req_file: frozenset(
        {
            "ParsedLine.is_editable",
            "ParsedLine.requirement",
            "parse_requirements",
            "preprocess",
            "handle_requirement_line",
            "handle_option_line",
            "handle_line",
            "RequirementsFileParser.__init__",
            "RequirementsFileParser.parse",
            "RequirementsFileParser._parse_and_recurse",
            "RequirementsFileParser._parse_file",
            "get_line_parser",
            "get_line_parser.parse_line",
            "break_args_options",
            "OptionParsingError.__init__",
            "build_parser",
            "build_parser.parser_exit",
            "join_lines",
            "ignore_comments",
            "expand_env_variables",
            "get_file_content",
            "_decode_req_file",
        }
    ),
    constructors: frozenset(
        {
            "_parse_direct_url_editable",
            "_parse_pip_syntax_editable",
            "parse_editable",
            "check_first_requirement_in_file",
            "deduce_helpful_msg",
            "parse_req_from_editable",
            "install_req_from_editable",
            "_looks_like_path",
            "_get_url_from_path",
            "parse_req_from_line",
            "parse_req_from_line.with_source",
            "parse_req_from_line._parse_req_string",
            "install_req_from_line",
            "install_req_from_parsed_requirement",
        }
    ),
}

UNUSED: Mapping[ModuleType, Mapping[str, str]] = {
    req_file: {},
    constructors: {
        "_set_requirement_extras": "serves the two functions on extras of the resolver",
        "install_req_drop_extras": "the resolver splits a requirement with it",
        "install_req_extend_extras": "the resolver joins extras with it",
        "install_req_from_link_and_ireq": "the resolver turns candidates into requirements with it",
        "install_req_from_req_string": "reads the dependencies in a distribution's metadata",
        "install_req_from_pylock_package": "reads pylock.toml",
        "_pylock_hashes_to_hash_options": "reads pylock.toml",
    },
}


@dataclass(frozen=True, slots=True)
class Coverage:
    """The functions of `USED` that ran and those that did not, as ``module.name``."""

    called: frozenset[str]
    missed: frozenset[str]

    @property
    def share(self) -> float:
        return len(self.called) / (len(self.called) + len(self.missed))


def coverage_of_pip(reader: PipReader, lines: Iterable[str], files: Iterable[str]) -> Coverage:
    """Read `lines` one by one and `files` as files, and say what of pip ran.

    It slows pip down some ten times, so it is for a few thousand lines. The files are written into
    the working directory, which `pip_context` has made for such use, and taken away again.
    """
    calls = _calls_of_used_functions()
    with calls as called:
        for line in lines:
            reader.read(line)
            reader.read_with_paths_present(line)
        for text in files:
            _read_as_file(reader, text)
        _read_what_only_files_show(reader)
    every = frozenset(
        f"{_short(module)}.{name}" for module, names in USED.items() for name in names
    )
    return Coverage(frozenset(called), every - called)


def functions_of(module: ModuleType) -> Mapping[CodeType, str]:
    """Every function written in `module`, nested ones too, with its dotted name."""
    assert module.__file__ is not None
    source = Path(module.__file__)
    whole = compile(source.read_bytes(), str(source), "exec", dont_inherit=True)
    return dict(_functions_within(whole, ""))


def _functions_within(code: CodeType, prefix: str) -> Iterator[tuple[CodeType, str]]:
    for constant in code.co_consts:
        # Comprehensions and lambdas are `<listcomp>` and the like, and no functions of their own.
        if isinstance(constant, CodeType) and not constant.co_name.startswith("<"):
            name = prefix + constant.co_name
            # A class body is code too, but takes no fast locals.
            if constant.co_flags & _OPTIMIZED:
                yield constant, name
            yield from _functions_within(constant, f"{name}.")


_OPTIMIZED = 0x0001


@contextlib.contextmanager
def _calls_of_used_functions() -> Iterator[set[str]]:
    # By place and not by code object: the ones compiled here are not the ones that run.
    names: dict[tuple[str, int, str], str] = {
        (code.co_filename, code.co_firstlineno, code.co_name): f"{_short(module)}.{name}"
        for module, used in USED.items()
        for code, name in functions_of(module).items()
        if name in used
    }
    called: set[str] = set()

    def note(frame: FrameType, event: str, _: Any) -> None:
        if event == "call":
            code = frame.f_code
            name = names.get((code.co_filename, code.co_firstlineno, code.co_name))
            if name is not None:
                called.add(name)

    previous: Callable[..., Any] | None = sys.getprofile()
    sys.setprofile(note)
    try:
        yield called
    finally:
        sys.setprofile(previous)


def _read_as_file(reader: PipReader, text: str) -> None:
    path = Path("requirements.txt")
    path.write_bytes(text.encode())
    try:
        reader.read_whole_file(path.absolute())
    finally:
        path.unlink()


def _read_what_only_files_show(reader: PipReader) -> None:
    """An include that exists, and a requirements file named without its ``-r``."""
    folder = Path("named")
    folder.mkdir()
    included, named = folder / "included.txt", folder / "base.txt"
    included.write_text("foo==1.0\n")
    named.write_text("# a comment\nfoo \\\n==1.0 # another\n")
    try:
        _read_as_file(reader, f"-r {included}\n-c {included}\n{named}\n")
    finally:
        included.unlink()
        named.unlink()
        folder.rmdir()


def _short(module: ModuleType) -> str:
    return module.__name__.rpartition(".")[2]
