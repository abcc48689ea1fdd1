"""Rules on what pip reads, accepts, and then ignores without a word."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pinfold.core.formats.entry import EntryKind
from pinfold.core.formats.logical_lines import LINE_BREAKS
from pinfold.core.formats.summary import LineTrait
from pinfold.core.model.finding import Applicability, Edit, Finding, Fix, Related, Severity
from pinfold.core.model.text import TextRange
from pinfold.core.rules.registry import Family, file_rule, line_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pinfold.core.formats.entry import Entry
    from pinfold.core.formats.requirements import LogicalLine
    from pinfold.core.model.dependency import Option
    from pinfold.core.model.facts import Facts
    from pinfold.core.rules.view import FileView

_INCLUDES = frozenset({"requirement", "constraint"})
_SAFE_TO_SPLIT = frozenset({"requirement", "constraint", "find-links", "editable"})


@line_rule(
    "dropped-include",
    Family.IGNORED,
    default=Severity.WARNING,
    since="0.1",
    fix=Applicability.SAFE,
)
def dropped_include(line: LogicalLine, _facts: Facts) -> Iterator[Finding]:
    """Include is ignored, because something else stands on its line.

    ## Why
    pip follows one `-r` or `-c` a line, and none on the line of a requirement.
    The others are ignored without a word, so that what they require is not installed.

    ## Example
    ```requirements
    -r base.txt -r more.txt
    ```
    ```requirements base.txt
    flask==3.1.0
    ```
    ```requirements more.txt
    redis==5.2.1
    ```
    Use instead:
    ```requirements
    -r base.txt
    -r more.txt
    ```

    ## Fix safety
    Safe: each include gets the line that it needs.
    """
    for entry, option in _dropped(line):
        if option.name in _INCLUDES:
            value = "" if option.value is None else option.value.text
            yield Finding(
                option.range,
                f"pip ignores this include: `{value}` needs a line of its own",
                _split_fix(line, entry, option),
            )


@line_rule(
    "dropped-option",
    Family.IGNORED,
    default=Severity.WARNING,
    since="0.1",
    fix=Applicability.SAFE,
)
def dropped_option(line: LogicalLine, _facts: Facts) -> Iterator[Finding]:
    """Option is ignored where it stands.

    ## Why
    On the line of a requirement pip acts on `--hash` and `--config-settings` only, on the line of
    an editable only on the latter, and beside an include on nothing.
    Of several `--find-links` or `-e` on one line it takes the first, of several `--index-url` the
    last.
    `--no-binary`, `--only-binary`, `--all-releases` and `--only-final` count wherever they stand.
    All others are ignored without a word.

    ## Example
    ```requirements
    --find-links ./wheels --find-links ./more-wheels
    ```
    Use instead:
    ```requirements
    --find-links ./wheels
    --find-links ./more-wheels
    ```

    ## Fix safety
    Safe for `--find-links` and `-e`: each gets a line of its own.
    Unsafe for options that speak of the whole file, because pip will then act on them.
    """
    for entry, option in _dropped(line):
        if option.name in _INCLUDES or option.name == "hash":
            continue
        yield Finding(
            option.range,
            f"pip ignores `{option.spelling.text}` {_where(entry, option)}",
            _split_fix(line, entry, option),
        )


@line_rule("dropped-hash", Family.IGNORED, default=Severity.WARNING, since="0.1")
def dropped_hash(line: LogicalLine, _facts: Facts) -> Iterator[Finding]:
    """Hash belongs to no requirement, and is ignored.

    ## Why
    A `--hash` counts on the line of its requirement only.
    On a line of its own it is mostly what is left of a broken continuation; on an editable it means
    nothing.

    ## Example
    ```requirements
    flask==3.1.0
        --hash=sha256:d667207822eb83f1c4b50949b1623c8fc8d51f2341d65f72e1a1815397551136
    ```
    Use instead:
    ```requirements
    flask==3.1.0 \\
        --hash=sha256:d667207822eb83f1c4b50949b1623c8fc8d51f2341d65f72e1a1815397551136
    ```
    """
    for entry, option in _dropped(line):
        if option.name == "hash":
            yield Finding(option.range, f"pip ignores this hash {_where(entry, option)}")


@line_rule(
    "dropped-marker",
    Family.IGNORED,
    default=Severity.WARNING,
    since="0.1",
    fix=Applicability.SAFE,
)
def dropped_marker(line: LogicalLine, _facts: Facts) -> Iterator[Finding]:
    """Marker after an editable is ignored.

    ## Why
    pip takes only the first word after `-e`, so the editable is installed everywhere.
    For `name @ URL` the whole value can be quoted, marker included; a local path cannot have one.

    ## Example
    ```requirements
    -e git+https://git.example/tool.git#egg=tool ; python_version < "3.9"
    ```
    Use instead:
    ```requirements
    -e 'tool @ git+https://git.example/tool.git ; python_version < "3.9"'
    ```

    ## Fix safety
    Safe: the requirement keeps its name and URL, and gets the marker that stands beside it.
    """
    entry = line.entry
    if entry is None or not entry.stray or not entry.stray[0].text.startswith(";"):
        return
    span = TextRange(entry.stray[0].range.start, entry.stray[-1].range.end)
    fixes: tuple[Fix, ...] = ()
    fix = _quoted_editable(line, entry, span)
    message = "pip ignores this marker"
    if fix is not None:
        fixes = (fix,)
        message = f"{message}: only a quoted `name @ URL ; marker` keeps it"
    elif entry.kind is EntryKind.EDITABLE:
        message = f"{message}: a local editable cannot have one"
    yield Finding(span, message, fixes)


@line_rule(
    "dropped-word",
    Family.IGNORED,
    default=Severity.WARNING,
    since="0.1",
    fix=Applicability.UNSAFE,
)
def dropped_word(line: LogicalLine, _facts: Facts) -> Iterator[Finding]:
    """Word belongs to no option, and is ignored.

    ## Why
    pip splits what follows an option at white space, as a shell does.
    Of a path with a space in it, it takes the part before the space.

    ## Example
    ```requirements
    -r base requirements.txt
    ```
    ```requirements base
    flask==3.1.0
    ```
    ```requirements base requirements.txt
    flask==3.1.0
    ```
    Use instead:
    ```requirements
    -r "base"
    ```

    ## Fix safety
    Unsafe: quoting makes the words one path, and they may have been meant as a comment.
    """
    entry = line.entry
    if entry is None or not entry.stray or entry.stray[0].text.startswith(";"):
        return
    first, last = entry.stray[0].range, entry.stray[-1].range
    span = TextRange(first.start, last.end)
    fixes: tuple[Fix, ...] = ()
    target = entry.target
    if target is not None and target.range.end <= span.start and "\n" not in line.text[: span.end]:
        between = line.text[target.range.end : span.end]
        if '"' not in between and "'" not in between and target.range.of(line.text) == target.text:
            whole = TextRange(target.range.start, span.end)
            quoted = f'"{whole.of(line.text)}"'
            edit = Edit(whole, quoted)
            fixes = (Fix("Quote the path", (edit,), Applicability.UNSAFE),)
    words = " ".join(part.text for part in entry.stray)
    yield Finding(span, f"pip ignores `{words}`: it belongs to no option", fixes)


@line_rule(
    "swallowed-line",
    Family.IGNORED,
    default=Severity.WARNING,
    since="0.1",
    fix=Applicability.SAFE,
)
def swallowed_line(line: LogicalLine, _facts: Facts) -> Iterator[Finding]:
    r"""Line is swallowed by the comment above it.

    ## Why
    A backslash at the end of a line continues it even inside a comment.
    pip joins the lines first and takes the comment away then, and with it the line below.

    ## Example
    ```requirements
    flask==3.1.0  # the web \
    redis==5.2.1
    ```
    Use instead:
    ```requirements
    flask==3.1.0  # the web
    redis==5.2.1
    ```

    ## Fix safety
    Safe where the swallowed line is a requirement or an include of its own.
    Unsafe where pip would refuse it, or where it begins with another option, which may belong to
    the requirement above.
    """
    comment = line.comment
    if comment is None or line.entry is None:
        return
    text = line.text
    end = text.find("\\\n", comment.range.start)
    if end == -1:
        end = text.find("\\\r", comment.range.start)
    if end == -1:
        return
    rest = text[end + 1 :]
    swallowed = rest.strip()
    if not swallowed or swallowed.startswith("#"):
        return
    start = end + 1 + len(rest) - len(rest.lstrip())
    backslash_start = max(len(text[:end].rstrip(" \t\\")), comment.range.start)
    kinds = _kinds(text[:backslash_start] + rest)
    # The line itself has to stay what it is: it may have needed its continuation.
    safe = kinds[:1] == [line.entry.kind] and bool(kinds[1:])
    safe = safe and not {EntryKind.OPTION, EntryKind.ERROR}.intersection(kinds[1:])
    fix = Fix(
        "Remove the backslash",
        (Edit(TextRange(backslash_start, end + 1), ""),),
        Applicability.SAFE if safe else Applicability.UNSAFE,
    )
    span = TextRange(start, start + len(swallowed))
    yield Finding(span, "pip takes this for part of the comment above it", (fix,))


@file_rule("overridden-option", Family.IGNORED, default=Severity.WARNING, since="0.1")
def overridden_option(view: FileView) -> Iterator[Finding]:
    """Option has no effect, because a later one overrides it.

    ## Why
    pip has one `--index-url`: the last one read wins, for the lines above it too.
    After `--no-index` it uses none at all.

    ## Example
    ```requirements
    --index-url https://one.example/simple
    --index-url https://two.example/simple
    ```
    Use instead:
    ```requirements
    --index-url https://two.example/simple
    ```
    """
    last: tuple[int, Option] | None = None
    found: list[tuple[int, Option]] = []
    for start, line in view.document.with_trait(LineTrait.OPTION):
        if line.entry is None:
            continue
        for option in line.entry.honoured("index-url"):
            if last is not None:
                found.append(last)
            last = (start, option)
    if last is None:
        return
    start, option = last
    there = Related(view.path, option.range.shifted(start), "this one wins")
    for earlier_start, earlier in found:
        yield Finding(
            earlier.range.shifted(earlier_start),
            "pip never uses this index: a later `--index-url` overrides it",
            related=(there,),
        )


def _dropped(line: LogicalLine) -> Iterator[tuple[Entry, Option]]:
    entry = line.entry
    if entry is None:
        return
    for option in entry.options:
        if not option.honoured:
            yield entry, option


def _where(entry: Entry, option: Option) -> str:
    match entry.kind:
        case EntryKind.REQUIREMENT:
            return "on the line of a requirement: it needs a line of its own"
        case EntryKind.EDITABLE:
            return "on the line of an editable"
        case EntryKind.INCLUDE | EntryKind.CONSTRAINT:
            return "beside an include: it needs a line of its own"
        case _:
            pass
    if option.name in ("hash", "config-settings"):
        return "because there is no requirement on its line"
    if option.name == "find-links":
        return "after another one on the same line: it needs a line of its own"
    return "because a later one on the same line overrides it"


def _kinds(text: str) -> list[EntryKind]:
    """Return what pip would make of each line of *text* that says anything."""
    from pinfold.core.formats.requirements import parse_requirements

    return [entry.kind for _, entry in parse_requirements(text).entries()]


def _split_fix(line: LogicalLine, entry: Entry, option: Option) -> tuple[Fix, ...]:
    """Return the fix that gives *option* a line of its own, after the line it stands on.

    None where the line is continued or commented in a way that a cut would change.
    """
    if option.name in ("config-settings", "hash", "index-url") and entry.kind is EntryKind.OPTION:
        return ()
    if entry.stray:
        # A word that belongs to no option would become part of what stands before this one.
        return ()
    text = line.text
    written = option.range.of(text)
    # Those that only pip breaks at too: what follows them is another line.
    content = text.rstrip(LINE_BREAKS)
    if any(line_break in content for line_break in LINE_BREAKS) or content.endswith("\\"):
        return ()
    start, end = len(text[: option.range.start].rstrip(" \t")), option.range.end
    if start == 0:
        end = len(text) - len(text[end:].lstrip(" \t"))
    ends_file = content == text
    moved = f"\n{written}" if ends_file else f"{written}\n"
    # Without the option pip may refuse what is left: `foo.whl -e ./a` is no wheel to it, but is one
    # without the `-e`.
    parts = _kinds(f"{text[:start]}{text[end:]}\n{written}")
    safe = option.name in _SAFE_TO_SPLIT and EntryKind.ERROR not in parts
    return (
        Fix(
            "Move it to a line of its own",
            (
                Edit(TextRange(start, end), ""),
                Edit(TextRange(len(text), len(text)), moved),
            ),
            Applicability.SAFE if safe else Applicability.UNSAFE,
        ),
    )


_EGG = re.compile(r"#egg=(?P<name>[A-Za-z0-9._-]+)$")


def _quoted_editable(line: LogicalLine, entry: Entry, marker: TextRange) -> Fix | None:
    from pinfold.core.formats.requirements import parse_requirements

    target = entry.target
    if entry.kind is not EntryKind.EDITABLE or target is None or "\n" in line.text.rstrip("\r\n"):
        return None
    if line.comment is not None or entry.requirement is None or entry.requirement.url is None:
        return None
    value = target.text
    egg = _EGG.search(value)
    if egg is not None:
        value = f"{egg['name']} @ {value[: egg.start()]}"
    written = marker.of(line.text).lstrip("; ").strip()
    quote = '"' if "'" in written else "'"
    if quote in written or quote in value:
        return None
    replacement = f"{quote}{value} ; {written}{quote}"
    reread = parse_requirements(f"-e {replacement}").lines[0].entry
    before = entry.requirement
    if reread is None or reread.requirement is None or reread.requirement.marker is None:
        return None
    if reread.requirement.name != before.name or reread.stray:
        return None
    edit = Edit(TextRange(target.range.start, marker.end), replacement)
    return Fix("Quote the requirement with its marker", (edit,), Applicability.SAFE)
