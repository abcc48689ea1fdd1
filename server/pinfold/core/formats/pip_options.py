"""The options that pip reads in a requirements file, and how it reads them.

Owns the table of options and the reading of a line's option half, word by word, as pip's
``optparse`` parser does. Says which options exist; what pip then does with them on a given kind of
line is :mod:`pinfold.core.formats.entry`.
Read from pip 26.3: ``_internal/req/req_file.py`` and ``_internal/cli/cmdoptions.py``, and from
``Lib/optparse.py`` of CPython 3.13.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from pinfold.core.formats.problem import Problem, ProblemKind
from pinfold.core.model.dependency import Part
from pinfold.core.model.text import TextRange

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pinfold.core.formats.shell_words import Word


class OptionScope(Enum):
    """What an option speaks of."""

    FILE = "the whole file"
    REQUIREMENT = "the requirement on its line"


@dataclass(frozen=True, slots=True)
class PipOption:
    """One option that may stand in a requirements file.

    `name` is pip's long name without dashes; `aliases` are the other long names, `short` the short
    one with its dash. `metavar` is ``None`` for a flag. `summary` is what it does, in a sentence.
    """

    name: str
    summary: str
    metavar: str | None = None
    short: str | None = None
    aliases: tuple[str, ...] = ()
    scope: OptionScope = OptionScope.FILE


PIP_OPTIONS: tuple[PipOption, ...] = (
    PipOption(
        "index-url",
        "Base URL of the package index, or a local directory laid out like one.",
        "URL",
        "-i",
        aliases=("pypi-url",),
    ),
    PipOption(
        "extra-index-url",
        "A further package index, of equal rank with that of `--index-url`.",
        "URL",
    ),
    PipOption("no-index", "Use no package index, only what --find-links names."),
    PipOption("constraint", "Limit versions by a constraints file.", "file", "-c"),
    PipOption("requirement", "Read a further requirements file.", "file", "-r"),
    PipOption(
        "editable",
        "Install a local project or a version-control URL in editable mode.",
        "path/url",
        "-e",
    ),
    PipOption(
        "find-links", "Look for archives at a URL, in a file or in a directory.", "url", "-f"
    ),
    PipOption("no-binary", "Build these packages from source; `:all:` and `:none:` work.", "names"),
    PipOption(
        "only-binary", "Use only wheels of these packages; `:all:` and `:none:` work.", "names"
    ),
    PipOption("prefer-binary", "Prefer an older wheel over a newer source archive."),
    PipOption("require-hashes", "Refuse every requirement that has no hash."),
    PipOption("no-require-hashes", "Do not demand hashes of all once one requirement has one."),
    PipOption("pre", "Also consider pre-releases."),
    PipOption("all-releases", "Also consider pre-releases of these packages.", "names"),
    PipOption("only-final", "Consider no pre-releases of these packages.", "names"),
    PipOption("trusted-host", "Accept this host without valid HTTPS.", "host"),
    PipOption("use-feature", "Turn a new behaviour of pip on.", "feature"),
    PipOption(
        "hash",
        "Accept only archives with this digest: `sha256`, `sha384` or `sha512`, a colon, and the "
        "digest in hexadecimal.",
        "algorithm:digest",
        scope=OptionScope.REQUIREMENT,
    ),
    PipOption(
        "config-settings",
        "Hand a setting to the build backend.",
        "key=value",
        "-C",
        scope=OptionScope.REQUIREMENT,
    ),
)

FEATURES: tuple[str, ...] = (
    "fast-deps",
    "inprocess-build-deps",
    "venv-isolation",
    "truststore",
    "no-binary-enable-wheel-cache",
    "build-constraint",
)
"""What ``--use-feature`` accepts in pip 26.3, the features that are always on included."""

STRONG_HASHES: tuple[str, ...] = ("sha256", "sha384", "sha512")
"""The algorithms that pip accepts after ``--hash``."""

REMOVED_OPTIONS: dict[str, str] = {
    "global-option": "pass settings to the build backend with --config-settings",
    "install-option": "pass settings to the build backend with --config-settings",
    "build-option": "pass settings to the build backend with --config-settings",
    "process-dependency-links": "declare the URL as a requirement of its own",
    "use-wheel": "pip uses wheels by default; leave it out",
    "no-use-wheel": "write --no-binary :all:",
    "allow-external": "pip ignores it since version 10; leave it out",
    "allow-all-external": "pip ignores it since version 10; leave it out",
    "allow-unverified": "pip ignores it since version 10; leave it out",
    "always-unzip": "pip ignores it since version 10; leave it out",
    "skip-requirements-regex": "keep such lines in a file of their own",
    "build-isolation": "pass it on pip's command line",
    "use-mirrors": "pip has no mirrors any more; leave it out",
    "mirrors": "pip has no mirrors any more; leave it out",
}
"""Options that older versions of pip read in a file and present ones refuse, and what to do."""

REMOVED_SHORT_OPTIONS: dict[str, str] = {"-Z": "always-unzip"}

COMMAND_LINE_OPTIONS: frozenset[str] = frozenset(
    "abi break-system-packages build-constraint cache-dir cert check-build-dependencies "
    "client-cert compile debug dependency-groups disable-pip-version-check dry-run exists-action "
    "extra-cli force-reinstall group help ignore-installed ignore-requires-python "
    "implementation isolated keyring-provider log no-build-isolation no-cache-dir no-clean "
    "no-color no-compile no-deps no-input no-python-version-warning no-warn-conflicts "
    "no-warn-script-location only-deps platform prefix progress-bar proxy python python-version "
    "quiet report requirements-from-script require-virtualenv resume-retries retries root "
    "root-user-action src target timeout upgrade upgrade-strategy uploaded-prior-to use-deprecated "
    "use-pep517 user verbose version yes".split()
)
"""Options of ``pip install`` that pip takes on its command line only."""

_BY_LONG_NAME: dict[str, PipOption] = {
    f"--{name}": option for option in PIP_OPTIONS for name in (option.name, *option.aliases)
}
_BY_SHORT_NAME: dict[str, PipOption] = {
    option.short: option for option in PIP_OPTIONS if option.short is not None
}


def matching_options(spelling: str) -> tuple[PipOption, ...]:
    """Return the options whose long name *spelling* is or abbreviates, as optparse judges it.

    More than one means that pip calls the option ambiguous.
    """
    exact = _BY_LONG_NAME.get(spelling)
    if exact is not None:
        return (exact,)
    return tuple(option for name, option in _BY_LONG_NAME.items() if name.startswith(spelling))


@dataclass(frozen=True, slots=True)
class ReadOption:
    """An option as optparse reads it. `range` covers its words whole, quotes included."""

    option: PipOption
    spelling: Part
    value: Part | None
    range: TextRange


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What is left of a line's option half: options in order, and words that belong to none."""

    options: tuple[ReadOption, ...]
    stray: tuple[Part, ...]


