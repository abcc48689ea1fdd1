"""The command line, run in a folder of its own."""

from pathlib import Path

import pytest

from tests.cli.running import Runner


@pytest.fixture
def pinfold(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Runner:
    """`pinfold` in an empty folder, without what this machine's environment says of colours."""
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PINFOLD_STRICT", "1")
    monkeypatch.chdir(tmp_path)
    return Runner(tmp_path, capsys, monkeypatch)
