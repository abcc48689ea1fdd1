"""The comparison can fail: bugs put into the parser on purpose are seen."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from itertools import chain

import pytest

from pinfold.core.formats import (
    entry,
    logical_lines,
    pip_options,
    requirement,
    requirements,
    shell_words,
)
from pinfold.core.formats.requirement_parts import trailing_extras
from pinfold.core.model import text
from tests.oracle.comparison import Comparison
from tests.oracle.lines import generate_files, generate_lines
from tests.oracle.pip_reading import pip_context

SEED = 26_300
LINES = 3000
FILES = 60

Seed = Callable[[pytest.MonkeyPatch], None]


def _comment_without_space(monkeypatch: pytest.MonkeyPatch) -> None:
    def find_comment(joined: str) -> int | None:
        found = joined.find("#")
        return None if found == -1 else found

    monkeypatch.setattr(logical_lines, "_find_comment", find_comment)


def _comments_are_continued(monkeypatch: pytest.MonkeyPatch) -> None:
    def is_continued(physical_line: str) -> bool:
        return physical_line.endswith("\\")

    monkeypatch.setattr(logical_lines, "is_continued", is_continued)
    monkeypatch.setattr(requirements, "is_continued", is_continued)


def _options_after_a_tab(monkeypatch: pytest.MonkeyPatch) -> None:
    def find_options(joined: str) -> int:
        found = re.search(r"(?:^|[ \t])-", joined)
        return len(joined) if found is None else found.end() - 1

    monkeypatch.setattr(entry, "_find_options", find_options)


def _no_abbreviations(monkeypatch: pytest.MonkeyPatch) -> None:
    def matching_options(spelling: str) -> tuple[pip_options.PipOption, ...]:
        option = pip_options._BY_LONG_NAME.get(spelling)
        return () if option is None else (option,)

    monkeypatch.setattr(pip_options, "matching_options", matching_options)


def _nothing_acts_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry, "_acts_at_once", lambda option: False)


def _weak_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pip_options, "STRONG_HASHES", (*pip_options.STRONG_HASHES, "md5"))


def _extras_keep_their_case(monkeypatch: pytest.MonkeyPatch) -> None:
    strip_extras = requirement._strip_extras

    def patched(path: str) -> tuple[str, tuple[str, ...]]:
        bracket = trailing_extras(path)
        bare, extras = strip_extras(path)
        if bracket is None or not extras:
            return bare, extras
        return bare, tuple(sorted(re.findall(r"[^\s,\[\]]+", path[bracket:])))

    monkeypatch.setattr(requirement, "_strip_extras", patched)


def _words_split_at_any_white_space(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shell_words, "_PLAIN_WORD", re.compile(r"\S+"))


def _editor_lines_end_at_form_feeds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "_LINE_END", re.compile(r"\r\n|[\n\r\x0c\u2028]"))


def _path_with_an_at_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requirement, "_is_at_url", lambda joined: "@" in joined)


BUGS: Mapping[str, Seed] = {
    "a comment needs no space before it": _comment_without_space,
    "a comment line is continued": _comments_are_continued,
    "options are found after a tab": _options_after_a_tab,
    "abbreviations are refused": _no_abbreviations,
    "--no-binary beside a requirement is dropped": _nothing_acts_at_once,
    "md5 is a hash": _weak_hashes,
    "extras keep their case": _extras_keep_their_case,
    "any white space splits words": _words_split_at_any_white_space,
    "editor lines end at form feeds": _editor_lines_end_at_form_feeds,
    "a path with an at sign is a URL": _path_with_an_at_sign,
}


@pytest.mark.parametrize("bug", BUGS)
def test_seeded_bug_is_seen(monkeypatch: pytest.MonkeyPatch, bug: str) -> None:
    """A few thousand lines are enough for each of these bugs to turn the comparison red."""
    BUGS[bug](monkeypatch)

    assert _finds_a_difference()


def test_without_a_bug_none_is_seen() -> None:
    """The same lines and files differ nowhere as things are."""
    assert not _finds_a_difference()


def _finds_a_difference() -> bool:
    lines = (line.text for line in generate_lines(SEED, LINES))
    with pip_context() as pip:
        comparison = Comparison(pip)
        for sample in chain(lines, generate_files(SEED, FILES)):
            comparison.compare(sample)
            if comparison.differences:
                return True
    return False
