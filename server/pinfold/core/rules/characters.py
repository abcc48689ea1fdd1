"""Rules on what stands in a file and does not show: characters, encodings, variables."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from pinfold.core.formats.entry import EntryKind
from pinfold.core.formats.logical_lines import LINE_BREAKS
from pinfold.core.formats.problem import ProblemKind
from pinfold.core.formats.summary import LineTrait
from pinfold.core.model.finding import Applicability, Edit, Finding, Fix, Severity
from pinfold.core.model.text import TextRange
from pinfold.core.rules.registry import Family, file_rule, line_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pinfold.core.formats.requirements import LogicalLine
    from pinfold.core.model.facts import Facts
    from pinfold.core.rules.view import FileView

_EXOTIC_BREAKS = frozenset(LINE_BREAKS) - {"\n", "\r"}
_VARIABLE = re.compile(r"\$\{(?P<name>[A-Za-z0-9_]+)\}")


def is_invisible(character: str) -> bool:
    """Return whether *character* does not show, or looks like a plain space and is none."""
    if character.isascii():
        return character < " " and character not in "\t\n\r"
    return unicodedata.category(character) in {"Zs", "Zl", "Zp", "Cf", "Cc"}


@line_rule(
    "invisible-character",
    Family.SYNTAX,
    default=Severity.WARNING,
    since="0.1",
    fix=Applicability.SAFE,
)
def invisible_character(line: LogicalLine, _facts: Facts) -> Iterator[Finding]:
    r"""Character that does not show, or that only looks like a space.

    ## Why
    Text copied from a web page or a chat carries no-break spaces, zero-width marks and byte-order
    marks into a file.
    pip takes them for part of a name or a version, and the message it prints looks like nonsense.
    Form feeds and Unicode line separators are worse: pip begins a new line there, and your editor
    does not.

    ## Example
    ```requirements
    flask\u00a0==3.1.0
    ```
    Use instead:
    ```requirements
    flask ==3.1.0
    ```

    ## Fix safety
    Safe where pip refuses the line as it stands, and for a line break that only pip sees.
    Unsafe elsewhere: the character may be meant, in the name of a directory for example.
    """
    text = line.text
    if text.isascii() and text.isprintable():
        return
    entry = line.entry
    refused = entry is not None and entry.kind is EntryKind.ERROR
    problem = None if entry is None else entry.problem
    if problem is not None and problem.kind is ProblemKind.TOO_COMPLEX:
        return
    comment_start = len(text) if line.comment is None else line.comment.range.start
    content = text.rstrip("\r\n")
    # pip strips white space at either end; told once, since a line may be long.
    visible_start = len(content) - len(content.lstrip())
    visible_end = len(content[:comment_start].rstrip())
    for index, character in enumerate(content):
        if index >= comment_start or not is_invisible(character):
            continue
        span = TextRange(index, index + 1)
        name = unicodedata.name(character, f"U+{ord(character):04X}").lower()
        if character in _EXOTIC_BREAKS:
            if index + 1 == len(text) and not content[:index].strip():
                continue
            fix = Fix("Make it a line break", (Edit(span, "\n"),), Applicability.SAFE)
            yield Finding(span, f"pip begins a new line at this character ({name})", (fix,))
            continue
        is_space = unicodedata.category(character) == "Zs"
        if is_space and not visible_start < index < visible_end:
            continue
        title = "Make it a plain space" if is_space else "Remove it"
        applicability = Applicability.SAFE if refused else Applicability.UNSAFE
        fix = Fix(title, (Edit(span, " " if is_space else ""),), applicability)
        yield Finding(span, f"a character that does not show: {name}", (fix,))


@file_rule("undefined-variable", Family.SYNTAX, default=Severity.INFO, since="0.1")
def undefined_variable(view: FileView) -> Iterator[Finding]:
    """Environment variable has no value here, so that pip keeps its name.

    ## Why
    pip replaces `${NAME}` by the variable's value before it reads the line.
    A variable that is unset, or empty, stays as it is written, braces and all, and so does any name
    that is not in upper case.

    ## Example
    ```requirements
    --index-url https://${pinfold_example_token}@packages.example/simple
    ```
    Use instead:
    ```requirements
    --index-url https://packages.example/simple
    ```
    """
    variables = view.facts.variables
    for start, line in view.document.with_trait(LineTrait.VARIABLE):
        end = len(line.text) if line.comment is None else line.comment.range.start
        for match in _VARIABLE.finditer(line.text, 0, end):
            name = match["name"]
            span = TextRange(start + match.start(), start + match.end())
            if not name.isupper() and re.fullmatch(r"[A-Z0-9_]+", name) is None:
                yield Finding(
                    span,
                    f"pip replaces only names in upper case: `${{{name}}}` stays as it is",
                )
            elif variables is not None and name not in variables:
                yield Finding(
                    span, f"`{name}` has no value here, so that pip keeps `${{{name}}}` as it is"
                )


@file_rule(
    "unusual-encoding",
    Family.SYNTAX,
    default=Severity.INFO,
    since="0.1",
    fix=Applicability.SAFE,
)
def unusual_encoding(view: FileView) -> Iterator[Finding]:
    """File is not in UTF-8.

    ## Why
    Windows PowerShell writes UTF-16 when it redirects the output of `pip freeze`.
    pip reads such a file; many other tools do not, and a version-control system takes it for
    binary.
    A file in the encoding of one machine's locale is read differently, or not at all, elsewhere.

    ## What to do
    `pinfold check --fix` rewrites the file as UTF-8.
    An editor sees only text, so there it is a matter of "Save with Encoding".

    ## Fix safety
    Safe: pip reads the same text from the rewritten file.
    """
    encoding = view.encoding
    if encoding is None or encoding.is_usual:
        return
    fix = Fix("Rewrite the file as UTF-8", (), Applicability.SAFE, reencode=True)
    first = view.document.text.partition("\n")[0]
    yield Finding(
        TextRange(0, len(first.rstrip("\r"))),
        f"file is read as {encoding.name}, {encoding.detail}; UTF-8 is understood everywhere",
        (fix,),
    )
