"""Each recorded failure is what it was made to be; :mod:`.record` says how each was made."""

from __future__ import annotations

import re
from pathlib import Path
from time import perf_counter

import pytest

from pinfold.core.environments.installers.explaining import explain, needs_closer_look
from pinfold.core.model.plan import Failure, FailureKind
from pinfold.core.process import Completed, Ending

K = FailureKind
RECORDED = Path(__file__).with_name("recorded")
TOOLS = ("pip-22.3.1", "pip-24.0", "pip-26.3", "uv-0.13.9", "uv-0.5.31")

KINDS = {
    "build-failed": (K.BUILD_FAILED, "money"),
    "build-needs": (K.BUILD_FAILED, "money"),
    "certificate": (K.CERTIFICATE, None),
    "conflict": (K.CONFLICT, "bank money shop"),
    "conflict-direct": (K.CONFLICT, "money shop"),
    "cut": (K.NO_NETWORK, None),
    "dead-proxy": (K.NO_NETWORK, None),
    "denied": (K.DENIED, None),
    "disk-full": (K.DISK_FULL, None),
    "externally-managed": (K.EXTERNALLY_MANAGED, None),
    "forbidden": (K.FORBIDDEN, None),
    "hash-mismatch": (K.HASH_MISMATCH, "money"),
    "hash-missing": (K.HASH_MISMATCH, "money"),
    "no-compiler": (K.NO_COMPILER, "native"),
    "no-header": (K.MISSING_HEADER, "native"),
    "no-record": (K.BROKEN_WHEEL, "money"),
    "no-such-package": (K.NO_SUCH_PACKAGE, "nowhere-to-be-found"),
    "no-such-version": (K.NO_SUCH_VERSION, "money"),
    "no-zip": (K.BROKEN_WHEEL, "money"),
    "proxy": (K.PROXY, None),
    "refused": (K.NO_NETWORK, None),
    "server-error": (K.NO_NETWORK, None),
    "unauthorized": (K.UNAUTHORIZED, None),
    "unknown-host": (K.NO_NETWORK, None),
    "wrong-digest": (K.HASH_MISMATCH, "money"),
    "wrong-platform": (K.WRONG_PYTHON, "elsewhere"),
    "wrong-python": (K.WRONG_PYTHON, "future"),
    "wrong-python-told": (K.WRONG_PYTHON, "future"),
}
"""What each failure is, and which projects are at fault."""

QUIET = frozenset(
    {"dead-proxy", "forbidden", "proxy", "refused", "server-error", "unauthorized"}
    | {"unknown-host", "wrong-platform", "certificate"}
)
"""Of these pip says only that it has found nothing, until it is asked again."""

OTHERWISE = {
    # It takes what has come for the whole file.
    ("pip-22.3.1", "cut"): (K.HASH_MISMATCH, "money"),
    ("pip-24.0", "cut"): (K.HASH_MISMATCH, "money"),
    # uv says no more than that nobody listens.
    **{(tool, "dead-proxy"): (K.PROXY, None) for tool in TOOLS if tool.startswith("pip")},
}

NOT_SEEN = {
    ("pip-22.3.1", "externally-managed"): "it knows of no such thing",
    ("uv-0.5.31", "wrong-digest"): "it does not look at the digests of an index",
    ("uv-0.5.31", "wrong-python"): "it goes by what the index says, which says nothing",
}


def recording(tool: str, name: str) -> Completed:
    """Return a recorded run."""
    text = (RECORDED / tool / f"{name}.txt").read_text("utf-8")
    match = re.fullmatch(
        r"exit status (-?[0-9]+)\n--- stdout\n(.*?)--- stderr\n(.*)", text, re.DOTALL
    )
    assert match is not None
    return Completed(
        Ending.EXITED, int(match[1]), match[2].encode(), match[3].encode(), is_shortened=False
    )


def said(failure: Failure) -> tuple[FailureKind, str | None]:
    """Return what is to be compared."""
    return failure.kind, " ".join(sorted(failure.packages)) or None


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("name", KINDS)
def test_failures_are_what_they_were_made_to_be(tool: str, name: str) -> None:
    """The kind and the projects at fault, at each version of each tool."""
    if (tool, name) in NOT_SEEN:
        assert not (RECORDED / tool / f"{name}.txt").exists()
        return
    completed = recording(tool, name)
    if tool.startswith("pip") and name in QUIET:
        assert needs_closer_look(completed)
        completed = recording(tool, f"{name}.closer")
    failure = explain(completed)

    assert OTHERWISE.get((tool, name), KINDS[name]) == said(failure)
    assert failure.cause
    assert failure.action
    assert "{" not in failure.cause + failure.action


