import io
import os
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinfold.cli.render import excerpt
from pinfold.cli.secrets import masked
from pinfold.cli.terminal import Progress, Screen, cells, visible
from pinfold.core.model.text import LineTable, TextRange
from tests.cli.running import Runner


def shown(marked: str, width: int = 100) -> str:
    """Return the excerpt of *marked*, whose range stands between guillemets."""
    start = marked.index("«")
    end = marked.index("»") - 1
    text = marked.replace("«", "").replace("»", "")
    found = excerpt(text, LineTable.of(text), TextRange(start, end), width)
    return "" if found is None else "\n".join(found)


def test_finding_is_shown_with_its_line(pinfold: Runner) -> None:
    """Place, severity, rule and message; the line with a mark; other places; fixes; a summary."""
    pinfold.write("requirements.txt", "flask\nflit=1\nflit==2\n")

    result = pinfold("check", "--versions=-", stdin=b"flask==3\n")

    head, *rest = result.out.split("\n", 1)[0].split("` ", 1)
    assert "requirements.txt:1:1: warning[unpinned] `flask" == head
    assert rest
    assert (
        "\n  1 | flask\n    | ^^^^^\n  unsafe fix: Pin `flask` to 3\nrequirements.txt:2:"
        in result.out
    )
    assert "\n  fix: Write `==`\n" in result.out
    assert result.out.endswith(
        "Found 2 problems (1 error, 1 warning) in 1 file;"
        " 1 can be fixed with --fix, 1 more with --fix --unsafe-fixes.\n"
    )


def test_related_place_is_shown(pinfold: Runner) -> None:
    """The other place that a finding speaks of is told by its path and line."""
    pinfold.write("requirements.txt", "flask==1\nflask==2\n")

    assert "\n  see requirements.txt:1:1: " in pinfold("check").out


def test_quiet(pinfold: Runner) -> None:
    """Only a line for each finding."""
    pinfold.write("requirements.txt", "flask\nflit=1\n")

    lines = pinfold("check", "--quiet").out.splitlines()

    assert ["requirements.txt:1:1: warning[unpinned]", "requirements.txt:2:"] == [
        lines[0].split(" `")[0],
        lines[1][:19],
    ]
    assert 2 == len(lines)
    pinfold.write("requirements.txt", "")
    assert "" == pinfold("check", "-q").out


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        ("flask«==»1\n", "flask==1\n     ^^"),
        ("a\nb«c»d", "bcd\n ^"),
        ("a\tb«c»", "a   bc\n     ^"),
        ("a«\t»b", "a   b\n ^^^"),
        ("日本«語»x", "日本語x\n    ^^"),
        ("e\u0301«x»", "e\u0301x\n ^"),
        ("\U0001f600«x»", "\U0001f600x\n  ^"),
        ("a«\u00a0»==1", "a\\xa0==1\n ^^^^"),
        ("a\x1b[31m«b»", "a\\x1b[31mb\n         ^"),
        ("a\u202e«b»", "a\\u202eb\n       ^"),
        ("«»abc", "abc\n^"),
        ("abc«»\ndef", "abc\n   ^"),
        ("abc«\n»def", "abc\n   ^"),
        ("a«b\nc»d", "ab\n ^"),
        ("a«b\r\n»c", "ab\n ^"),
        ("«»", ""),
        ("a\n«»\nb", ""),
        ("\r\n«»", ""),
        ("a\x0cb«c»\u2028d", "a\\x0cbc\\u2028d\n      ^"),
        ("«e\u0301»", "e\u0301\n^"),
        ("x«\u0301»", "x\u0301\n ^"),
    ],
)
def test_excerpt(marked: str, expected: str) -> None:
    """The mark stands under the range, whatever the characters' width."""
    assert expected == shown(marked)


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        ("0123456789«abc»def", "0123456789abcdef\n          ^^^"),
        ("«abc»" + "x" * 50, "abc" + "x" * 17 + "...\n^^^"),
        ("x" * 50 + "«abc»", "..." + "x" * 17 + "abc\n" + " " * 20 + "^^^"),
        ("x" * 50 + "«abc»" + "y" * 50, "..." + "x" * 10 + "abcyyyyyyy...\n" + " " * 13 + "^^^"),
        (
            "x" * 50 + "«" + "y" * 50 + "»",
            "..." + "x" * 10 + "y" * 10 + "...\n" + " " * 13 + "^" * 10,
        ),
        ("日" * 50 + "«abc»", "..." + "日" * 8 + "abc\n" + " " * 19 + "^^^"),
    ],
)
def test_long_line_is_cut_to_a_window(marked: str, expected: str) -> None:
    """The range is always in sight, with as much around it as there is room for."""
    assert expected == shown(marked, 20)


def test_huge_line_costs_nothing() -> None:
    """The time is that of the window, not that of the line."""
    text = "x" * 5_000_000
    table = LineTable.of(text)
    started = time.process_time()
    for _ in range(200):
        excerpt(text, table, TextRange(2_500_000, 2_600_000), 100)

    # A hundred times what it takes; reading the line once a call would take minutes.
    assert time.process_time() - started < 20


