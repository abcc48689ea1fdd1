from typing import Any

import pytest

from pinfold.core.formats.document import Document
from pinfold.features.reading import reading_of

EMPTY: dict[str, Any] = {
    "name": None,
    "extras": [],
    "specifier": None,
    "marker": None,
    "url": None,
    "target": None,
    "options": {},
    "ignored": [],
    "error": None,
}


def entries(text: str) -> list[dict[str, Any]]:
    """Return the entries of *text*, each without what is empty."""
    reading = reading_of(Document.read(text), "requirements.txt", "utf-8")
    assert all(
        set(entry) == {"kind", "line", "endLine", "text", *EMPTY} for entry in reading["entries"]
    )
    return [
        {key: value for key, value in entry.items() if value not in (None, [], {})}
        for entry in reading["entries"]
    ]


def entry(text: str) -> dict[str, Any]:
    """Return the only entry of *text*, without its lines."""
    (only,) = entries(text)
    return {key: value for key, value in only.items() if key not in ("line", "endLine")}


def lines(text: str) -> list[tuple[int, int]]:
    """Return the first and the last line of each entry of *text*."""
    return [(found["line"], found["endLine"]) for found in entries(text)]


def test_frame() -> None:
    """The file is told by its path, its encoding, and the version of the shape."""
    assert {"version": 1, "path": "r.txt", "encoding": "latin-1", "entries": []} == reading_of(
        Document.read("# nothing\n\n"), "r.txt", "latin-1"
    )


def test_requirement() -> None:
    """Every part of a requirement is told in packaging's form."""
    text = "Requests[socks, security] <3,>=2.8.1 ; python_version<'3.9'  # why\n"

    assert {
        "kind": "requirement",
        "text": "Requests[socks, security] <3,>=2.8.1 ; python_version<'3.9'",
        "name": "Requests",
        "extras": ["security", "socks"],
        "specifier": "<3,>=2.8.1",
        "marker": 'python_version < "3.9"',
    } == entry(text)


def test_named_requirement_without_specifier() -> None:
    """A name that accepts every version has an empty specifier, not an unknown one."""
    assert {"kind": "requirement", "text": "flask", "name": "flask", "specifier": ""} == entry(
        "flask"
    )


def test_hashes() -> None:
    """Options of a requirement come by their long name, each with all its values."""
    digests = [f"sha256:{digit * 64}" for digit in "ab"]

    assert {"hash": digests} == entry(f"flask==3 --hash={digests[0]} --hash {digests[1]}")[
        "options"
    ]


@pytest.mark.parametrize(
    ("text", "kind"), [("-r base.txt", "include"), ("--constraint base.txt", "constraint")]
)
def test_include(text: str, kind: str) -> None:
    """The path of an include is its target, and is not repeated among the options."""
    assert {"kind": kind, "text": text, "target": "base.txt"} == entry(text)


def test_editable() -> None:
    """An editable's text is its value, which is its target too."""
    found = entry("-e ./lib -C a=b")

    assert {
        "kind": "editable",
        "text": "./lib",
        "target": "./lib",
        "options": {"config-settings": ["a=b"]},
    } == found


def test_flag() -> None:
    """A flag has one value, however often it is given."""
    assert {"pre": ["true"], "index-url": ["https://a.example"]} == entry(
        "--pre --pre -i https://a.example"
    )["options"]


@pytest.mark.parametrize(
    ("text", "ignored"),
    [
        ("-r a.txt -r b.txt", ["-r b.txt"]),
        ("-r a.txt -rb.txt", ["-rb.txt"]),
        ("-r a.txt --requirement=b.txt", ["--requirement=b.txt"]),
        ("-r a.txt --requirement   'b c.txt'", ["--requirement b c.txt"]),
        ("-r my file.txt --pre", ["file.txt", "--pre"]),
        ("flask --index-url https://a.example", ["--index-url https://a.example"]),
        ("flask \\\n  --pre", ["--pre"]),
    ],
)
def test_ignored(text: str, ignored: list[str]) -> None:
    """What pip drops is told as it is written, in the order of the line."""
    assert ignored == entry(text)["ignored"]


def test_error() -> None:
    """A line that pip refuses is told with the reason, and with its text."""
    found = entry("flask=1.0")

    assert ("error", "flask=1.0") == (found["kind"], found["text"])
    assert found["error"]


def test_variables_stay() -> None:
    """An environment variable is not expanded."""
    assert ["https://${TOKEN}@a.example"] == entry("-i https://${TOKEN}@a.example")["options"][
        "index-url"
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\nb\n", [(1, 1), (2, 2)]),
        ("a\r\n\r\nb", [(1, 1), (3, 3)]),
        ("a \\\n  --pre\nb\n", [(1, 2), (3, 3)]),
        ("a \\\r\n  --pre\r\nb", [(1, 2), (3, 3)]),
        ("a \\\n\nb\n", [(1, 2), (3, 3)]),
        ("a\x0cb\nc", [(1, 1), (1, 1), (2, 2)]),
        ("a\u2028b", [(1, 1), (1, 1)]),
        ("a\rb", [(1, 1), (2, 2)]),
        ("a \\", [(1, 1)]),
    ],
)
def test_lines(text: str, expected: list[tuple[int, int]]) -> None:
    """Lines are an editor's, whatever pip breaks at, and the last one is included."""
    assert expected == lines(text)
