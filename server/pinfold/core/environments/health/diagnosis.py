"""What is wrong with an installation, why, and what to do about it: by reading alone.

Owns the classes of ailments, the order in which they are told, and which of them follow from others
and so are not told again. Refuses to mend anything and to start anything. What each class means to
people stands in ``docs/broken-environments.md``.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pinfold.core.environments.health.case import REBUILD, executables, library_minors, read_case
from pinfold.core.environments.health.interpreter import (
    base_ailments,
    configuration_ailments,
    drift_ailments,
    executable_ailments,
)
from pinfold.core.environments.health.packages import has_pip, package_ailments
from pinfold.core.environments.health.place import (
    command_ailments,
    made_elsewhere,
    moved_ailments,
)
from pinfold.core.environments.layout import NoEnvironment, read_environment
from pinfold.core.environments.stalls import Stalled
from pinfold.core.model.installation import (
    Ailment,
    HealthProblem,
    Installation,
    InstallationKind,
)
from pinfold.core.model.wording import Command, Wording, as_argument

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pinfold.core.environments.health.case import Case
    from pinfold.core.files import FileSystem
    from pinfold.core.model.environment import InstalledPackages
    from pinfold.core.model.wording import Words


def diagnose(
    installation: Installation,
    packages: InstalledPackages | None,
    filesystem: FileSystem,
    *,
    platform: str = sys.platform,
    machine: str | None = None,
) -> tuple[Ailment, ...]:
    """Return what is wrong with *installation*, the worst first; nothing if it is healthy.

    *packages* is what is installed in it, where somebody has read that already. *platform* is
    ``sys.platform`` of the system that it is to run on, *machine* its ``uname -m``, which is that
    of this one unless told otherwise. Reads some hundred files at most; where the
    file system hangs, this hangs, unless it raises :class:`Stalled` for others.
    """
    try:
        return _diagnose(installation, packages, filesystem, platform, machine, thoroughly=True)
    except Stalled as stalled:
        return (unresponsive(stalled.path),)


def look_over(
    prefix: Path,
    packages: InstalledPackages | None,
    filesystem: FileSystem,
    *,
    platform: str = sys.platform,
) -> tuple[Ailment, ...]:
    """Return what a quick look at the environment at *prefix* shows to be wrong, the worst first.

    For those who look again and again: everything severe, and of the rest what some thirty files
    tell. Left out are bug-fix releases of the base, commands that lead elsewhere where ``activate``
    does not, packages whose files are gone, and that there is no pip, which many want so.

    Raises:
        Stalled: a file system does not answer, if *filesystem* is one that says so.
    """
    installation = Installation(prefix, InstallationKind.OTHER, is_base=False)
    return _diagnose(installation, packages, filesystem, platform, None, thoroughly=False)


def unresponsive(path: str) -> Ailment:
    """Return what is said of an installation whose file system does not answer at *path*."""
    return Ailment(
        HealthProblem.UNRESPONSIVE,
        f"the file system does not answer at {path}",
        "see whether a network drive is connected",
    )


def _diagnose(
    installation: Installation,
    packages: InstalledPackages | None,
    filesystem: FileSystem,
    platform: str,
    machine: str | None,
    *,
    thoroughly: bool,
) -> tuple[Ailment, ...]:
    if not filesystem.is_directory(installation.prefix):
        there = filesystem.exists(installation.prefix)
        cause = f"{installation.prefix} {'is no folder' if there else 'does not exist'}"
        return (Ailment(HealthProblem.EXECUTABLE_MISSING, cause),)
    case = read_case(installation, filesystem, platform, machine)
    foreign = made_elsewhere(case)
    if foreign is not None:
        # All else that is wrong follows from this.
        return (foreign,)
    found = [
        *configuration_ailments(case),
        *base_ailments(case),
        *executable_ailments(case),
        *drift_ailments(case, thoroughly=thoroughly),
        *moved_ailments(case, thoroughly=thoroughly),
    ]
    if thoroughly and not any(ailment.is_severe for ailment in found):
        # Where no interpreter works, no command does.
        found += command_ailments(case)
    directories = _directories(case, packages)
    # Those of the system, where it sees them, are ailments of the system.
    own = [path for path in directories if path.is_relative_to(case.prefix)]
    if own:
        found += package_ailments(own, packages, filesystem, thoroughly=thoroughly)
        if thoroughly and not any(ailment.is_severe for ailment in found):
            # What cannot run needs no pip.
            found += _no_pip(case, packages, directories)
    elif not any(ailment.problem is HealthProblem.VERSION_DRIFT for ailment in found):
        found += _no_site_packages(case)
    return tuple(sorted(found, key=lambda ailment: not ailment.is_severe))


def _directories(case: Case, packages: InstalledPackages | None) -> tuple[Path, ...]:
    """Return the folders that packages are seen in."""
    if packages is not None:
        return packages.environment.site_packages
    environment = read_environment(case.prefix, case.filesystem)
    if not isinstance(environment, NoEnvironment):
        return environment.site_packages
    # A pyvenv.cfg that cannot be read does not hide them.
    places = [
        case.prefix / f"lib/python{minor}/site-packages"
        for minor in library_minors(case.prefix, case.filesystem)
    ]
    return tuple(place for place in places if case.filesystem.is_directory(place))


def _no_site_packages(case: Case) -> Iterator[Ailment]:
    if case.installation.is_base or not case.is_virtual:
        return
    version = f"python{case.made_for}" if case.made_for else "pythonX.Y"
    place = "Lib/site-packages" if case.is_windows else f"lib/{version}/site-packages"
    yield Ailment(
        HealthProblem.NO_SITE_PACKAGES,
        f"it has no folder for packages ({case.prefix / place})",
        REBUILD,
    )


_WITHOUT_PIP = {
    InstallationKind.UV: "uv",
    InstallationKind.RYE: "rye",
    InstallationKind.PDM: "PDM",
    InstallationKind.PIXI: "pixi",
}


def _no_pip(
    case: Case, packages: InstalledPackages | None, directories: tuple[Path, ...]
) -> Iterator[Ailment]:
    installation = case.installation
    if installation.is_externally_managed or installation.kind is InstallationKind.SYSTEM:
        # Nobody is to install with it.
        return
    known = packages is not None and any(name == "pip" for name in packages.by_name)
    if known or has_pip(directories, case.filesystem):
        return
    repair: Words
    maker = _WITHOUT_PIP.get(installation.kind)
    if case.configuration is not None and case.configuration.uv:
        maker = "uv"
    if maker is not None:
        cause = f"it has no pip: {maker} makes environments without it, on purpose"
        installer = "`uv pip`" if maker == "uv" else maker
        command = Command("uv pip install pip", "--python")
        advice = f"install with {installer}; where pip itself is needed, `{command.text}`"
        repair = Wording(advice, advice, command)
    elif installation.kind is InstallationKind.CONDA:
        cause, repair = "it has no pip", f"`conda install -p {as_argument(str(case.prefix))} pip`"
    else:
        executable = next(
            (path for path in executables(case) if case.filesystem.is_file(path)), "python"
        )
        cause, repair = "it has no pip", f"`{as_argument(str(executable))} -m ensurepip` brings it"
    yield Ailment(HealthProblem.NO_PIP, cause, repair, is_severe=False)
