"""The VS Code extension as people install it, for tests of it.

Owns that it is the one of these sources, and where it is unpacked. Refuses to know how it is built.
"""

from __future__ import annotations

import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

from tests.editors.required import absent, programs
from tests.project.checkout import ROOT

if TYPE_CHECKING:
    from pathlib import Path

VSIX = ROOT / "build/pinfold.vsix"


def built_vsix() -> Path:
    """Return the extension, made now unless it is there and nothing has changed since.

    Several processes may ask at once; one makes it. Where there is no npm the test ends here.
    """
    if not any(programs("npm")):
        absent("npm", "the VS Code extension is built with it: apt install npm")
    made = subprocess.run(
        [sys.executable, "client-vscode/vsix.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )

    assert 0 == made.returncode, made.stderr
    return VSIX


def unpacked(vsix: Path, folder: Path) -> Path:
    """Unpack *vsix* into *folder* as an editor does, and return the folder of the extension."""
    with zipfile.ZipFile(vsix) as archive:
        archive.extractall(folder)
    return folder / "extension"
