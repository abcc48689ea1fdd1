"""The command line, run in a folder of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.operating import ARCHIVES, BASE, Shop
from tests.cli.running import Runner
from tests.harness.index import Index

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


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


@pytest.fixture(scope="session")
def index() -> Iterator[Index]:
    """An index with a few small projects."""
    with Index(ARCHIVES) as index:
        yield index


@pytest.fixture(scope="session", params=["uv", "pip"])
def stocked(
    request: pytest.FixtureRequest, index: Index, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Shop, Path]:
    """A project with an environment, and where that is kept."""
    folder = tmp_path_factory.mktemp("shops") / f"a {request.param} shop"
    shop = Shop(folder, index, request.param)
    shop.make({})
    shop.run("env", "create", "--python", BASE)
    shop.run("install", "shop==1.0", "money==1.0", "helper")
    shop.compile_pip()
    return shop, shop.keep()


@pytest.fixture
def shop(stocked: tuple[Shop, Path]) -> Shop:
    """A project whose environment has what `OLD` says, on a machine with uv or without."""
    shop, kept = stocked
    shop.restore(kept)
    return shop