def read_options(words: Sequence[Word]) -> ReadOptions | Problem:
    """Read *words* as pip's option parser does; the first thing it refuses becomes a problem."""
    return _Reader(words).read()


@dataclass(slots=True)
class _Pending:
    """A word, or the rest of one after ``--name=`` or ``-x``."""

    word: Word
    start: int = 0

    @property
    def text(self) -> str:
        return self.word.text[self.start :]

    def part(self) -> Part:
        return Part(self.text, self.word.part(self.start))

    def whole(self) -> Part:
        """Return the word with its quotes, which go where it goes."""
        return Part(self.text, self.word.range)


class _Reader:
    """One pass over the words; lives as long as that pass."""

    def __init__(self, words: Sequence[Word]) -> None:
        self._rest = [_Pending(word) for word in reversed(words)]
        self._options: list[ReadOption] = []
        self._stray: list[Part] = []

    def read(self) -> ReadOptions | Problem:
        while self._rest:
            pending = self._rest.pop()
            text = pending.text
            problem: Problem | None = None
            if text == "--":
                # Everything after a lone "--" is positional, and pip looks at no positional.
                self._stray.extend(other.whole() for other in reversed(self._rest))
                break
            if text.startswith("--"):
                problem = self._read_long(pending)
            elif text.startswith("-") and len(text) > 1:
                problem = self._read_short(pending)
            else:
                self._stray.append(pending.whole())
            if problem is not None:
                return problem
        return ReadOptions(tuple(self._options), tuple(self._stray))

    def _read_long(self, pending: _Pending) -> Problem | None:
        word = pending.word
        name, equals, _ = pending.text.partition("=")
        spelling = Part(name, word.part(pending.start, pending.start + len(name)))
        matches = matching_options(name)
        if len(matches) != 1:
            return _unknown(spelling, matches)
        option = matches[0]
        value: Part | None = None
        end = word.range.end
        if equals:
            value = Part(
                word.text[pending.start + len(name) + 1 :],
                word.part(pending.start + len(name) + 1),
            )
        if option.metavar is None:
            if value is not None:
                return Problem(ProblemKind.UNEXPECTED_VALUE, f"`{name}` takes no value", word.range)
        elif value is None:
            if not self._rest:
                return _missing_value(spelling)
            following = self._rest.pop()
            value, end = following.part(), following.word.range.end
        return self._add(option, spelling, value, TextRange(word.range.start, end))

    def _read_short(self, pending: _Pending) -> Problem | None:
        # Every short option that may stand in a file takes a value, so optparse's bundling of
        # flags (-abc) never comes up.
        word = pending.word
        name = pending.text[:2]
        spelling = Part(name, word.part(pending.start, pending.start + 2))
        option = _BY_SHORT_NAME.get(name)
        if option is None:
            return _unknown(spelling, ())
        end = word.range.end
        if len(pending.text) > 2:
            value = Part(pending.text[2:], word.part(pending.start + 2))
        elif self._rest:
            following = self._rest.pop()
            value, end = following.part(), following.word.range.end
        else:
            return _missing_value(spelling)
        return self._add(option, spelling, value, TextRange(word.range.start, end))

    def _add(
        self, option: PipOption, spelling: Part, value: Part | None, span: TextRange
    ) -> Problem | None:
        if value is not None:
            problem = _judge_value(option, spelling, value)
            if problem is not None:
                return problem
        self._options.append(ReadOption(option, spelling, value, span))
        return None


