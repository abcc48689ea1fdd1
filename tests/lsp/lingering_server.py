"""A server whose first look at the workspace's files ends only when somebody says so.

It ends once the named pipe, whose path is the argument, is opened for writing.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from pinfold.lsp import workspace_files
from pinfold.lsp.server import serve_stdio

if __name__ == "__main__":
    pipe = Path(sys.argv[1])
    settings_files = workspace_files._settings_files

    def linger(*arguments: Any) -> frozenset[Path]:
        """Return what the files depend on, when it is asked for."""
        pipe.read_bytes()
        return settings_files(*arguments)

    workspace_files._settings_files = linger  # type: ignore[assignment]  # of the same shape
    sys.exit(serve_stdio())
