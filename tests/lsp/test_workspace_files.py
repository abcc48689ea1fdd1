"""Files that are not open, judged and published all the same."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.lsp import lingering_server
from tests.lsp.client import Client

if TYPE_CHECKING:
    from pathlib import Path

AT_START = {"position": {"line": 0, "character": 0}}
BAD, GOOD = "flask=1.0\n", "flask==1.0\n"


def shown(client: Client, path: Path) -> list[str]:
    """Return the rules that are published next of the file at *path*."""
    return [item["code"] for item in client.diagnostics(path.as_uri())]


def start(client: Client, root: Path, files: dict[str, str], **options: Any) -> None:
    """Write *files* and shake hands."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    client.initialize(root=root, initializationOptions={"debounceMs": 0, **options})


def test_files_that_nobody_opened(client: Client, tmp_path: Path) -> None:
    """What is found in the files of the workspace is published without their being open."""
    files = {
        "requirements.txt": BAD,
        "requirements-clean.txt": GOOD,
        "api/requirements/base.txt": BAD,
        "more.list": BAD,
        "constraints.txt": "-r more.list\n",
        ".gitignore": "ignored/\n",
        "ignored/requirements.txt": BAD,
        "excluded/requirements.txt": BAD,
        "pinfold.toml": 'exclude = ["excluded"]\n',
        "notes.txt": BAD,
    }
    start(client, tmp_path, files)
    expected = {
        (tmp_path / name).as_uri()
        for name in ("requirements.txt", "api/requirements/base.txt", "more.list")
    }
    published: set[str] = set()
    while published < expected:
        published.add(client.wait("textDocument/publishDiagnostics")["uri"])

    assert expected == published


def test_files_on_disk_are_followed(client: Client, tmp_path: Path) -> None:
    """A file that is mended, made or removed on disk is judged again, whoever watches files."""
    main, new = tmp_path / "requirements.txt", tmp_path / "requirements-new.txt"
    start(client, tmp_path, {"requirements.txt": BAD})
    assert ["invalid-requirement"] == shown(client, main)
    main.write_text(GOOD)
    assert [] == shown(client, main)
    new.write_text(BAD)
    assert ["invalid-requirement"] == shown(client, new)
    new.unlink()

    assert [] == shown(client, new)


def test_settings_are_followed(client: Client, tmp_path: Path) -> None:
    """Other settings are other findings, and a file that they exclude has none."""
    main, settings = tmp_path / "requirements.txt", tmp_path / "pinfold.toml"
    start(client, tmp_path, {"requirements.txt": "flask\n", "pinfold.toml": "no-such = 1\n"})
    assert ["unpinned"] == shown(client, main)
    assert ["invalid-setting"] == shown(client, settings)
    settings.write_text('ignore = ["unpinned"]\n')
    assert [] == shown(client, main)
    settings.write_text("")
    assert ["unpinned"] == shown(client, main)
    settings.write_text('exclude = ["requirements.txt"]\n')

    assert [] == shown(client, main)


def test_opening_and_closing(client: Client, tmp_path: Path) -> None:
    """While a file is open its text counts, and then what is on disk, without a gap."""
    main = tmp_path / "requirements.txt"
    start(client, tmp_path, {"requirements.txt": BAD})
    assert ["invalid-requirement"] == shown(client, main)
    client.open(main.as_uri(), "flask\n", version=3)
    assert ["unpinned"] == [item["code"] for item in client.diagnostics(main.as_uri(), 3)]
    client.close(main.as_uri())

    assert ["invalid-requirement"] == shown(client, main)


