"""The framing of messages, fed in pieces of any size."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinfold.lsp import transport
from pinfold.lsp.transport import MAX_HEADER_BYTES, Framing


def framed(body: bytes) -> bytes:
    """Return *body* as a client sends it."""
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


@given(st.lists(st.binary(max_size=20), max_size=5), st.integers(1, 50))
def test_messages_survive_any_cut(bodies: list[bytes], size: int) -> None:
    """Where the stream is cut into pieces does not matter."""
    stream = b"".join(map(framed, bodies))
    framing = Framing()
    found = [
        body
        for start in range(0, len(stream), size)
        for body in framing.feed(stream[start : start + size])
    ]

    assert bodies == found


@pytest.mark.parametrize(
    "header",
    [
        b"Content-Type: x\r\nContent-Length: 2\r\n\r\n",
        b"content-length:2\r\n\r\n",
        b"Content-Length: 2\r\nContent-Type: application/vscode-jsonrpc; charset=utf-8\r\n\r\n",
        b"rubbish\nContent-Length: 2\r\n\r\n",
    ],
)
def test_header_is_read_leniently(header: bytes) -> None:
    """Other headers, and either case, are fine."""
    assert [b"{}"] == Framing().feed(header + b"{}")


def test_header_without_a_length_is_told() -> None:
    """What has no length is told of, and the next message is read."""
    assert [None, b"{}"] == Framing().feed(b"Content-Size: 9\r\n\r\n" + framed(b"{}"))


def test_endless_header_is_dropped() -> None:
    """Bytes that never become a header do not fill the memory."""
    framing = Framing()

    assert [None] == framing.feed(b"x" * (MAX_HEADER_BYTES + 1))
    assert [None, b"{}"] == framing.feed(b"\r\n\r\n" + framed(b"{}"))


def test_message_that_is_too_long_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """A body past the limit is skipped, not kept, and the next message is read."""
    monkeypatch.setattr(transport, "MAX_MESSAGE_BYTES", 10)
    framing = Framing()

    assert [None] == framing.feed(b"Content-Length: 11\r\n\r\n12345")
    assert [b"{}"] == framing.feed(b"678901" + framed(b"{}"))
