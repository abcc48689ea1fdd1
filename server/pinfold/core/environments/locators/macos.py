"""Interpreters of macOS: Homebrew's (on Linux too), those of python.org, Xcode's.

Owns the folders that their installers use. ``/usr/bin/python3`` of macOS is none of them: it only
asks whether Xcode's tools shall be installed.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from pinfold.core.environments.inspector import base_installation, version_in_name
from pinfold.core.environments.interpreters import name_of
from pinfold.core.environments.locators.locator import Locator
from pinfold.core.model.installation import InstallationKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pinfold.core.environments.inspector import Inspector
    from pinfold.core.model.installation import Installation

_HOMEBREW = ("/opt/homebrew", "/usr/local", "/home/linuxbrew/.linuxbrew")
_FORMULA = re.compile(r"(?:python(?:-freethreading)?|pypy|graalpy)(?:@?[0-9.]+)?")


def _locate_homebrew(look: Inspector) -> Iterator[Installation]:
    around = look.surroundings
    if around.is_windows:
        return
    named = around.folder("HOMEBREW_PREFIX")
    for root in dict.fromkeys((*([named] if named else []), *_HOMEBREW)):
        for formula in look.children(os.path.join(root, "Cellar"), links=False):
            if _FORMULA.fullmatch(name_of(formula)) is None:
                continue
            for keg in look.children(formula, links=False):
                yield from _keg(keg, formula, root, look)


def _keg(keg: str, formula: str, root: str, look: Inspector) -> Iterator[Installation]:
    # `3.12.4_1` is the second build of 3.12.4.
    hint = version_in_name(name_of(keg).split("_")[0])
    name = name_of(formula)
    versions = os.path.join(keg, "Frameworks", "Python.framework", "Versions")
    evidence = f"it is in Homebrew's Cellar in {root}"
    kind = InstallationKind.HOMEBREW
    found = False
    for framework in look.children(versions, links=False):
        for installation in look.bases(framework, kind, evidence, hint=hint, name=name):
            found = True
            yield installation
    if not found:
        yield from look.bases(keg, kind, evidence, hint=hint, name=name)


def _locate_python_org(look: Inspector) -> Iterator[Installation]:
    if look.surroundings.platform != "darwin":
        return
    for framework in ("Python.framework", "PythonT.framework"):
        versions = f"/Library/Frameworks/{framework}/Versions"
        # `Current` is a link.
        for path in look.children(versions, links=False):
            evidence = f"it is in {versions}, where the installers of python.org put it"
            hint = version_in_name(name_of(path))
            yield from look.bases(path, InstallationKind.PYTHON_ORG, evidence, hint=hint)


def _locate_xcode(look: Inspector) -> Iterator[Installation]:
    if look.surroundings.platform != "darwin":
        return
    places = ["/Library/Developer/CommandLineTools"]
    places += [
        os.path.join(path, "Contents", "Developer")
        for path in look.children("/Applications", links=False)
        if re.fullmatch(r"Xcode.*\.app", name_of(path))
    ]
    for developer in places:
        framework = os.path.join(developer, "Library", "Frameworks", "Python3.framework")
        found = False
        for path in look.children(os.path.join(framework, "Versions"), links=False):
            hint = version_in_name(name_of(path))
            evidence = f"it comes with {developer}"
            for installation in look.bases(path, InstallationKind.XCODE, evidence, hint=hint):
                found = True
                yield installation
        folder = os.path.join(developer, "usr", "bin")
        for interpreter in () if found else look.interpreters(folder):
            evidence = f"it comes with {developer}"
            yield base_installation(
                interpreter.prefix, interpreter, InstallationKind.XCODE, evidence
            )


HOMEBREW = Locator(
    "homebrew",
    {InstallationKind.HOMEBREW: "`Cellar` in Homebrew's folder (`HOMEBREW_PREFIX`)"},
    locate=_locate_homebrew,
)
PYTHON_ORG = Locator(
    "python.org",
    {InstallationKind.PYTHON_ORG: "`/Library/Frameworks/Python.framework/Versions`"},
    locate=_locate_python_org,
)
XCODE = Locator(
    "xcode",
    {
        InstallationKind.XCODE: (
            "`Python3.framework` and `usr/bin` in Xcode and in the command line tools"
        ),
    },
    locate=_locate_xcode,
)