def test_nothing_recorded_is_left_out() -> None:
    """Every recording is of a failure that is judged here, and is looked at."""
    names = {
        (path.parent.name, path.stem.removesuffix(".closer")) for path in RECORDED.glob("*/*.txt")
    }

    assert {(tool, name) for tool in TOOLS for name in KINDS} - set(NOT_SEEN) == names


@pytest.mark.parametrize("tool", TOOLS)
def test_a_conflict_names_the_requirements(tool: str) -> None:
    """Who asks for what, so that the lines can be found."""
    failure = explain(recording(tool, "conflict"))
    asked = {(asker.text, asker.package) for asker in failure.askers if asker.package}

    assert {("money>=2", "shop"), ("money<2", "bank")} == asked
    assert "money>=2 (from shop)" in failure.cause
    direct = explain(recording(tool, "conflict-direct"))
    assert ("money==1.0", None) in {(asker.text, asker.package) for asker in direct.askers}
    assert ("money>=2", "shop") in {(asker.text, asker.package) for asker in direct.askers}


@pytest.mark.parametrize("tool", TOOLS)
def test_sentences_say_what_is_missing(tool: str) -> None:
    """The header, the Python, the package."""
    told = [
        explain(recording(tool, name)).cause
        for name in ("no-header", "wrong-python-told", "no-such-package")
    ]

    assert "ffi_of_nobody.h" in told[0]
    assert ">=4" in told[1]
    assert "nowhere-to-be-found" in told[2]


@pytest.mark.parametrize("tool", TOOLS)
def test_a_host_that_is_unknown_is_named(tool: str) -> None:
    """The one whose name could not be looked up, however each tool words that."""
    name = "unknown-host.closer" if tool.startswith("pip") else "unknown-host"

    assert "packages.invalid" in explain(recording(tool, name)).cause


def test_a_host_is_not_guessed() -> None:
    """Where a tool does not say which name it was, none is told."""
    completed = Completed(Ending.EXITED, 1, b"", b"Name or service not known", is_shortened=False)

    assert "the name of the index cannot be looked up" == explain(completed).cause


@pytest.mark.parametrize(
    ("ending", "kind"), [(Ending.CANCELLED, K.CANCELLED), (Ending.TIMED_OUT, K.TIMED_OUT)]
)
def test_what_was_ended_has_not_failed(ending: Ending, kind: FailureKind) -> None:
    """A run that we ended says nothing about its reasons, whatever it wrote."""
    completed = Completed(ending, -15, b"", b"No space left on device", is_shortened=False)

    assert kind is explain(completed).kind


def test_what_is_not_known_is_not_guessed() -> None:
    """The installer's own error is handed on, secrets masked; else its status."""
    words = b"ERROR: the moon is at http://me:secret@127.0.0.1/ today.\nmore\n"
    failure = explain(Completed(Ending.EXITED, 1, b"", words, is_shortened=False))
    silent = explain(Completed(Ending.EXITED, 7, b"", b"", is_shortened=False))

    assert (K.UNKNOWN, "the moon is at http://me:******@127.0.0.1/ today") == (
        failure.kind,
        failure.cause,
    )
    assert (K.UNKNOWN, "it ended with status 7") == (silent.kind, silent.cause)


def test_venv_without_ensurepip_is_explained() -> None:
    """What Debian's venv prints, on standard output."""
    words = (
        b"The virtual environment was not created successfully because ensurepip is not\n"
        b"available.  On Debian/Ubuntu systems, you need to install the python3-venv\n"
        b"package using the following command.\n\n    apt install python3.11-venv\n"
    )

    assert (
        K.NO_ENSUREPIP is explain(Completed(Ending.EXITED, 1, words, b"", is_shortened=False)).kind
    )


def test_hostile_output_is_read_in_linear_time() -> None:
    """A build can print what it likes, and a lot of it."""
    pieces = (
        *("a", "a-", "a.", "a==", "<", "a depends on ", "you require a and ", "Because "),
        *("Ignored the following versions that require a different python version: ", "│ "),
        *("someone may have tampered with them. ", "Skipping link: none of the wheel's tags "),
        *("satisfies the requirement a ", "The conflict is caused by:\n  a", "a://b:", "ERROR: "),
    )
    for piece in pieces:
        errors = (piece * 200_000)[:200_000].encode()
        start = perf_counter()
        explain(Completed(Ending.EXITED, 1, b"", errors, is_shortened=False))

        # Far more than it takes on a busy machine, far less than quadratic time would be.
        assert perf_counter() - start < 20, piece