@given(st.text(max_size=60), st.integers(0, 60), st.integers(0, 60), st.integers(10, 50))
def test_excerpt_never_lets_anything_through(text: str, start: int, size: int, width: int) -> None:
    """Nothing but visible characters comes out, in a bounded number of columns."""
    start = min(start, len(text))
    found = excerpt(text, LineTable.of(text), TextRange(start, min(start + size, len(text))), width)

    if found is not None:
        source, marks = found
        assert source.isprintable()
        assert sum(map(cells, source)) <= width + 16
        assert "^" == marks.strip()[:1]
        assert len(marks) <= sum(map(cells, source)) + 1


@given(st.text())
def test_visible_text_is_printable(text: str) -> None:
    """No control character, no surrogate, no direction mark survives."""
    assert visible(text).isprintable()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://a:secret@x.example/", "https://a:******@x.example/"),
        ("git+https://a:secret@x.example/", "git+https://a:******@x.example/"),
        ("ssh://git@x.example/", "ssh://git@x.example/"),
        ("git+https://git@x.example/", "git+https://git@x.example/"),
        ("https://token@x.example/", "https://*****@x.example/"),
        ("https://a:${PASSWORD}@x.example/", "https://a:${PASSWORD}@x.example/"),
        ("https://${USER}:${A}${B}@x.example/", "https://${USER}:${A}${B}@x.example/"),
        ("https://a:@x.example https://:b@y.example", "https://a:@x.example https://:*@y.example"),
        ("https://x.example/a@b", "https://x.example/a@b"),
        ("a @ https://x.example", "a @ https://x.example"),
    ],
)
def test_masking(text: str, expected: str) -> None:
    """Passwords and tokens become asterisks; names, and what variables give, stay."""
    assert expected == masked(text)


@pytest.mark.parametrize("piece", ["a", "://", "a://b", "a://b:", "@", "a://b:c", ":"])
def test_masking_is_linear(piece: str) -> None:
    """No text makes masking slow."""
    text = "@://" + piece * 20_000
    started = time.process_time()
    masked(text)

    assert time.process_time() - started < 20


@pytest.mark.parametrize(
    ("choice", "environment", "terminal", "color"),
    [
        ("auto", {}, False, False),
        ("auto", {}, True, True),
        ("auto", {"TERM": "dumb"}, True, False),
        ("auto", {"NO_COLOR": "1"}, True, False),
        ("auto", {"NO_COLOR": ""}, True, True),
        ("auto", {"FORCE_COLOR": "1"}, False, True),
        ("auto", {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, False),
        ("always", {"NO_COLOR": "1"}, False, True),
        ("never", {"FORCE_COLOR": "1"}, True, False),
    ],
)
def test_colour(choice: str, environment: dict[str, str], terminal: bool, color: bool) -> None:
    """The option wins over the variables, and those over what the stream is."""
    assert color is Screen.of(Stream(terminal=terminal), choice, environment).color


def test_severity_is_coloured(pinfold: Runner) -> None:
    """Colours end where they began, and are not there unless asked for."""
    pinfold.write("requirements.txt", "flask\n")

    assert "\x1b[1;33mwarning[unpinned]\x1b[0m" in pinfold("check", "--color=always").out
    assert "\x1b" not in pinfold("check").out


def test_file_cannot_reach_the_terminal(pinfold: Runner) -> None:
    """Neither a file's text nor its name gets a control character to the terminal."""
    name = "requirements-\x1b[31m\n\u202e\udcff.txt"
    pinfold.write(name, "flask \x1b]0;title\x07 \u202e\x9b31m\n-r \x1b[2J.txt\nfl\x1bask=1\n")

    result = pinfold("check", "--color=never", name)

    assert "requirements-\\x1b[31m\\n\\u202e\\udcff.txt:1:" in result.out
    assert all(line.isprintable() for line in result.out.splitlines())


def test_missing_name_cannot_reach_the_terminal(pinfold: Runner) -> None:
    """A message on standard error is as safe."""
    assert "pinfold: \\x1b[31m\\n: does not exist\n" == pinfold("check", "\x1b[31m\n").err


def test_json_of_odd_names(pinfold: Runner) -> None:
    """A name that is no UTF-8 is JSON all the same, and ASCII."""
    name = os.fsdecode(b"requirements-\xff\n.txt")
    pinfold.write(name, "flask\n")

    assert [(name, 1, 1, "unpinned")] == pinfold.findings()


class Stream(io.StringIO):
    """A stream that says whether it is a terminal."""

    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


def test_encoding_without_a_character() -> None:
    """What the stream's encoding lacks is written as an escape."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    Screen(stream, color=False).write("日\u00e9")
    stream.flush()

    assert b"\\u65e5\\xe9" == raw.getvalue()


def test_progress_waits_a_second() -> None:
    """Progress comes on a terminal after a second, ten times a second at most, and goes away."""
    times = iter([0.0, 0.9, 1.0, 1.05, 1.2])
    stream = Stream(terminal=True)
    progress = Progress(stream, clock=lambda: next(times))
    for text in ("a", "b", "c", "d\x1b"):
        progress.show(text)
    progress.hide()
    progress.hide()

    assert "\r\x1b[Kb\r\x1b[Kd\\x1b\r\x1b[K" == stream.getvalue()


def test_no_progress_without_a_terminal() -> None:
    """A log is not told how far the work is."""
    stream = Stream(terminal=False)
    progress = Progress(stream, clock=lambda: 0.0)
    progress.show("a")
    progress.hide()

    assert "" == stream.getvalue()
