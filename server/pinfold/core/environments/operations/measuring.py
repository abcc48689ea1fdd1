"""How far an operation is, as a percentage: from its steps, and from what installers say meanwhile.

Owns the estimate: it never goes back, and is not 100 before all is done. Refuses to know who is
told.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from pinfold.core.model.plan import Plan

MOST = 99.0
"""What is shown at most, for as long as it is not over."""

_GATHERED = 0.8
"""The share of a step that it takes to find, download and build what is installed then."""
_PUT = 0.95
"""The share when everything is in place, and what has changed is looked at."""

# "Collecting flask==3.1", "Downloading flask-3.1.0-py3-none-any.whl (100 kB)", "Built shop @ …".
_AT_WORK = re.compile(
    r"(?:Collecting|Obtaining|Processing|Downloading|Downloaded|Using cached|Building|Built)\s+"
    r"(?:wheel for\s+)?(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)"
)
_GATHERED_ALL = re.compile(r"Prepared \d|Installing collected packages")
_INSTALLED = re.compile(r"Installed \d|Successfully installed")


def is_progress(line: str) -> bool:
    """Return whether what an installer says tells how far it is, and does not warn of something."""
    return not line.startswith(("WARNING:", "warning:"))


class Measure:
    """The percentage of one plan that is carried out."""

    def __init__(self, plan: Plan) -> None:
        self._titles = [step.title for step in plan.steps]
        self._planned = frozenset(change.key for change in plan.changes if change.after is not None)
        # What is installed is so by the last step; what comes before is quickly done.
        self._weights = [1.0] * len(self._titles)
        if self._weights:
            self._weights[-1] = max(1.0, float(len(self._planned)))
        self._index = -1
        self._seen: set[str] = set()
        self._percent = 0.0

    @property
    def is_known(self) -> bool:
        """Whether there is anything to measure by."""
        return len(self._titles) > 1 or bool(self._planned and self._titles)

    def began(self, title: str) -> float:
        """Note that something is begun, a step if it is called like the next one."""
        following = self._index + 1
        if following < len(self._titles) and self._titles[following] == title:
            self._index = following
            self._seen.clear()
        return self._reached(0.0)

    def heard(self, line: str) -> float:
        """Note what an installer says."""
        if self._index < len(self._titles) - 1 or not self._planned:
            return self._percent
        working = _AT_WORK.match(line)
        if working is not None:
            self._see(working["name"])
        if _INSTALLED.match(line) is not None:
            return self._reached(_PUT)
        if _GATHERED_ALL.match(line) is not None:
            return self._reached(_GATHERED)
        return self._reached(_GATHERED * len(self._seen) / len(self._planned))

    def _see(self, text: str) -> None:
        """Note a project by its name, or by that of a file of it."""
        name = str(canonicalize_name(text))
        for key in self._planned:
            if name == key or name.startswith(f"{key}-"):
                self._seen.add(key)

    def _reached(self, share: float) -> float:
        index = max(self._index, 0)
        done = sum(self._weights[:index]) + (self._weights[index] * share if self._weights else 0)
        percent = 100.0 * done / sum(self._weights) if self._weights else 0.0
        self._percent = max(self._percent, min(percent, MOST))
        return self._percent