@pytest.mark.skipif(os.name == "nt", reason="there are no named pipes of this kind")
def test_closing_while_others_are_judged(tmp_path: Path) -> None:
    """What is shown of a file stays while it is closed, though the first look is not over."""
    main, pipe = tmp_path / "requirements.txt", tmp_path / "end"
    os.mkfifo(pipe)
    with Client((sys.executable, lingering_server.__file__, str(pipe))) as client:
        start(client, tmp_path, {"requirements.txt": BAD})
        assert ["invalid-requirement"] == shown(client, main)
        client.open(main.as_uri(), "flask\n", version=3)
        assert ["unpinned"] == [item["code"] for item in client.diagnostics(main.as_uri(), 3)]
        client.close(main.as_uri())
        client.request("textDocument/hover", AT_START | {"textDocument": {"uri": main.as_uri()}})
        pipe.write_bytes(b"")

        assert ["invalid-requirement"] == shown(client, main)


def test_opening_a_file_that_is_only_included(client: Client, tmp_path: Path) -> None:
    """A file that counts because another one includes it is judged while it is open, too."""
    more = tmp_path / "more.txt"
    start(client, tmp_path, {"requirements.txt": "-r more.txt\n", "more.txt": BAD})
    assert ["invalid-requirement"] == shown(client, more)
    client.open(more.as_uri(), BAD, language="plaintext")
    client.change(more.as_uri(), 2, {"text": GOOD})
    assert [] == shown(client, more)
    client.close(more.as_uri())

    assert ["invalid-requirement"] == shown(client, more)


def test_closing_a_file_of_elsewhere(client: Client, tmp_path: Path) -> None:
    """What is found in a file outside of the workspace goes when it is closed."""
    root, other = tmp_path / "root", tmp_path / "requirements.txt"
    start(client, root, {"requirements.txt": GOOD})
    other.write_text(BAD)
    client.open(other.as_uri(), BAD)
    assert ["invalid-requirement"] == shown(client, other)
    client.close(other.as_uri())

    assert [] == shown(client, other)


def test_edit_of_an_included_file(client: Client, tmp_path: Path) -> None:
    """An edit in an open file, unsaved, changes the findings of one that is not open."""
    base, main = tmp_path / "base.txt", tmp_path / "requirements.txt"
    start(client, tmp_path, {"base.txt": "rich==14.0\n", "requirements.txt": f"-r base.txt\n{BAD}"})
    assert ["invalid-requirement"] == shown(client, main)
    main.write_text(f"-r base.txt\n{GOOD}")
    assert [] == shown(client, main)
    client.open(base.as_uri(), "rich==14.0\n")
    client.change(base.as_uri(), 2, {"text": GOOD})
    assert ["duplicate-requirement"] == shown(client, main)
    client.close(base.as_uri())

    assert [] == shown(client, main)


def test_open_files_only(client: Client, tmp_path: Path) -> None:
    """A client may ask for the findings of open files alone."""
    main = tmp_path / "requirements.txt"
    start(
        client,
        tmp_path,
        {"requirements.txt": BAD, "dev/requirements.txt": BAD},
        diagnosticMode="openFilesOnly",
    )
    client.open(main.as_uri(), BAD)
    assert ["invalid-requirement"] == shown(client, main)
    client.close(main.as_uri())

    assert [] == shown(client, main)
    assert [] == client.notifications


def test_further_folder(client: Client, tmp_path: Path) -> None:
    """The files of a workspace folder that is added are judged, those of a removed one are not."""
    first, second = tmp_path / "first", tmp_path / "second"
    second.mkdir()
    (second / "requirements.txt").write_text(BAD)
    start(client, first, {"requirements.txt": BAD})
    assert ["invalid-requirement"] == shown(client, first / "requirements.txt")
    event = {
        "added": [{"uri": second.as_uri(), "name": "second"}],
        "removed": [{"uri": first.as_uri(), "name": "first"}],
    }
    client.notify("workspace/didChangeWorkspaceFolders", {"event": event})
    published: dict[str, list[str]] = {}
    while len(published) < 2:
        params = client.wait("textDocument/publishDiagnostics")
        published[params["uri"]] = [item["code"] for item in params["diagnostics"]]

    assert {
        (first / "requirements.txt").as_uri(): [],
        (second / "requirements.txt").as_uri(): ["invalid-requirement"],
    } == published
