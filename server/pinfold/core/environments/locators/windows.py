r"""Interpreters of Windows: those in the registry (PEP 514), those of the Store, WinPython.

Owns where each of them is noted down. What stands in ``…\Microsoft\WindowsApps`` itself is never
started nor listed: without an installed Python these are stubs that open the Store.
"""

from __future__ import annotations

import ntpath
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from pinfold.core.environments.inspector import version_in_name
from pinfold.core.environments.interpreters import name_of
from pinfold.core.environments.locators.locator import Locator
from pinfold.core.model.installation import Installation, InstallationKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pinfold.core.environments.inspector import Inspector

_ROOTS = (
    "HKEY_CURRENT_USER\\Software\\Python",
    "HKEY_LOCAL_MACHINE\\Software\\Python",
    "HKEY_LOCAL_MACHINE\\Software\\WOW6432Node\\Python",
)
# A package of the Store, and the launcher, which is no interpreter.
_NO_COMPANIES = frozenset({"PyLauncher"})


def _locate_registry(look: Inspector) -> Iterator[Installation]:
    registry = look.surroundings.registry
    for root in _ROOTS:
        for company in registry.subkeys(root):
            if company in _NO_COMPANIES:
                continue
            for tag in registry.subkeys(f"{root}\\{company}"):
                yield from _registered(f"{root}\\{company}\\{tag}", company, tag, look)


def _registered(key: str, company: str, tag: str, look: Inspector) -> Iterator[Installation]:
    look.check()
    registry = look.surroundings.registry
    prefix = registry.value(f"{key}\\InstallPath", "")
    executable = registry.value(f"{key}\\InstallPath", "ExecutablePath")
    if prefix is None and executable is not None:
        prefix = _folder(executable)
    if prefix is None or "WindowsApps" in prefix:
        # The Store registers what it installs; that is listed as the Store's.
        return
    prefix = os.path.normpath(prefix.rstrip("\\/"))
    candidate = look.candidate(prefix)
    if candidate is not None:
        return  # conda's, or an environment that somebody registered.
    said = registry.value(key, "Version") or registry.value(key, "SysVersion")
    hint = None if said is None else version_in_name(said)
    name = registry.value(key, "DisplayName") or f"{company} {tag}"
    yield from look.bases(
        prefix,
        InstallationKind.REGISTRY,
        f"the registry has it as {company}\\{tag}",
        hint=hint,
        name=name,
    )


def _folder(path: str) -> str:
    return ntpath.dirname(path) if "\\" in path else os.path.dirname(path)


# `PythonSoftwareFoundation.Python.3.12_qbz5n2kfra8p0`.
_PACKAGE = re.compile(r"PythonSoftwareFoundation\.Python\.(?P<version>3\.[0-9]{1,2})_[a-z0-9]+")


def _locate_store(look: Inspector) -> Iterator[Installation]:
    around = look.surroundings
    local = around.local_application_data() if around.is_windows else None
    if local is None:
        return
    for path in look.children(os.path.join(local, "Microsoft", "WindowsApps")):
        match = _PACKAGE.fullmatch(name_of(path))
        if match is None:
            continue
        # The executables are links of a kind that cannot be read, to a folder that may not be
        # listed. All there is to tell is the name of the package.
        executable = os.path.join(path, "python.exe")
        names = look.filesystem.names(path)
        if isinstance(names, list) and "python.exe" in names:
            yield Installation(
                Path(path),
                InstallationKind.STORE,
                is_base=True,
                executable=Path(executable),
                version=match["version"],
                name=f"Python {match['version']} (Microsoft Store)",
                evidence=("it is a package of the Microsoft Store",),
            )


_WINPYTHON = re.compile(r"WPy(?:64|32)?-?[0-9]+.*", re.IGNORECASE)
_WINPYTHON_INNER = re.compile(r"python(?:-[0-9]+\.[0-9]+\.[0-9]+.*)?", re.IGNORECASE)


def _locate_winpython(look: Inspector) -> Iterator[Installation]:
    around = look.surroundings
    if not around.is_windows:
        return
    named = around.folder("WINPYTHON_HOME")
    places = [named] if named is not None else []
    for folder in (around.home, around.at_home("WinPython"), around.at_home("Downloads"), "C:\\"):
        if folder is not None:
            places += [
                path
                for path in look.children(folder, links=False)
                if _WINPYTHON.fullmatch(name_of(path))
            ]
    for place in dict.fromkeys(places):
        for path in look.children(place, links=False):
            name = name_of(path)
            if _WINPYTHON_INNER.fullmatch(name) is not None:
                yield from look.bases(
                    path,
                    InstallationKind.WINPYTHON,
                    f"it is in the WinPython {place}",
                    hint=version_in_name(name),
                    name=name_of(place),
                )


REGISTRY = Locator(
    "registry",
    {
        InstallationKind.REGISTRY: (
            "the keys of PEP 514 below `Software\\Python`, of the user and of the machine"
        ),
    },
    locate=_locate_registry,
)
STORE = Locator(
    "store",
    {InstallationKind.STORE: "packages of the Store in `Microsoft\\WindowsApps`; never its stubs"},
    locate=_locate_store,
)
WINPYTHON = Locator(
    "winpython",
    {InstallationKind.WINPYTHON: "`python-…` in a folder such as `WPy64-31241` (`WINPYTHON_HOME`)"},
    locate=_locate_winpython,
)
