"""The promise that holds editor and terminal together: the same text has the same findings.

Random sessions over real pipes: two files, one of which includes the other, are opened and edited
in each position encoding. At the end the server's findings are those of `Snapshot.judge`, which is
what `pinfold check` prints, on the final texts read from disk.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pinfold.core.files import LocalFileSystem
from pinfold.core.formats.document import Document
from pinfold.core.model.facts import Facts
from pinfold.core.model.text import TextRange
from pinfold.core.workspace.workspace import Workspace
from pinfold.lsp.convert import PositionEncoding, to_position
from tests.lsp.client import CAPABILITIES, PULL_CAPABILITIES, Client, Deadline

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PIECES = (
    *("flask", "Flask", "rich", "==1.0", "==1.0\n", ">=1,<2", "=1.0", "[a,b]", "zope"),
    *("-r base.txt\n", "-c base.txt\n", "-r none.txt", "-r requirements.txt\n", " --pre"),
    *(" --hash=sha256:ab", "--hash=md5:00", "-i http://u:p@h/s\n", "-e ./x\n", "${NO_SUCH}"),
    *("  # pinfold: ignore[unpinned]\n", " # pinfold: ignore[x, unpinned]", " #c\n", "\\\n"),
    *("\n", "\r\n", "\r", "\x0c", "\u2028", "\u0085", "\t", " ", "\\", "--pre\n"),
    # More than once, since an edit next to one of these changes what a line is.
    *("\\", "\\", "\\", "\n", "\n", "\n", "\n", "\r", "#"),
    *("😀", "é", "𝕏", "\u200b", "\u00a0", " ; python_version<'3'"),
)
TEXTS = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
Edit = tuple[float, float, str, bool]
"""From where to where, as shares of the text; what comes there; whether it may be all the text."""

EDITS = st.lists(
    st.lists(
        st.tuples(st.floats(0, 1), st.floats(0, 1), TEXTS, st.booleans()), min_size=1, max_size=3
    ),
    max_size=6,
)
"""Changes of the two files in turn, one list for each notification."""

Row = tuple[Any, ...]
"""A finding: rule, severity, message, the numbers of its range, how many places it relates to."""


@dataclass(frozen=True)
class Session:
    """A server that has shaken hands, and the folder that it works in.

    Nothing is ever saved there; `twin` is where the final texts are judged from disk.
    """

    client: Client
    folder: Path
    twin: Path
    encoding: PositionEncoding
    pulls: bool


@pytest.fixture(
    scope="module",
    params=[*((encoding, False) for encoding in PositionEncoding), (PositionEncoding.UTF16, True)],
    ids=lambda param: f"{param[0].value}-{'pull' if param[1] else 'push'}",
)
def session(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Session]:
    """Return one server for each encoding, and one that is asked; it serves all examples."""
    folder = tmp_path_factory.mktemp("session")
    encoding: PositionEncoding
    encoding, pulls = request.param
    with Client(cwd=folder) as client:
        capabilities = {
            **(PULL_CAPABILITIES if pulls else CAPABILITIES),
            "general": {"positionEncodings": [encoding.value]},
            # The server is not to look at the disk by itself: it would judge everything anew then,
            # and hide that an edit did not reach a file which includes the edited one.
            "workspace": {"didChangeWatchedFiles": {"dynamicRegistration": True}},
        }
        client.initialize(root=folder, capabilities=capabilities)
        yield Session(client, folder, tmp_path_factory.mktemp("twin"), encoding, pulls)
        assert 0 == client.shut_down()


class OpenText:
    """A document in the hands of an editor, which counts columns in its own encoding."""

    def __init__(self, session: Session, name: str, text: str) -> None:
        self._client = session.client
        self._encoding = session.encoding
        self.path = session.folder / name
        self.uri = self.path.as_uri()
        self.text = text
        self.version = 1
        self._client.open(self.uri, text)

    def change(self, edits: list[Edit]) -> None:
        """Send *edits*, each to what the one before it left, in one notification."""
        changes: list[dict[str, Any]] = []
        for first, second, replacement, is_whole in edits:
            if is_whole and first > 0.8:
                self.text = replacement
                changes.append({"text": replacement})
                continue
            start, end = sorted((self._place(first), self._place(second)))
            changes.append({"range": self._range(start, end), "text": replacement})
            self.text = self.text[:start] + replacement + self.text[end:]
        self.version += 1
        self._client.change(self.uri, self.version, *changes)

    def _place(self, share: float) -> int:
        offset = round(share * len(self.text))
        is_between = self.text[max(0, offset - 1) : offset + 1] == "\r\n"
        return offset - 1 if is_between else offset

    def _range(self, start: int, end: int) -> dict[str, dict[str, int]]:
        # Counted here from the text alone, not with the code that is tested.
        return {"start": self._position(start), "end": self._position(end)}

    def _position(self, offset: int) -> dict[str, int]:
        before = self.text[:offset].replace("\r\n", "\n").replace("\r", "\n")
        line = before.rpartition("\n")[2]
        codec = {"utf-8": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}
        width = {"utf-8": 1, "utf-16": 2, "utf-32": 4}[self._encoding.value]
        character = len(line.encode(codec[self._encoding.value])) // width
        return {"line": before.count("\n"), "character": character}


class Shown:
    """What an editor shows: the diagnostics of each document that it was told last."""

    def __init__(self, session: Session) -> None:
        self._client = session.client
        self._pulls = session.pulls
        self._by_uri: dict[str, tuple[int | None, list[Row]]] = {}
        self._result_ids: dict[str, str] = {}

    def settle(self, *documents: OpenText) -> None:
        """Take in what follows at once from all that was sent so far; ask, if one has to."""
        if self._pulls:
            for opened in documents:
                self._ask(opened)
            return
        for _ in range(2):
            # Publishing stands in line behind the messages that are there: the second answer comes
            # after it, unless the server has put a judgement that takes long beside its loop.
            self._client.request(
                "textDocument/documentLink", {"textDocument": {"uri": "file:///none"}}
            )
        for message in self._client.notifications:
            self._take(message["params"])
        self._client.notifications.clear()

    def wait_for(self, opened: OpenText, expected: list[Row]) -> list[Row]:
        """Return what is shown of *opened* once it is *expected*, or else when nothing comes."""
        until = (opened.version, expected)
        with suppress(Deadline):
            while not self._pulls and self._by_uri.get(opened.uri) != until:
                self._take(self._client.wait("textDocument/publishDiagnostics", deadline_s=3.0))
        return self._by_uri[opened.uri][1]

    def _ask(self, opened: OpenText) -> None:
        report = self._client.pull(opened.uri, self._result_ids.get(opened.uri))
        self._result_ids[opened.uri] = report["resultId"]
        if report["kind"] == "full":
            self._by_uri[opened.uri] = (opened.version, _rows(report["items"]))

    def _take(self, params: dict[str, Any]) -> None:
        self._by_uri[params["uri"]] = (params.get("version"), _rows(params["diagnostics"]))


def _rows(items: list[dict[str, Any]]) -> list[Row]:
    return [
        (
            item["code"],
            item["severity"],
            item["message"],
            *item["range"]["start"].values(),
            *item["range"]["end"].values(),
            len(item.get("relatedInformation", ())),
        )
        for item in items
    ]


def judged(session: Session, path: Path) -> list[Row]:
    """Return what is found in the file at *path* on disk."""
    workspace = Workspace(
        LocalFileSystem(),
        roots=(session.twin,),
        working_directory=session.twin,
        locale_encoding="utf-8",
        facts=Facts(variables=frozenset(name for name, value in os.environ.items() if value)),
    )
    judgement = workspace.snapshot.judge(path)
    document = judgement.document
    assert document is not None
    levels = {"error": 1, "warning": 2, "info": 3, "hint": 4}
    return [
        (
            finding.rule,
            levels[finding.severity.value],
            finding.message,
            *to_position(document, finding.range.start, session.encoding),
            *to_position(document, finding.range.end, session.encoding),
            len(finding.related),
        )
        for finding in judgement.findings
    ]


@settings(
    max_examples=150,
    # Each failing example waits for findings that do not come: making it smaller takes minutes.
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    # The server outlives the examples on purpose; each of them closes what it opened.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.sampled_from(["", "-r base.txt\nflask==1.0\n"]), TEXTS, TEXTS, EDITS, st.booleans())
def test_findings_equal_those_of_the_terminal(
    session: Session,
    head: str,
    main_text: str,
    base_text: str,
    edits: list[list[Edit]],
    is_slow: bool,
) -> None:
    """After any edits, the findings in both files are those of the final texts.

    Be they sent all at once, or each after what the one before it brought about.
    """
    shown = Shown(session)
    main = OpenText(session, "requirements.txt", head + main_text)
    base = OpenText(session, "base.txt", base_text)
    try:
        for number, changes in enumerate(edits):
            if is_slow:
                shown.settle(main, base)
            (base if number % 2 else main).change(changes)
        shown.settle(main, base)
        for opened in (main, base):
            (session.twin / opened.path.name).write_bytes(opened.text.encode())
        for opened in (main, base):
            expected = judged(session, session.twin / opened.path.name)

            assert expected == shown.wait_for(opened, expected)
    finally:
        for opened in (main, base):
            session.client.close(opened.uri)
        Shown(session).settle()


def test_position_counts_are_those_of_the_server() -> None:
    """The editor of this test and the server agree on a position that is known."""
    text = "a\x0c\u2028😀b\r\nc"
    document = Document.read(text)

    assert TextRange(5, 5).start == text.index("\r")
    assert (0, 6) == to_position(document, 5, PositionEncoding.UTF16)
    assert (1, 1) == to_position(document, 8, PositionEncoding.UTF16)
