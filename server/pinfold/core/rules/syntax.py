"""Rules on lines that pip refuses, and on the spelling of options."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pinfold.core.formats.entry import EntryKind
from pinfold.core.formats.pip_options import PIP_OPTIONS, REMOVED_OPTIONS
from pinfold.core.formats.problem import ProblemKind
from pinfold.core.formats.requirements import split_logical_lines
from pinfold.core.formats.summary import LineTrait
from pinfold.core.formats.urls import archive_extension
from pinfold.core.model.files import FileRole
from pinfold.core.model.finding import Applicability, Edit, Finding, Fix, Severity
from pinfold.core.model.text import TextRange
from pinfold.core.rules.characters import is_invisible
from pinfold.core.rules.registry import Family, file_rule, line_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pinfold.core.formats.problem import Problem
    from pinfold.core.formats.requirements import LogicalLine
    from pinfold.core.model.facts import Facts
    from pinfold.core.rules.view import FileView

_REQUIREMENT_PROBLEMS = frozenset(
    {
        ProblemKind.INVALID_REQUIREMENT,
        ProblemKind.INVALID_MARKER,
        ProblemKind.INVALID_URL,
        ProblemKind.INVALID_EDITABLE,
        ProblemKind.INVALID_WHEEL_NAME,
    }
)
_OPTION_PROBLEMS = frozenset(
    {
        ProblemKind.UNSPLITTABLE,
        ProblemKind.UNKNOWN_OPTION,
        ProblemKind.AMBIGUOUS_OPTION,
        ProblemKind.COMMAND_LINE_OPTION,
        ProblemKind.MISSING_VALUE,
        ProblemKind.UNEXPECTED_VALUE,
        ProblemKind.INVALID_VALUE,
    }
)

# What people write for the operators of PEP 440: any run of such characters between a name or a
# comma and something that begins like a version. A lone "!" after a digit ends an epoch.
_WRITTEN_OPERATOR = re.compile(r"(?<=[\w\]) ,])(?<![\d](?=!\d))(?P<operator>[=<>!~]+)(?=\s*v?\d)")
_OPERATORS = frozenset({"==", "!=", "<=", ">=", "<", ">", "~=", "==="})
# Those whose meaning is certain. Ruby's `~>` means by a version what `~=` does.
_MEANT = {
    "=": "==",
    "=>": ">=",
    ">==": ">=",
    "=<": "<=",
    "<==": "<=",
    "<>": "!=",
    "=~": "~=",
    "~>": "~=",
}
_MERGE_MARKER = re.compile(r"(?:<{7}|>{7}|={7}|\|{7})(?: |$)")
_NAME = r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)"
_CONDA_LINE = re.compile(rf"{_NAME}=(?P<version>\d[A-Za-z0-9.]*)=[A-Za-z0-9_.]+")
_TABLE_LINE = re.compile(rf"{_NAME}[ \t]+(?P<version>\d[A-Za-z0-9.+]*)")
_GLUED_OPTION = re.compile(
    r"(?P<gap>[\t ]*)(?=--(?:hash|config-settings?)\b)|(?P<tab>\t[\t ]*)(?=-)"
)
# Enough of the next line to see which option it begins with.
_LOOKED_AT = 200
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_NAME_AND_ARCHIVE = re.compile(r"[^\s@]@[^\s@]+$")
_MAX_SHOWN = 100
_TRAILING_BLANK = re.compile(r"\\(?P<blank>[ \t]+)(?=[\r\n]|$)")


@line_rule(
    "invalid-requirement",
    Family.SYNTAX,
    default=Severity.ERROR,
    since="0.1",
    fix=Applicability.SAFE,
)
def invalid_requirement(line: LogicalLine, _facts: Facts) -> Iterator[Finding]:
    """Requirement is none that pip can read.

    ## Why
    pip stops at the first such line and installs nothing of the whole file.
    A path behind a name, `tool @ ./tool`, it reads as a URL without a scheme, and then cannot fetch
    it.

    ## Example
    ```requirements
    flask=3.1.0
    ```
    Use instead:
    ```requirements
    flask==3.1.0
    ```

    ## Fix safety
    Safe: `=`, `=>`, `>==`, `=<`, `<==`, `<>`, `=~` and `~>` become the operators that were meant,
    and an option that is glued to the requirement, or separated by a tab, gets the space that pip
    looks for.
    Unsafe for lines of `conda list --export` and of `pip list`: what conda calls a package, and its
    version, may not exist on the index that pip uses.
    """
    problem = _problem(line, _REQUIREMENT_PROBLEMS)
    if problem is None:
        yield from _without_scheme(line)
    if problem is None or _TRAILING_BLANK.search(line.text):
        return
    message, fix = _explanation(line.text, problem)
    # Whatever is proposed has been read back: a fix that leaves the line broken is none.
    fixes = () if fix is None or not _mends(line.text, fix) else (fix,)
    yield Finding(problem.range, message, fixes)


def _without_scheme(line: LogicalLine) -> Iterator[Finding]:
    """Find `name @ ./path`: pip 26.3 reads it, and stops when it asks for that URL."""
    name, _, _, url, _ = line.texts
    span = line.span("url")
    if url is None or span is None or "${" in url or _SCHEME.match(url):
        return
    if archive_extension(url) and _NAME_AND_ARCHIVE.search(line.text[: span[1]]):
        # `tool@1.zip` may be what a file is called.
        return
    # What stands before an `@` may be a secret.
    shown = f"`{url}`" if "@" not in url and len(url) <= _MAX_SHOWN else "this"
    path = shown if url.startswith((".", "/")) else shown.replace("`", "`./", 1)
    alone = "" if path == "this" else f", {path}"
    yield Finding(
        TextRange(*span),
        f"{shown} has no scheme, so pip cannot install it: write the path alone{alone}, "
        f"or a whole URL, `{name} @ file:///…`",
    )


@file_rule(
    "broken-continuation",
    Family.SYNTAX,
    default=Severity.ERROR,
    since="0.1",
    fix=Applicability.SAFE,
)
def broken_continuation(view: FileView) -> Iterator[Finding]:
    r"""White space after a backslash keeps it from continuing the line.

    ## Why
    pip joins a line to the next only if the backslash is its very last character.
    With a blank behind it the backslash becomes part of the requirement, which pip then refuses,
    and a `--hash` on the next line belongs to nothing.

    ## Example
    ```requirements
    flask==3.1.0 \\u0020
        --hash=sha256:d667207822eb83f1c4b50949b1623c8fc8d51f2341d65f72e1a1815397551136
    ```
    Use instead:
    ```requirements
    flask==3.1.0 \
        --hash=sha256:d667207822eb83f1c4b50949b1623c8fc8d51f2341d65f72e1a1815397551136
    ```

    ## Fix safety
    Safe where the next line holds options for this requirement, which pip ignores as they stand.
    Unsafe otherwise, since the next line would become part of this one.
    """
    document = view.document
    for start, line in document.with_trait(LineTrait.ERROR):
        match = _TRAILING_BLANK.search(line.text)
        if match is None:
            continue
        following = document.text[start + len(line) : start + len(line) + _LOOKED_AT].lstrip(" \t")
        safe = following.startswith(("--hash", "--config-settings", "-C"))
        blank = TextRange(start + match.start("blank"), start + match.end("blank"))
        applicability = Applicability.SAFE if safe else Applicability.UNSAFE
        yield Finding(
            TextRange(start + match.start(), start + match.end()),
            "white space after the backslash: the line is not continued",
            (Fix("Remove the white space", (Edit(blank, ""),), applicability),),
        )


@line_rule(
    "invalid-option",
    Family.SYNTAX,
    default=Severity.ERROR,
    since="0.1",
    fix=Applicability.UNSAFE,
)
def invalid_option(line: LogicalLine, _facts: Facts) -> Iterator[Finding]:
    """Option does not exist, may not stand in a file, or has no proper value.

    ## Why
    pip stops at the first such line and installs nothing of the whole file.
    Many options of `pip install` work on its command line only.

    ## Example
    ```requirements
    --no-deps
    flask==3.1.0
    ```
    Use instead:
    ```requirements
    flask==3.1.0
    ```

    ## Fix safety
    Unsafe: the nearest option that exists may not be the one you mean, and one that belongs on the
    command line has to be written there.
    """
    problem = _problem(line, _OPTION_PROBLEMS)
    if problem is None:
        return
    fixes: tuple[Fix, ...] = ()
    message = problem.message
    if problem.kind is ProblemKind.UNKNOWN_OPTION:
        nearest = _nearest_option(problem.range.of(line.text))
        if nearest is not None:
            message = f"{message}; did you mean `{nearest}`?"
            fixes = (
                Fix(f"Write `{nearest}`", (Edit(problem.range, nearest),), Applicability.UNSAFE),
            )
    elif problem.kind is ProblemKind.COMMAND_LINE_OPTION:
        span = _option_with_value(line.text, problem.range, takes_value=False)
        fixes = (Fix("Remove the option", (Edit(span, ""),), Applicability.UNSAFE),)
    yield Finding(problem.range, message, fixes)


@line_rule(
    "removed-option",
    Family.SYNTAX,
    default=Severity.ERROR,
    since="0.1",
    fix=Applicability.SAFE,
)
def removed_option(line: LogicalLine, _facts: Facts) -> Iterator[Finding]:
    """Option was read by an older pip, and makes a present one stop.

    ## Why
    pip dropped the option, and now refuses the whole file because of it.

    ## Example
    ```requirements
    --use-wheel
    flask==3.1.0
    ```
    Use instead:
    ```requirements
    flask==3.1.0
    ```

    ## Fix safety
    Safe where pip had long ignored the option or does the same without it.
    Unsafe where the option told the build something.
    """
    problem = _problem(line, frozenset({ProblemKind.REMOVED_OPTION}))
    if problem is None:
        return
    name = problem.range.of(line.text).lstrip("-")
    has_no_effect = "leave it out" in REMOVED_OPTIONS.get(name, "leave it out")
    applicability = Applicability.SAFE if has_no_effect else Applicability.UNSAFE
    span = _option_with_value(line.text, problem.range, takes_value=name in _VALUED)
    fix = Fix("Remove the option", (Edit(span, ""),), applicability)
    yield Finding(problem.range, problem.message, (fix,))


@line_rule(
    "abbreviated-option",
    Family.SYNTAX,
    default=Severity.INFO,
    since="0.1",
    fix=Applicability.SAFE,
)
def abbreviated_option(line: LogicalLine, _facts: Facts) -> Iterator[Finding]:
    """Option is abbreviated.

    ## Why
    pip happens to accept any abbreviation that only one option begins with.
    The next version of pip may add a second one, and other tools accept none.

    ## Example
    ```requirements
    --extra-index https://packages.example/simple
    ```
    Use instead:
    ```requirements
    --extra-index-url https://packages.example/simple
    ```

    ## Fix safety
    Safe: pip reads the same option.
    """
    entry = line.entry
    if entry is None:
        return
    known = {f"--{option.name}" for option in PIP_OPTIONS} | {"--pypi-url"}
    for option in entry.options:
        spelling = option.spelling
        if not spelling.text.startswith("--") or spelling.text in known:
            continue
        full = f"--{option.name}"
        fix = Fix(f"Write `{full}`", (Edit(spelling.range, full),), Applicability.SAFE)
        yield Finding(spelling.range, f"`{spelling.text}` abbreviates `{full}`", (fix,))


@line_rule("too-complex", Family.SYNTAX, default=Severity.ERROR, since="0.1")
def too_complex(line: LogicalLine, _facts: Facts) -> Iterator[Finding]:
    """Line is longer, or nested deeper, than Pinfold reads.

    ## Why
    pip takes quadratic time on such a line, or ends in a recursion error.
    No file that a person wrote has one.

    ## What to do
    Split the line, or write the specifier with fewer clauses.
    """
    problem = _problem(line, frozenset({ProblemKind.TOO_COMPLEX}))
    if problem is not None:
        yield Finding(problem.range, problem.message)


@file_rule(
    "invalid-constraint",
    Family.SYNTAX,
    default=Severity.ERROR,
    since="0.1",
)
def invalid_constraint(view: FileView) -> Iterator[Finding]:
    """Line of a constraints file is no constraint.

    ## Why
    pip takes a name and a version from a constraints file, and refuses anything else: editables,
    extras, and URLs or paths without a name.

    ## Example
    ```requirements constraints.txt
    flask[async]==3.1.0
    ```
    Use instead:
    ```requirements constraints.txt
    flask==3.1.0
    ```
    """
    if view.role not in (FileRole.CONSTRAINTS, FileRole.CONSTRAINTS_INPUT):
        return
    if not view.document.traits.get(LineTrait.REQUIREMENT):
        return
    for start, line in view.document.with_trait(LineTrait.REQUIREMENT):
        # Plain names are by far the most lines of such a file, and are all right.
        if line.is_typical and line.texts[1] is None:
            continue
        entry = line.entry
        if entry is None or entry.dependency is None:
            continue
        dependency = entry.dependency
        if dependency.editable:
            yield Finding(
                entry.range.shifted(start), "an editable cannot be a constraint; pip refuses it"
            )
        elif entry.requirement is not None and entry.requirement.name is None:
            yield Finding(
                entry.range.shifted(start), "a constraint needs a name: write `name @ URL`"
            )
        elif dependency.extras:
            first, last = dependency.extras[0].range, dependency.extras[-1].range
            yield Finding(
                TextRange(start + first.start, start + last.end),
                "a constraint cannot have extras; pip refuses it",
            )


_SHORT = re.compile(r"~=\s*(?P<version>\d+)\s*(?=[,)]|$)")

_VALUED = frozenset(
    {
        "global-option",
        "install-option",
        "build-option",
        "allow-external",
        "allow-unverified",
        "skip-requirements-regex",
        "mirrors",
    }
)


def _problem(line: LogicalLine, kinds: frozenset[ProblemKind]) -> Problem | None:
    entry = line.entry
    if entry is None or entry.problem is None or entry.problem.kind not in kinds:
        return None
    return entry.problem


def _explanation(text: str, problem: Problem) -> tuple[str, Fix | None]:
    subject = problem.range.of(text)
    if _MERGE_MARKER.match(subject):
        return "a merge conflict was never resolved here", None
    foreign = _CONDA_LINE.fullmatch(subject) or _TABLE_LINE.fullmatch(subject)
    if foreign is not None:
        tool = "conda list --export" if "=" in subject else "pip list"
        right = f"{foreign['name']}=={foreign['version']}"
        fix = Fix(f"Write `{right}`", (Edit(problem.range, right),), Applicability.UNSAFE)
        return f"a line of `{tool}`, which pip cannot read: write `{right}`", fix
    mistaken = _mistaken_operators(text, problem.range)
    if mistaken:
        wrong, meant = mistaken[0]
        message = f"`{wrong.of(text)}` is no operator"
        if meant is None:
            return message, None
        edits = tuple(Edit(span, operator) for span, operator in mistaken if operator is not None)
        fix = Fix(f"Write `{meant}`", edits, Applicability.SAFE)
        return f"{message}: write `{meant}`", fix
    short = None if "://" in subject else _SHORT.search(subject.partition(";")[0])
    if short is not None:
        # PEP 440: there has to be a part that may grow.
        end = problem.range.start + short.end("version")
        right = f"~={short['version']}.0"
        fix = Fix(f"Write `{right}`", (Edit(TextRange(end, end), ".0"),), Applicability.UNSAFE)
        return f"`~=` needs a version of at least two parts: write `{right}`", fix
    glued = _glued_option(text, problem.range)
    if glued is not None:
        fix = Fix("Put a space before the option", (Edit(glued, " "),), Applicability.SAFE)
        return "an option needs a space before it: pip takes this for part of the requirement", fix
    if any(is_invisible(character) for character in subject):
        return "not a requirement: a character that does not show stands in it", None
    return f"not a requirement: {problem.message}", None


def _mends(text: str, fix: Fix) -> bool:
    """Return whether pip reads the line that *fix* makes of *text*."""
    for edit in sorted(fix.edits, key=lambda edit: edit.range.start, reverse=True):
        text = text[: edit.range.start] + edit.text + text[edit.range.end :]
    return all(
        line.entry is None or line.entry.kind is not EntryKind.ERROR
        for line in split_logical_lines(text)
    )


def _mistaken_operators(text: str, span: TextRange) -> list[tuple[TextRange, str | None]]:
    """Return what was written for operators, each with the one that was certainly meant."""
    subject = span.of(text)
    if "://" in subject or "@" in subject:
        return []
    before_marker = subject.partition(";")[0]
    return [
        (
            TextRange(span.start + match.start(), span.start + match.end()),
            _MEANT.get(match["operator"]),
        )
        for match in _WRITTEN_OPERATOR.finditer(before_marker)
        if match["operator"] not in _OPERATORS
    ]


def _glued_option(text: str, span: TextRange) -> TextRange | None:
    """Return the span before an option that pip took for part of the requirement."""
    for match in _GLUED_OPTION.finditer(text, span.start, span.end):
        if match.start() > span.start:
            return TextRange(match.start(), match.end())
    return None


def _nearest_option(spelling: str) -> str | None:
    from difflib import get_close_matches

    known = [f"--{option.name}" for option in PIP_OPTIONS]
    return next(iter(get_close_matches(spelling, known, 1, 0.75)), None)


def _option_with_value(text: str, span: TextRange, *, takes_value: bool) -> TextRange:
    """Return *span* grown by the option's value and the white space before it."""
    end = span.end
    if text[end : end + 1] == "=":
        takes_value = True
        end += 1
    elif takes_value:
        end += len(text[end:]) - len(text[end:].lstrip(" \t"))
    if takes_value and end < len(text):
        quote = text[end] if text[end] in "'\"" else ""
        if quote and text.find(quote, end + 1) != -1:
            end = text.index(quote, end + 1) + 1
        else:
            end += len(re.match(r"\S*", text[end:]).group())  # type: ignore[union-attr]  # always
    start = len(text[: span.start].rstrip(" \t"))
    return TextRange(start, end)
