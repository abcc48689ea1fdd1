"""A server on a machine one of whose file systems does not answer.

Whatever concerns a path with ``silent`` in the name of an environment's folder waits for ever, as
calls into a network drive do whose server is gone.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING, Any

from pinfold.core.files import LocalFileSystem
from pinfold.lsp.server import serve_stdio

if TYPE_CHECKING:
    from collections.abc import Callable

HANGS = os.path.join("silent", ".venv")


def hanging(method: Callable[..., Any]) -> Callable[..., Any]:
    """Return *method*, which never comes back from a path that hangs."""

    def call(self: LocalFileSystem, path: Any, *arguments: Any) -> Any:
        if HANGS in os.fspath(path):
            threading.Event().wait()
        return method(self, path, *arguments)

    return call


if __name__ == "__main__":
    for name in ("read_bytes", "read_start", "identity", "is_file", "is_directory", "exists"):
        setattr(LocalFileSystem, name, hanging(getattr(LocalFileSystem, name)))
    for name in ("scan", "names"):
        setattr(LocalFileSystem, name, hanging(getattr(LocalFileSystem, name)))
    sys.exit(serve_stdio())
