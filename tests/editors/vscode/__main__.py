"""VS Code with the extension, for a human: `make vscode`.

Opens a copy of the example workspace, in which everything may be tried: it stays as one leaves it,
the editor's settings too, under ``build/vscode``, until one removes it. Programs, settings of pip
and the home directory are those of whoever runs it, and so is the browser, if there is one.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import webbrowser
from contextlib import suppress

from tests.editors.vscode.code_server import CodeServer, install_extensions
from tests.editors.vscode.prepare import NotPreparedError, missing, prepare
from tests.harness.vsix import built_vsix
from tests.project.checkout import ROOT

PLACE = ROOT / "build" / "vscode"

# Without a screen, what Python takes for a browser would run in this terminal.
_HAVE_SCREEN = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")


def main() -> int:
    """Run until one presses Control-C."""
    if absent := missing():
        print(f"VS Code (code-server) is made with these, please install them: {', '.join(absent)}")
        return 1
    try:
        prepare()
    except NotPreparedError as error:
        print(error, file=sys.stderr)
        return 1
    example = PLACE / "example"
    if not example.exists():
        shutil.copytree(ROOT / "docs" / "example", example)
    for made_anew in ("extensions", "extensions-home"):
        shutil.rmtree(PLACE / made_anew, ignore_errors=True)
    install_extensions(PLACE / "extensions", [built_vsix()])
    variables = {**os.environ, "PINFOLD_STATE_DIR": str(PLACE / "state")}
    with CodeServer(PLACE, PLACE / "extensions", variables=variables) as server:
        print(f"VS Code with Pinfold, on {example.relative_to(ROOT)}:")
        print(f"\n    {server.address(example)}\n")
        print("Control-C ends it.", flush=True)
        show(server.address(example))
        try:
            signal.pause()
        except KeyboardInterrupt:
            print()
    return 0


def show(address: str) -> None:
    """Open *address* in the browser of whoever runs this; where there is none, nothing happens."""
    if sys.platform == "darwin" or any(os.environ.get(name) for name in _HAVE_SCREEN):
        with suppress(webbrowser.Error, OSError):
            webbrowser.open(address)


if __name__ == "__main__":
    sys.exit(main())
