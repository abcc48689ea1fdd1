import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import pinfold as package
from pinfold.cli import check
from tests.cli.running import Runner, process
from tests.project.checkout import ROOT


@pytest.mark.parametrize("option", ["--version", "-V"])
def test_version(pinfold: Runner, option: str) -> None:
    """The version, and nothing else."""
    assert (0, f"pinfold {package.__version__}\n", "") == (
        (result := pinfold(option)).status,
        result.out,
        result.err,
    )


def test_version_imports_nothing() -> None:
    """`--version` costs a start of Python and little else."""
    program = (
        "import sys; before = set(sys.modules); from pinfold.cli.main import main; "
        "main(['--version']); print(*sorted(set(sys.modules) - before))"
    )
    result = subprocess.run(
        [sys.executable, "-S", "-c", program],
        cwd=ROOT / "server",
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert {"__future__", "pinfold", "pinfold.cli", "pinfold.cli.main"} >= set(
        result.stdout.splitlines()[1].split()
    )


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help(pinfold: Runner, option: str) -> None:
    """The overview names every verb; each verb has a help of its own."""
    result = pinfold(option)

    assert (0, "") == (result.status, result.err)
    for verb in ("check", "env", "parse", "rule", "run", "server"):
        assert f"pinfold {verb}" in result.out
        assert (0, "") == ((own := pinfold(verb, option)).status, own.err)
        assert f"usage: pinfold {verb}" in own.out


def test_no_verb(pinfold: Runner) -> None:
    """Nothing asked for is wrong usage, and shows what there is."""
    result = pinfold()

    assert (2, "") == (result.status, result.out)
    assert "usage: pinfold check" in result.err


@pytest.mark.parametrize(
    ("verb", "told"),
    [("chekc", "; did you mean `check`?\n"), ("\x1b[31m", "`\\x1b[31m`\n"), ("--check", "check")],
)
def test_unknown_verb(pinfold: Runner, verb: str, told: str) -> None:
    """A verb that does not exist is wrong usage, with what was probably meant."""
    result = pinfold(verb)

    assert (2, "") == (result.status, result.out)
    assert told in result.err


def test_interrupt(pinfold: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends the run with a short line and the shell's status for it."""

    def interrupted(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(check, "run", interrupted)

    assert (130, "pinfold: interrupted\n") == (
        (result := pinfold("check")).status,
        result.err,
    )


def test_crash(pinfold: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug of ours is a line and status 2 for people, and an exception in our own tests."""

    def crash(_: object) -> int:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr(check, "run", crash)
    with pytest.raises(ZeroDivisionError):
        pinfold("check")
    monkeypatch.delenv("PINFOLD_STRICT")
    result = pinfold("check")

    assert 2 == result.status
    assert "pinfold: internal error: ZeroDivisionError" in result.err
    assert "secret" not in result.err


def test_closed_standard_output(pinfold: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a standard output there is still an exit status."""
    pinfold.write("requirements.txt", "flask\n")
    monkeypatch.setattr(sys, "stdout", None)

    assert 1 == pinfold("check").status


def test_server_is_started(pinfold: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """`server` starts the language server, also with the option that editors add."""
    import pinfold.lsp.server as server

    monkeypatch.setattr(server, "serve_stdio", lambda: 0)

    assert [0, 0, 2] == [
        pinfold("server", *arguments).status for arguments in ([], ["--stdio"], ["--tcp"])
    ]


@pytest.mark.slow
def test_process(tmp_path: Path) -> None:
    """`python -m pinfold` hands the exit status on."""
    (tmp_path / "requirements.txt").write_bytes(b"flask\n")

    assert [1, 0, 2] == [
        process(["check", *arguments], tmp_path).returncode
        for arguments in ([], ["--exit-zero"], ["gone"])
    ]


@pytest.mark.slow
def test_reader_that_goes_away(tmp_path: Path) -> None:
    """A pipe that is closed early ends the run without a word."""
    (tmp_path / "requirements.txt").write_bytes(b"flask\n" * 20_000)
    command = f'"{sys.executable}" -m pinfold check; echo $? >status'
    result = subprocess.run(
        ["sh", "-c", f"({command}) | head -n 1"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "server")},
        capture_output=True,
        timeout=120,
        check=True,
    )

    assert b"" == result.stderr
    assert result.stdout.startswith(b"requirements.txt:1:1: ")
    assert "141\n" == (tmp_path / "status").read_text(encoding="ascii")


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_full_disk(tmp_path: Path) -> None:
    """An output that takes nothing is a failed operation, told in a line."""
    (tmp_path / "requirements.txt").write_bytes(b"flask\n")
    with Path("/dev/full").open("wb") as full:
        result = subprocess.run(
            [sys.executable, "-m", "pinfold", "check"],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "server")},
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=120,
            check=False,
        )

    assert (2, b"pinfold: no space left on device\n") == (result.returncode, result.stderr)


@pytest.mark.slow
def test_interrupted_process(tmp_path: Path) -> None:
    """A real Ctrl-C, while the program waits, ends it without a traceback."""
    process = subprocess.Popen(
        [sys.executable, "-m", "pinfold", "check", "--quiet", ".", "--versions", "-"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "server")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    # It reads the pipe to its end before it does anything else: once the pipe has been emptied of
    # more than it can hold, the program is past its imports.
    process.stdin.write(b"#" * (1 << 20))
    process.stdin.flush()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)

    assert (130, b"pinfold: interrupted\n") == (process.returncode, errors)


@pytest.mark.slow
@pytest.mark.parametrize("locale", ["C", "POSIX", "en_US.ISO-8859-1"])
def test_other_locales(tmp_path: Path, locale: str) -> None:
    """Neither names nor texts beyond ASCII are a problem where the locale knows none."""
    name = "requirements-\u00e9\u65e5.txt".encode()
    (tmp_path / os.fsdecode(name)).write_bytes("flask # \u65e5\nfl\u00e9=1\n".encode())
    options = {"LC_ALL": locale, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    for form in ("text", "json"):
        result = process(["check", "--format", form], tmp_path, environment=options)
        assert (1, b"") == (result.returncode, result.stderr)
    ascii_only = {**options, "PYTHONIOENCODING": "ascii"}
    result = process(["check", name], tmp_path, environment=ascii_only)

    assert (1, b"") == (result.returncode, result.stderr)
    assert result.stdout.isascii()


def test_text_stream_without_bytes(pinfold: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """A standard output that is only text gets the diff as text."""
    pinfold.write("requirements.txt", "flit=1\n")
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    pinfold("check", "--diff")

    assert "+flit==1\n" in stream.getvalue()
