"""asdf and mise: interpreters installed by version, each in a folder that is called after it.

Format: https://asdf-vm.com/manage/configuration.html, https://mise.jdx.dev/directories.html
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pinfold.core.environments.inspector import version_in_name
from pinfold.core.environments.interpreters import name_of
from pinfold.core.environments.locators.locator import Locator
from pinfold.core.model.installation import InstallationKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pinfold.core.environments.inspector import Inspector
    from pinfold.core.model.installation import Installation


def _locate_asdf(look: Inspector) -> Iterator[Installation]:
    around = look.surroundings
    data = around.folder("ASDF_DATA_DIR") or around.at_home(".asdf")
    yield from _installs(data, InstallationKind.ASDF, "asdf", look)


def _locate_mise(look: Inspector) -> Iterator[Installation]:
    around = look.surroundings
    data = around.folder("MISE_DATA_DIR")
    if data is None and around.is_windows:
        local = around.local_application_data()
        data = None if local is None else os.path.join(local, "mise")
    elif data is None:
        shared = around.xdg_data()
        data = None if shared is None else os.path.join(shared, "mise")
    yield from _installs(data, InstallationKind.MISE, "mise", look)


def _installs(
    data: str | None, kind: InstallationKind, tool: str, look: Inspector
) -> Iterator[Installation]:
    folder = None if data is None else os.path.join(data, "installs", "python")
    # Links without a full version (`3.12`, `latest`) lead to one that is listed as itself.
    for path in look.children(folder, links=False):
        name = name_of(path)
        evidence = f"it is among the installs of {tool} in {folder}"
        candidate = look.candidate(path)
        if candidate is None:
            yield from look.bases(path, kind, evidence, hint=version_in_name(name), name=name)


ASDF = Locator(
    "asdf",
    {InstallationKind.ASDF: "`installs/python` in its data folder (`ASDF_DATA_DIR`)"},
    locate=_locate_asdf,
)
MISE = Locator(
    "mise",
    {InstallationKind.MISE: "`installs/python` in its data folder (`MISE_DATA_DIR`)"},
    locate=_locate_mise,
)
