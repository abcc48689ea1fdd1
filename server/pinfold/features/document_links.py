"""Where the words of a requirements file lead: included files, indexes, direct URLs.

Gives targets and does not open any of them. A target never carries credentials, and a URL that
mentions an environment variable is no link, since its value must not leave the process.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from pinfold.core.files import Unreadable
from pinfold.core.formats.entry import EntryKind
from pinfold.core.formats.summary import LineTrait
from pinfold.core.workspace.includes import include_target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pinfold.core.formats.document import Document
    from pinfold.core.formats.entry import Entry
    from pinfold.core.formats.requirements import LogicalLine
    from pinfold.core.model.text import TextRange
    from pinfold.core.workspace.snapshot import Snapshot

MAX_LINKS = 5_000
"""How many links one file gets; an editor draws each of them."""


@dataclass(frozen=True, slots=True)
class DocumentLink:
    """A span that leads somewhere: to a local file, or to a URL without credentials.

    `tooltip` is plain text and holds no credentials either.
    """

    range: TextRange
    target: Path | str
    tooltip: str


def document_links(snapshot: Snapshot, path: Path) -> tuple[DocumentLink, ...]:
    """Return the links of the file at *path* in their order."""
    document = snapshot.document(path)
    if isinstance(document, Unreadable):
        return ()
    links: list[DocumentLink] = []
    for start, line in _lines_with_links(document):
        links.extend(_links_of(path, start, line))
        if len(links) >= MAX_LINKS:
            break
    links.sort(key=lambda link: link.range)
    return tuple(links[:MAX_LINKS])


def public_url(text: str) -> str | None:
    """Return what a browser can open of *text*, without credentials; ``None`` if nothing.

    ``git+https://host/path@ref#egg=name`` gives ``https://host/path``.
    """
    if "${" in text:
        return None
    is_version_control = text.lower().startswith(("git+http", "hg+http", "svn+http", "bzr+http"))
    if is_version_control:
        text = text.partition("+")[2]
    try:
        split = urlsplit(text)
        # The port is only looked at when it is asked for, and may be no number.
        _ = split.port
    except ValueError:
        return None
    if split.scheme not in ("http", "https") or not split.hostname:
        return None
    host = split.netloc.rpartition("@")[2]
    path, query, fragment = split.path, split.query, split.fragment
    if is_version_control:
        path, fragment = path.partition("@")[0], ""
    return urlunsplit((split.scheme, host, path, query, fragment))


_URL_OPTIONS = frozenset({"index-url", "extra-index-url", "find-links"})


def _lines_with_links(document: Document) -> Iterator[tuple[int, LogicalLine]]:
    # Most lines are plain names, and working their parts out would take long in a large file.
    yield from document.with_trait(LineTrait.INCLUDE)
    yield from document.with_trait(LineTrait.OPTION)
    for start, line in document.with_trait(LineTrait.REQUIREMENT):
        if line.texts[3] is not None:
            yield start, line


def _links_of(path: Path, start: int, line: LogicalLine) -> Iterator[DocumentLink]:
    entry = line.entry
    if entry is None:
        return
    if entry.kind in (EntryKind.INCLUDE, EntryKind.CONSTRAINT):
        yield from _include_link(path, start, entry)
        return
    for option in entry.options:
        if option.name in _URL_OPTIONS and option.value is not None:
            yield from _url_link(option.value.text, option.value.range.shifted(start))
    dependency = entry.dependency
    if dependency is not None and dependency.url is not None:
        yield from _url_link(dependency.url.text, dependency.url.range.shifted(start))


def _include_link(path: Path, start: int, entry: Entry) -> Iterator[DocumentLink]:
    assert entry.target is not None
    span = entry.target.range.shifted(start)
    target = include_target(path, entry.target.text)
    if isinstance(target, Path):
        yield DocumentLink(span, target, f"Open {target.name}")
    else:
        yield from _url_link(entry.target.text, span)


def _url_link(text: str, span: TextRange) -> Iterator[DocumentLink]:
    url = public_url(text)
    if url is not None:
        yield DocumentLink(span, url, f"Open {url}")
