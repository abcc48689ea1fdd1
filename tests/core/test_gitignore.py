"""What .gitignore files leave out, beside Git itself."""

from __future__ import annotations

import itertools
import subprocess
from typing import TYPE_CHECKING

import pytest

from pinfold.core.files import LocalFileSystem
from pinfold.core.gitignore import read_ignored

if TYPE_CHECKING:
    from pathlib import Path

_NAMES = ("build", "keep", "logs", "old.pyc", "x1", "line\nbreak")

_LISTS = {
    "names only": "logs\n*.py[co]\nx?/\n",
    "a name let in again": "*\n!keep\n!build/\n",
    "the last line wins, of either kind": "logs/\n!/build/logs/\nbuild/keep\n!keep/\n/x1\n",
    "a path before a name": "!/keep/build\nbuild\n",
    "a name before a path": "build\n!/keep/build\n",
    "sets": "x[0-9]\n[!b]uild\n",
    "two stars": "**/logs/keep\nbuild/**\nk**\n",
    "a backslash": "\\build\nk\\eep/\n",
    "one that matches a line break": "line*\n",
}


@pytest.mark.parametrize("lines", _LISTS.values(), ids=list(_LISTS))
def test_folders_are_ignored_as_by_git(tmp_path: Path, lines: str) -> None:
    """In any order that they are asked for: what is remembered of a name must not change it."""
    (tmp_path / ".gitignore").write_text(lines)
    folders = ["/".join(parts) for parts in itertools.product(_NAMES, repeat=2)] + list(_NAMES)
    for folder in folders:
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    ignored = read_ignored(str(tmp_path), LocalFileSystem(), None)
    assert ignored is not None

    def ours(folder: str) -> bool:
        path = str(tmp_path / folder)
        above, _, _ = folder.rpartition("/")
        # What lies in an ignored folder is ignored, and nobody asks.
        return ignored.ignores_directory(path) or bool(above and ours(above))

    assert _by_git(tmp_path, folders) == {folder for folder in folders if ours(folder)}
    assert _by_git(tmp_path, folders) == {folder for folder in reversed(folders) if ours(folder)}


def _by_git(root: Path, folders: list[str]) -> set[str]:
    subprocess.run(["git", "init", "--quiet", str(root)], check=True)
    done = subprocess.run(
        ["git", "-C", str(root), "check-ignore", "--no-index", "-z", "--stdin"],
        input="\0".join(folders).encode(),
        stdout=subprocess.PIPE,
        check=False,
    )
    assert done.returncode in (0, 1), done.returncode
    return {name.decode() for name in done.stdout.split(b"\0") if name}
