"""Interpreters on ``PATH``, and in the folders that systems and people install them to.

Whatever no other locator knows. Never a shim: a script, or a link to another program, is none, and
neither are the stubs that Windows and macOS put in place of a missing Python.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pinfold.core.environments.inspector import FOREIGN, base_installation
from pinfold.core.environments.interpreters import name_of
from pinfold.core.environments.locators.locator import Locator
from pinfold.core.environments.locators.pyenv import pyenv_roots
from pinfold.core.model.installation import InstallationKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pinfold.core.environments.inspector import Inspector
    from pinfold.core.environments.interpreters import Interpreter
    from pinfold.core.model.installation import Installation

_FOLDERS = ("/usr/local/bin", "/usr/bin", "/bin", "/snap/bin")
# Built from source: each in a folder of its own.
_PARENTS = ("/opt",)


def _locate(look: Inspector) -> Iterator[Installation]:
    seen: set[str] = set()
    minors: set[tuple[str, str]] = set()
    for folder, evidence in _folders(look):
        look.check()
        if look.surroundings.is_foreign(folder):
            look.leave_out(folder, FOREIGN)
            continue
        real = look.real_path(folder)
        if real in seen or _is_left_out(folder, real, look):
            continue
        seen.add(real)
        for interpreter in look.interpreters(folder):
            prefix = _prefix(folder, real, interpreter, look)
            if prefix is None or interpreter.real_executable in seen:
                continue
            seen.add(interpreter.real_executable)
            is_first = (prefix, "") not in minors
            minors.add((prefix, ""))
            yield base_installation(
                prefix, interpreter, InstallationKind.SYSTEM, evidence, shares_prefix=not is_first
            )


def _folders(look: Inspector) -> Iterator[tuple[str, str]]:
    around = look.surroundings
    for folder in around.search_path():
        yield folder, f"{folder} is on PATH"
    if around.is_windows:
        return
    for folder in _FOLDERS:
        yield folder, f"it is in {folder}"
    home = around.at_home(".local", "bin")
    if home is not None:
        yield home, f"it is in {home}"
    for parent in _PARENTS:
        for path in look.children(parent, links=False):
            yield os.path.join(path, "bin"), f"it is in {path}"


def _is_left_out(folder: str, real: str, look: Inspector) -> bool:
    around = look.surroundings
    if around.platform == "darwin" and real == "/usr/bin":
        return True
    if around.is_windows and "WindowsApps" in folder:
        return True
    if name_of(folder) == "shims":
        # pyenv's, asdf's and mise's. What they lead to is found where it is installed.
        return True
    roots = look.once(pyenv_roots)
    if any(folder == os.path.join(root, "bin") for root in roots):
        return True
    # The folder of an environment is on PATH while it is activated.
    above = os.path.dirname(folder)
    return any(
        look.filesystem.is_file(os.path.join(place, "pyvenv.cfg"))
        or look.filesystem.is_directory(os.path.join(place, "conda-meta"))
        for place in (above, folder)
    )


def _prefix(folder: str, real: str, interpreter: Interpreter, look: Inspector) -> str | None:
    """Return the prefix of an interpreter as the user knows it."""
    if os.path.dirname(interpreter.real_executable) != real:
        # A link in a folder such as ~/.local/bin: the installation is where that leads.
        if look.filesystem.is_file(os.path.join(interpreter.prefix, "pyvenv.cfg")):
            return None
        return interpreter.prefix
    if name_of(folder).lower() in ("bin", "scripts", "sbin"):
        above = os.path.dirname(folder)
        # Debian's /bin leads to /usr/bin, whose interpreters have the prefix /usr.
        return above if look.real_path(above) == interpreter.prefix else interpreter.prefix
    return folder if interpreter.prefix == real else interpreter.prefix


SYSTEM = Locator(
    "system",
    {
        InstallationKind.SYSTEM: (
            "interpreters in the folders of `PATH`, in `/usr/local/bin`, `/usr/bin`, `/bin`, "
            "`/snap/bin`, `~/.local/bin` and `/opt/*/bin`; never a shim"
        ),
    },
    locate=_locate,
)
