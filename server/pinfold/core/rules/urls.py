"""Rules on requirements that are URLs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pinfold.core.formats.entry import EntryKind
from pinfold.core.formats.requirements import parse_requirements
from pinfold.core.formats.urls import parse_url
from pinfold.core.model.finding import Applicability, Edit, Finding, Fix, Severity
from pinfold.core.rules.registry import Family, line_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pinfold.core.formats.requirement import Requirement
    from pinfold.core.formats.requirements import LogicalLine
    from pinfold.core.model.dependency import Part
    from pinfold.core.model.facts import Facts

# A semicolon would start a marker once a name stands before it, and so might one in the value of a
# variable.
_NAMED_BY_FRAGMENT = re.compile(r"(?P<url>[^#;$\s]+)#egg=(?P<name>[^#&;$\s]+)")


@line_rule(
    "unnamed-url",
    Family.SYNTAX,
    default=Severity.HINT,
    # There, a URL without a name is refused, which is what `invalid-constraint` says.
    constraints_default=Severity.OFF,
    since="0.1",
    fix=Applicability.SAFE,
)
def unnamed_url(line: LogicalLine, _facts: Facts) -> Iterator[Finding]:
    """Requirement is a URL without a name in front of it.

    ## Why
    Where a URL says no name, pip has to fetch it to learn which package it is.
    An `#egg=` fragment tells pip the name, but that is pip's own convention; `name @ URL` is the
    form that the packaging standards define.
    A wheel says its name in its file name, so its URL needs no other.

    ## Example
    ```requirements
    git+https://git.example/tool.git@v1.0#egg=tool
    ```
    Use instead:
    ```requirements
    tool @ git+https://git.example/tool.git@v1.0
    ```

    ## Fix safety
    Safe: pip reads the same name and fetches the same URL.
    There is no fix where the URL does not say the name, or where its fragment says more.
    """
    entry = line.entry
    if entry is None or entry.kind is not EntryKind.REQUIREMENT or entry.requirement is None:
        return
    name, url = entry.requirement.parts.name, entry.requirement.parts.url
    if url is None or parse_url(url.text).is_wheel:
        return
    if name is None:
        yield Finding(
            url.range,
            "pip has to fetch this URL to learn which package it is: write `name @ URL`",
        )
    elif url.range.start < name.range.start:
        yield Finding(
            url.range,
            f"the name stands in a fragment: write `{name.text} @` before the URL",
            _name_in_front(line, entry.requirement, url),
        )


def _name_in_front(line: LogicalLine, before: Requirement, url: Part) -> tuple[Fix, ...]:
    match = _NAMED_BY_FRAGMENT.fullmatch(url.range.of(line.text))
    if match is None:
        return ()
    replacement = f"{match['name']} @ {match['url']}"
    if line.text.startswith(";", url.range.end):
        # The URL would go on to the next white space.
        replacement += " "
    text = line.text[: url.range.start] + replacement + line.text[url.range.end :]
    entry = parse_requirements(text).lines[0].entry
    after = None if entry is None else entry.requirement
    if after is None or (after.name, after.url) != (before.name, match["url"]):
        return ()
    if (after.extras, after.marker) != (before.extras, before.marker):
        return ()
    edit = Edit(url.range, replacement)
    return (Fix("Write the name in front of the URL", (edit,), Applicability.SAFE),)
