"""The walkthrough in docs/everyday.md: its commands are run, and print what it says.

    python -m tests.docs.test_everyday      writes what they print into the page

What differs from machine to machine (versions of Python, paths, times) is not compared.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.harness.index import Index, quiet_variables, wheel

PAGE = Path(__file__).parents[2] / "docs" / "everyday.md"

_BLOCK = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)
# At a terminal these are bars, which are gone when it is done.
_PROGRESS = re.compile(
    r"^[A-Z]\w+(?: \w+)?: looking\n|^ +ask \S+ \S+ what would change\n"
    r"|^(?:(?:Create|Rebuild|Remove|Sync) environment|\w+ packages|Undo)\n"
    r"(?=  (?:create|install|remove|put) )(?:  (?:create|install|remove|put) .*\n)*"
    r"|^(?:Remove environment|Undo)\n(?=\S)",
    re.MULTILINE,
)
_MARK = "\x1e"


def archives() -> list[object]:
    """Return packages of the names that people know, as small as can be."""
    return [
        wheel("flask", "3.0.0", requires=["click>=8", "werkzeug>=3"]),
        wheel("flask", "3.1.0", requires=["click>=8", "werkzeug>=3", "itsdangerous>=2"]),
        wheel("werkzeug", "3.1.3"),
        wheel("click", "8.1.7"),
        wheel("click", "8.2.1"),
        wheel("itsdangerous", "2.2.0"),
        wheel("six", "1.16.0"),
        wheel("six", "1.17.0"),
    ]


def run_page(text: str, root: Path) -> str:
    """Return *text* with what its commands print below each of them."""
    with Index(archives()) as index:  # type: ignore[arg-type]  # any archive will do
        return _run_page(text, root, index)


def _run_page(text: str, root: Path, index: Index) -> str:
    commands = [
        line.removeprefix("$ ")
        for block in _BLOCK.findall(text)
        for line in block.splitlines()
        if line.startswith("$ ")
    ]
    (root / "home").mkdir()
    folders = (Path(sys.executable).parent, Path("/usr/bin"), Path("/bin"))
    variables = {
        **quiet_variables(root / "home"),
        "PATH": os.pathsep.join(map(str, folders)),
        "PIP_INDEX_URL": index.url,
        "PINFOLD_STATE_DIR": str(root / "state"),
        "TZ": "UTC",
    }
    # For Pinfold alone: the interpreter of the environment has packages of its own.
    path = os.pathsep.join(path for path in sys.path if path)
    function = f'pinfold() {{ PYTHONPATH="{path}" "{sys.executable}" -m pinfold "$@"; }}\n'
    # `--python 3` is the interpreter that runs the tests, wherever that is.
    python = getattr(sys, "_base_executable", sys.executable)
    script = function + "".join(
        f"{command.replace('--python 3', f'--python {python}')}\nprintf '{_MARK}'\n"
        for command in commands
    )
    done = subprocess.run(
        ["bash", "-c", f"exec 2>&1\n{script}"],
        cwd=root,
        env=variables,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=600,
        check=False,
    )
    outputs = iter(zip(commands, done.stdout.split(_MARK), strict=False))

    def block(_match: re.Match[str]) -> str:
        lines = [line for line in _match[0].splitlines() if line.startswith("$ ")]
        return "".join(f"{line}\n{_shown(next(outputs)[1], root, index)}" for line in lines)

    return _BLOCK.sub(block, text)


def _shown(output: str, root: Path, index: Index) -> str:
    """Return what a person would see who has the packages of the world, at a terminal."""
    output = _PROGRESS.sub("", output)
    output = re.sub(r"^ *Packages come from .*\n", "", output, flags=re.MULTILINE)
    output = output.replace(str(root), "~").replace(index.url, "the index")
    python = re.escape(getattr(sys, "_base_executable", sys.executable))
    return re.sub(python, "/usr/bin/python3", output)


def _comparable(text: str) -> str:
    """Return *text* without what differs from run to run."""
    for pattern, stands_for in (
        (r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?", "TIME"),
        (r"\d{8}T\d{6}-\d{6}(-[0-9a-f]{8})?", "ID"),
        (r"(Python:?|CPython) 3\.\d+(\.\d+)?", r"\1 VERSION"),
        (r"\bpip( +|==|-)\d[\d.]*", r"pip VERSION"),
        (r"comes with pip( and setuptools)?", "comes with SEEDS"),
        (r"^.*\bsetuptools\b.*\n", ""),
        (r"\(\S*python\S*\)", "(PYTHON)"),
        (r"\b\d+ packages?\b", "N packages"),
        (r"\b\d+ added\b", "N added"),
        (r" {2,}", "  "),
    ):
        text = re.sub(pattern, stands_for, text, flags=re.MULTILINE)
    return text


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="the page is for POSIX shells")
def test_everyday(tmp_path: Path) -> None:
    """Whoever follows the page gets what it shows."""
    page = PAGE.read_text(encoding="utf-8")

    assert _comparable(page) == _comparable(run_page(page, tmp_path))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        PAGE.write_text(run_page(PAGE.read_text("utf-8"), Path(folder)), encoding="utf-8")
