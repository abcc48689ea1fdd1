"""Servers for tests: one of its own, or one that a whole module shares."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.lsp.client import Client

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def client() -> Iterator[Client]:
    """Return a client of a new server, before the handshake."""
    with Client() as client:
        yield client


@pytest.fixture(scope="module")
def shared_client() -> Iterator[Client]:
    """Return a client of a server that has shaken hands and serves the whole module."""
    with Client() as client:
        client.initialize()
        yield client
