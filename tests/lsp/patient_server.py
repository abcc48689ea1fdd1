"""A server that never looks at environments by itself: it has to be told that one has changed.

So what follows an operation follows because of that operation.
"""

from __future__ import annotations

import sys
from functools import partial

from pinfold.core.environments import lookout
from pinfold.lsp.server import serve_stdio

if __name__ == "__main__":
    patient = partial(lookout.Lookout, poll_interval_s=None)
    lookout.Lookout = patient  # type: ignore[assignment, misc]  # called, and nothing else
    sys.exit(serve_stdio())
