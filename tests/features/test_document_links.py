"""Where the words of a file lead."""

from __future__ import annotations

from pathlib import Path

import pytest

from pinfold.core.files import MemoryFileSystem
from pinfold.core.model.facts import Facts
from pinfold.core.workspace.workspace import Opened, Workspace
from pinfold.features.document_links import MAX_LINKS, document_links, public_url

PATH = Path("/p/requirements.txt")


def links(text: str) -> list[tuple[str, str]]:
    """Return the linked words of *text*, each with its target."""
    workspace = Workspace(
        MemoryFileSystem(), working_directory=Path("/p"), locale_encoding="utf-8", facts=Facts()
    )
    snapshot = workspace.apply(Opened(PATH, text))
    return [(link.range.of(text), str(link.target)) for link in document_links(snapshot, PATH)]


def test_links_of_a_file() -> None:
    """Includes, constraints, indexes and direct URLs lead somewhere, names do not."""
    text = (
        "flask==1.0\n"
        "-r base.txt\n"
        "-c ../limits/c.txt\n"
        "-r https://example.org/remote.txt\n"
        "--extra-index-url https://example.org/simple --no-index\n"
        "-f https://example.org/archives\n"
        "a @ https://example.org/a.whl\n"
        "b @ git+https://example.org/b.git@main#egg=b\n"
        "-e git+ssh://example.org/c.git\n"
        "-f ./archives\n"
    )

    assert [
        ("base.txt", "/p/base.txt"),
        ("../limits/c.txt", "/limits/c.txt"),
        ("https://example.org/remote.txt", "https://example.org/remote.txt"),
        ("https://example.org/simple", "https://example.org/simple"),
        ("https://example.org/archives", "https://example.org/archives"),
        ("https://example.org/a.whl", "https://example.org/a.whl"),
        ("git+https://example.org/b.git@main#egg=b", "https://example.org/b.git"),
    ] == links(text)


@pytest.mark.parametrize("target", ["${WHERE}/x.txt", r"'\\server\share\x.txt'", "/dev/stdin"])
def test_what_must_not_be_opened_is_no_link(target: str) -> None:
    """Variables stay unexpanded, and nothing leads to devices or other machines' shares."""
    assert [] == links(f"-r {target}\n")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://user:pass@example.org:8443/a?b#c", "https://example.org:8443/a?b#c"),
        ("https://user@example.org/a", "https://example.org/a"),
        ("https://a@b@example.org/a", "https://example.org/a"),
        ("git+https://u:p@example.org/a/b.git@v1#egg=x", "https://example.org/a/b.git"),
        ("https://${TOKEN}@example.org/a", None),
        ("ftp://example.org/a", None),
        ("javascript:alert(1)", None),
        ("https://", None),
        ("https://[", None),
        ("https://h:port/", None),
    ],
)
def test_public_url(text: str, expected: str | None) -> None:
    """A link is what a browser can open, without credentials."""
    assert expected == public_url(text)


def test_links_are_bounded() -> None:
    """A hostile file does not make an editor draw without end."""
    assert MAX_LINKS == len(links("-r a.txt\n" * (MAX_LINKS + 10)))
