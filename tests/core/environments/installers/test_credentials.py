"""Whose credentials an index is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from pinfold.core.environments.installers.explaining import with_advice
from pinfold.core.environments.installers.installer import Wanted, target_of
from pinfold.core.environments.installers.sources import SourceReader
from pinfold.core.environments.places import Surroundings
from pinfold.core.files import MemoryFileSystem
from pinfold.core.model.plan import Failure, FailureKind

TARGET = target_of(Path("/project/.venv"), windows=False)
NETRC = """\
# machine commented.test login a password b
machine index.test login ann password 'open sesame'
macdef init
machine macro.test login c password d

machine other.test
    login machine password default
"""


def credentials(url: str, files: dict[str, str], **variables: str) -> list[str | None]:
    """Return what both backends say of an index, which has to be the same."""
    surroundings = Surroundings("/home/me", {"PIP_INDEX_URL": url, **variables}, "linux")
    content: dict[str, str | bytes] = dict(files)
    reader = SourceReader(surroundings, MemoryFileSystem(content), Path("/project"))
    found = [
        [use.credentials for use in sources.indexes]
        for sources in (reader.for_pip(TARGET, Wanted()), reader.for_uv(TARGET, Wanted()))
    ]

    assert found[0] == found[1]
    return found[0]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://index.test/simple", "/home/me/.netrc"),
        ("https://index.test:8443/simple", "/home/me/.netrc"),
        ("https://other.test/simple", "/home/me/.netrc"),
        ("https://commented.test/simple", None),
        ("https://macro.test/simple", None),
        ("https://default.test/simple", None),
        ("https://bob:secret@index.test/simple", "its address"),
        ("https://${USER}:${PASSWORD}@index.test/simple", "its address"),
        ("https://token@index.test/simple", "its address"),
        ("file:///srv/index.test", None),
        ("https://[broken", None),
    ],
)
def test_netrc(url: str, expected: str | None) -> None:
    """What stands in the address counts before netrc, and netrc by the name of the host."""
    assert [expected] == credentials(url, {"/home/me/.netrc": NETRC})


def test_which_netrc() -> None:
    """A file that is named counts alone; a default is for every host; nonsense is for none."""
    files = {"/home/me/.netrc": NETRC, "/my": "default login a password b\n", "/bad": "machine '"}

    assert ["/my"] == credentials("https://any.test/", files, NETRC="/my")
    assert [None] == credentials("https://index.test/", files, NETRC="/bad")
    assert [None] == credentials("https://index.test/", files, NETRC="/nowhere")


def test_keyring() -> None:
    """A keyring that was asked for is named, for a user whose password is not known too."""
    asks = {"PIP_KEYRING_PROVIDER": "subprocess"}

    assert ["the keyring, if it has any"] == credentials("https://index.test/", {}, **asks)
    assert ["the keyring, if it has any"] == credentials("https://me@index.test/", {}, **asks)
    assert ["its address"] == credentials("https://me:you@index.test/", {}, **asks)
    assert [None] == credentials("https://index.test/", {}, PIP_KEYRING_PROVIDER="disabled")


@pytest.mark.parametrize("installer", ["uv", "pip"])
def test_advice(installer: str) -> None:
    """What helps is told of the installer that has failed, and of no other failure."""
    refused = with_advice(Failure(FailureKind.UNAUTHORIZED, "no", "?"), installer)
    forbidden = with_advice(Failure(FailureKind.FORBIDDEN, "no", "Ask"), installer)
    full = Failure(FailureKind.DISK_FULL, "full", "Make room")

    for failure in (refused, forbidden):
        assert failure.action is not None
        assert f"let {installer} ask" in failure.action
    assert full is with_advice(full, installer)
