"""tox and nox: environments that runs of tests leave behind, in folders of fixed names.

Those inside of the workspace are found by its search; this module only tells whose they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pinfold.core.environments.inspector import Judgement
from pinfold.core.environments.layout import USUAL_NAMES
from pinfold.core.environments.locators.locator import Locator
from pinfold.core.model.installation import InstallationKind

if TYPE_CHECKING:
    from pinfold.core.environments.inspector import Candidate, Inspector


def _identify_tox(candidate: Candidate, look: Inspector) -> Judgement | None:
    if candidate.parent_name == ".tox":
        evidence = "it is in .tox"
    elif candidate.parent == look.surroundings.folder("TOX_WORK_DIR"):
        evidence = "it is in TOX_WORK_DIR"
    elif candidate.name not in USUAL_NAMES and ".tox-info.json" in candidate.names:
        evidence = "it has a .tox-info.json"
    else:
        return None
    project = candidate.above if candidate.parent_name == ".tox" else None
    return Judgement(InstallationKind.TOX, evidence, candidate.name, project)


def _identify_nox(candidate: Candidate, look: Inspector) -> Judgement | None:
    if candidate.parent_name == ".nox":
        return Judgement(InstallationKind.NOX, "it is in .nox", candidate.name, candidate.above)
    if candidate.parent == look.surroundings.folder("NOX_ENVDIR"):
        return Judgement(InstallationKind.NOX, "it is in NOX_ENVDIR", candidate.name)
    return None


TOX = Locator(
    "tox",
    {InstallationKind.TOX: "the folder `.tox` or `TOX_WORK_DIR`, or `.tox-info.json` in it"},
    identify=_identify_tox,
)
NOX = Locator(
    "nox", {InstallationKind.NOX: "the folder `.nox` or `NOX_ENVDIR`"}, identify=_identify_nox
)
