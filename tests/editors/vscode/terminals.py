"""Projects with environments, and shells whose start-up files put another Python first.

Owns what a terminal says of itself: a script in the project writes it to a file, whichever Python
runs it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

from tests.editors.vscode.projects import make_environment
from tests.editors.vscode.workbench import eventually

if TYPE_CHECKING:
    from pathlib import Path

    from tests.editors.vscode.workbench import Workbench

SHELLS = ("bash", "zsh", "fish")

REPORT = """\
import json, os, sys

names = ("VIRTUAL_ENV", "PATH", "PWD")
found = {"prefix": sys.prefix, **{name: os.environ.get(name) for name in names}}
with open(sys.argv[1] + ".part", "w") as file:
    json.dump(found, file)
os.replace(sys.argv[1] + ".part", sys.argv[1])
"""

# What pyenv has in such a folder is a script, too, which would run another Python.
_SHIM = """\
#!/bin/sh
printf '{"prefix": "shims", "VIRTUAL_ENV": "%s"}' "$VIRTUAL_ENV" > "$2.part"
mv "$2.part" "$2"
"""


def make_project(folder: Path) -> Path:
    """Make a project with an environment, whose name is one that has to be quoted."""
    folder.mkdir(parents=True)
    (folder / "requirements.txt").touch()
    (folder / "report.py").write_text(REPORT, encoding="utf-8")
    make_environment(folder / ".venv")
    return folder


def write_start_up_files(home: Path) -> None:
    """Have each shell put a folder like that of pyenv's shims first, and prompt with a `$`."""
    shims = home / ".pyenv" / "shims"
    shims.mkdir(parents=True)
    for name in ("python", "python3"):
        (shims / name).write_text(_SHIM, encoding="utf-8")
        (shims / name).chmod(0o755)
    sets = f'export PATH="{shims}:$PATH"\nPS1="$ "\n'
    (home / ".bashrc").write_text(sets, encoding="utf-8")
    (home / ".zshrc").write_text(sets, encoding="utf-8")
    fish = home / "config" / "fish"
    fish.mkdir(parents=True)
    shown = 'set -q VIRTUAL_ENV; and echo -n "($VIRTUAL_ENV_PROMPT) "; echo "\\$ "'
    (fish / "config.fish").write_text(
        f'set -gx PATH "{shims}" $PATH\nfunction fish_prompt; {shown}; end\n', encoding="utf-8"
    )


def report(path: Path) -> dict[str, Any]:
    """Return what a terminal has written to *path*, once it has."""
    eventually(path.exists, f"{path.name} is written")
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def new_terminal(workbench: Workbench, prompt: str = "") -> None:
    """Open another terminal, in which nothing was written yet, and wait for its *prompt*.

    One that was opened too early is started anew by VS Code, and then has another prompt.
    """
    terminals = workbench.page.locator(".terminal-wrapper")
    count = terminals.count()
    workbench.palette("Terminal: Create New Terminal")
    expect(terminals).to_have_count(count + 1)
    active = workbench.page.locator(".terminal-wrapper.active .xterm-rows")
    expect(active).not_to_contain_text("report.py")
    expect(active).to_contain_text(f"{prompt}$")


def open_terminal(workbench: Workbench, prompt: str) -> None:
    """Open a terminal in the environment of the file in front, and wait for its *prompt*."""
    workbench.run("pinfold.openTerminal")
    active = workbench.page.locator(".terminal-wrapper.active .xterm-rows")
    expect(active).to_contain_text(prompt)


def wait_until_stale(workbench: Workbench) -> None:
    """Wait until VS Code marks the only terminal, since a new one would have other variables."""
    expect(workbench.page.locator(".single-terminal-tab .codicon-warning")).to_be_visible()


def ask(workbench: Workbench, path: Path) -> dict[str, Any]:
    """Return what `python` in the active terminal says of itself; *path* is a new file."""
    workbench.in_terminal(f'python "{path.parent / "report.py"}" "{path}"')
    return report(path)