def _judge_value(option: PipOption, spelling: Part, value: Part) -> Problem | None:
    match option.name:
        case "hash":
            algorithm, colon, _ = value.text.partition(":")
            if not colon:
                return Problem(
                    ProblemKind.INVALID_HASH,
                    f"`{value.text}` is no hash: write the algorithm, a colon and the digest",
                    value.range,
                )
            if algorithm not in STRONG_HASHES:
                return Problem(
                    ProblemKind.INVALID_HASH,
                    f"`{algorithm}` is no algorithm that pip accepts: use sha256, sha384 or sha512",
                    value.range,
                )
        case "config-settings":
            if "=" not in value.text:
                return Problem(
                    ProblemKind.INVALID_VALUE, f"`{spelling.text}` needs KEY=VALUE", value.range
                )
        case "no-binary" | "only-binary" | "all-releases" | "only-final":
            if value.text.startswith("-"):
                return _missing_value(spelling)
        case "use-feature":
            if value.text not in FEATURES:
                return Problem(
                    ProblemKind.INVALID_VALUE,
                    f"pip knows no feature `{value.text}`: choose from {', '.join(FEATURES)}",
                    value.range,
                )
        case _:
            pass
    return None


def _missing_value(spelling: Part) -> Problem:
    return Problem(ProblemKind.MISSING_VALUE, f"`{spelling.text}` needs a value", spelling.range)


def _unknown(spelling: Part, matches: tuple[PipOption, ...]) -> Problem:
    name = spelling.text.lstrip("-")
    if len(matches) > 1:
        choices = ", ".join(f"--{option.name}" for option in matches)
        return Problem(
            ProblemKind.AMBIGUOUS_OPTION,
            f"`{spelling.text}` may mean several options: {choices}",
            spelling.range,
        )
    removed = name if name in REMOVED_OPTIONS else REMOVED_SHORT_OPTIONS.get(spelling.text)
    if removed is not None:
        return Problem(
            ProblemKind.REMOVED_OPTION,
            f"pip no longer has `{spelling.text}`: {REMOVED_OPTIONS[removed]}",
            spelling.range,
        )
    if name in COMMAND_LINE_OPTIONS:
        return Problem(
            ProblemKind.COMMAND_LINE_OPTION,
            f"`{spelling.text}` works on pip's command line only, not in a file",
            spelling.range,
        )
    return Problem(
        ProblemKind.UNKNOWN_OPTION, f"pip has no option `{spelling.text}`", spelling.range
    )
