"""What a client's log is told of an operation that has failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pinfold.core.model.plan import Failure, FailureKind
from pinfold.lsp.failure_log import MAX_BYTES, MAX_LINES, failure_log

if TYPE_CHECKING:
    from pathlib import Path

FAILURE = Failure(FailureKind.NO_NETWORK, "the index cannot be reached", "Try again")


def test_what_has_failed_and_why(tmp_path: Path) -> None:
    """The operation, the environment, the cause, and what was said."""
    log = tmp_path / "log"
    log.write_text("$ uv pip install\nerror: no\n")

    assert [
        f"pinfold install tiny has failed, in {tmp_path}: The index cannot be reached. Try again.",
        f"The end of what was said, all of which is in {log}:",
        "    $ uv pip install",
        "    error: no",
    ] == failure_log(("pinfold", "install", "tiny"), tmp_path, FAILURE, log).split("\n")


def test_only_the_end(tmp_path: Path) -> None:
    """Neither many lines nor long ones fill a log; a line that would be cut is left out."""
    many, long = tmp_path / "many", tmp_path / "long"
    many.write_text("".join(f"{number}\n" for number in range(1000)))
    long.write_text("a" * MAX_BYTES + "\nend\n")
    told = [failure_log((), tmp_path, FAILURE, log).split("\n")[2:] for log in (many, long)]

    assert [f"    {number}" for number in range(1000 - MAX_LINES, 1000)] == told[0]
    assert ["    end"] == told[1]


def test_no_credentials(tmp_path: Path) -> None:
    """Those of what was asked for are masked."""
    asked = "tiny@https://me:secret@example.org/tiny.whl"

    assert "secret" not in failure_log(("install", asked), tmp_path, FAILURE, None)


def test_without_a_file(tmp_path: Path) -> None:
    """That nothing was said, or that it is gone, keeps nothing from being told."""
    told = [failure_log((), tmp_path, FAILURE, log) for log in (None, tmp_path / "gone")]

    assert told[0] == told[1]
    assert "The index cannot be reached" in told[0]
