"""What is wrong with the interpreter of an installation: its base, its links, its version.

Owns the judgment of ``pyvenv.cfg``, of the base interpreter that it names, of the interpreter
inside, and of the versions of all of these. Refuses to know where the environment was made, and
what is installed in it.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from pinfold.core.environments.health.bases import (
    GoneBase,
    describe_gone_base,
    has_interpreter,
    minor_in_name,
    minor_of_home,
    read_gone_base,
    read_link_chain,
)
from pinfold.core.environments.health.case import (
    REBUILD,
    executables,
    is_there,
    library_minors,
    minor,
)
from pinfold.core.environments.health.programs import MAX_HEAD_BYTES, why_foreign
from pinfold.core.environments.layout import NoEnvironment, read_environment
from pinfold.core.files import Unreadable
from pinfold.core.formats.versions import parsed_version
from pinfold.core.model.installation import Ailment, HealthProblem
from pinfold.core.model.wording import as_argument

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pinfold.core.environments.health.case import Case
    from pinfold.core.model.wording import Wording


def configuration_ailments(case: Case) -> Iterator[Ailment]:
    """Yield what is wrong with its ``pyvenv.cfg`` itself."""
    problem = HealthProblem.CONFIGURATION_UNREADABLE
    if not case.is_virtual:
        return
    if case.obstacle is not None:
        yield Ailment(problem, f"its pyvenv.cfg {case.obstacle}", REBUILD)
        return
    home = case.configuration.home if case.configuration else None
    if home is None:
        cause = "its pyvenv.cfg does not name the base interpreter (`home`)"
        yield Ailment(problem, cause, REBUILD)
    elif not os.path.isabs(home):  # noqa: PTH117
        cause = (
            f"its pyvenv.cfg names its base interpreter as {home}, which leads to another folder"
            " from wherever it is started"
        )
        yield Ailment(problem, cause, REBUILD)


def base_ailments(case: Case) -> Iterator[Ailment]:
    """Yield what has become of the interpreter that it was made from."""
    home = case.home
    if home is None:
        return
    problem, filesystem = HealthProblem.BASE_GONE, case.filesystem
    if home.is_relative_to(case.prefix) or home == case.prefix:
        cause = (
            "its pyvenv.cfg names the environment itself as its base interpreter"
            f" ({home}), so there is none"
        )
        yield Ailment(problem, cause, REBUILD)
    elif not filesystem.exists(home):
        gone = read_gone_base(home, filesystem)
        yield Ailment(problem, describe_gone_base(gone), _repair_of(gone, case))
    elif not filesystem.is_directory(home):
        yield Ailment(problem, f"its base interpreter is gone: {home} is no folder", REBUILD)
    elif not has_interpreter(home, filesystem):
        listing = filesystem.scan(home)
        if isinstance(listing, Unreadable):
            cause = f"its base interpreter cannot be seen: {home} {listing.detail}"
            yield Ailment(problem, cause, f"see who may read {home}")
        else:
            cause = f"its base interpreter is gone: there is none in {home} any more"
            yield Ailment(problem, cause, _repair_of(GoneBase(""), case))


def _repair_of(gone: GoneBase, case: Case) -> Wording:
    if gone.is_hidden:
        return REBUILD.between("ask whoever keeps it for the right to read it, or ", " on another")
    wanted = case.configuration.version if case.configuration else None
    again = f"install Python {wanted or gone.was} again" if wanted or gone.was else ""
    if gone.keeper == "pyenv" and gone.was:
        again += f" (`pyenv install {gone.was}`)"
    elif gone.keeper == "uv" and gone.was:
        again += f" (`uv python install {gone.was}`)"
    on = f" on Python {gone.now[0]}" if gone.now else ""
    return REBUILD.between(after=f"{on}, or {again}" if again else on)


def executable_ailments(case: Case) -> Iterator[Ailment]:
    """Yield what is wrong with the interpreter inside, unless that follows from the base."""
    filesystem = case.filesystem
    paths = [path for path in executables(case) if is_there(path, filesystem)]
    broken = [path for path in paths if not filesystem.is_file(path)]
    present = [path for path in paths if path not in broken]
    runnable = [path for path in present if case.is_windows or filesystem.is_executable(path)]
    obstacles = [_obstacle(path, case) for path in runnable]
    if not paths:
        yield from _no_executable(case)
    elif not present:
        if not _follows_from_base(broken[0], case):
            yield _broken_link(broken[0], case, is_severe=True)
    elif runnable and obstacles[0] is not None and None not in obstacles:
        repair = "install it again" if case.installation.is_base else REBUILD
        yield Ailment(HealthProblem.NOT_EXECUTABLE, f"{runnable[0]} {obstacles[0]}", repair)
    elif not runnable:
        yield Ailment(
            HealthProblem.NOT_EXECUTABLE,
            f"{present[0]} may not be run",
            REBUILD.between(
                f"give back the right to (`chmod +x {as_argument(str(present[0]))}`), or ",
                "; a copy through another system loses it",
            ),
        )
    elif case.is_virtual:
        # Names that lead to one another are broken by one cause.
        ends = {read_link_chain(path, filesystem).end: path for path in reversed(broken)}
        for path in reversed(ends.values()):
            # Whoever has the environment active and calls `python` gets another one.
            yield _broken_link(path, case, is_severe=path == paths[0])
    elif broken and broken[0] == paths[0]:
        yield _broken_link(broken[0], case, is_severe=False)


_TEXT = re.compile(rb"[\t\n\r -~]*")


_TEXT_BYTES = 64


def _obstacle(path: Path, case: Case) -> str | None:
    """Return what makes a file none that the system starts, by its first bytes; ``None`` if it may.

    The formats of programs are many, but all begin with bytes that are no text, or with ``MZ``.
    """
    if case.is_windows:
        return None
    start = case.filesystem.read_start(path, MAX_HEAD_BYTES)
    if isinstance(start, Unreadable) or start.data.startswith(b"#!"):
        return None
    data = start.data
    foreign = why_foreign(data, case.filesystem, case.platform, case.machine)
    if foreign is not None:
        return f"cannot run here: {foreign}"
    if not data.startswith(b"MZ") and _TEXT.fullmatch(data[:_TEXT_BYTES]):
        return "is empty, or text and no program"
    return None


def _no_executable(case: Case) -> Iterator[Ailment]:
    if case.filesystem.is_directory(case.prefix / "conda-meta"):
        listing = case.filesystem.scan(case.prefix / "conda-meta")
        names = [] if isinstance(listing, Unreadable) else listing.files
        if not any(name.startswith(("python-", "pypy-")) for name in names):
            yield Ailment(
                HealthProblem.EXECUTABLE_MISSING,
                "it has no Python, which conda allows",
                f"install one into it: `conda install -p {as_argument(str(case.prefix))} python`",
                is_severe=False,
            )
            return
    elif case.installation.is_base and case.installation.executable is None:
        return
    place = case.prefix / ("Scripts" if case.is_windows else "bin")
    repair = "install it again" if case.installation.is_base else REBUILD
    yield Ailment(HealthProblem.EXECUTABLE_MISSING, f"there is no interpreter in {place}", repair)


def _follows_from_base(path: Path, case: Case) -> bool:
    """Return whether a link is broken because the base is gone, which is told already."""
    home = case.home
    if home is None or has_interpreter(home, case.filesystem):
        return False
    end = read_link_chain(path, case.filesystem).end
    return end.is_relative_to(home) or end.is_relative_to(home.parent)


def _broken_link(path: Path, case: Case, *, is_severe: bool) -> Ailment:
    chain = read_link_chain(path, case.filesystem)
    if chain.is_loop:
        cause = f"{path} is a loop of links"
    elif chain.is_link:
        gone = read_gone_base(chain.end, case.filesystem)
        why = "" if gone.cause == f"{chain.end} does not exist" else f": {gone.cause}"
        what = "cannot be seen" if gone.is_hidden else "does not exist"
        cause = f"{path} leads to {chain.end}, which {what}{why}"
    else:
        cause = f"{path} is no file"
    repair = "install it again" if case.installation.is_base else REBUILD
    return Ailment(HealthProblem.EXECUTABLE_BROKEN_LINK, cause, repair, is_severe)


def drift_ailments(case: Case, *, thoroughly: bool = True) -> Iterator[Ailment]:
    """Yield what has come of an upgrade of the base, or of two makers of one environment.

    Unless *thoroughly*, only minor versions are compared: of others nothing needs to be done.
    """
    made_for, configuration = case.made_for, case.configuration
    if configuration is None or made_for is None:
        return
    actual = _actual_minor(case, made_for)
    if actual is not None and actual != made_for:
        yield _minor_drift(case, made_for, actual)
        return
    if not thoroughly:
        return
    version = configuration.version
    environment = read_environment(case.prefix, case.filesystem)
    if version is None or isinstance(environment, NoEnvironment) or environment.python is None:
        return
    now = environment.python
    older, newer = parsed_version(version), parsed_version(now)
    if older is None or newer is None or older == newer:
        return
    if version.count(".") < 2 or now.count(".") < 2 or minor(now) != minor(version):
        return
    verb = "upgraded" if newer > older else "replaced by an older one"
    yield Ailment(
        HealthProblem.VERSION_DRIFT,
        f"its base interpreter was {verb} since it was made: from Python {version} to {now}",
        "nothing needs to be done; rebuilding the environment brings the two in step",
        is_severe=False,
    )


def _minor_drift(case: Case, made_for: str, actual: str) -> Ailment:
    libraries = library_minors(case.prefix, case.filesystem)
    if actual in libraries and made_for not in libraries:
        # Somebody has edited pyvenv.cfg, or made the environment again and been interrupted.
        return Ailment(
            HealthProblem.VERSION_DRIFT,
            f"its pyvenv.cfg says Python {made_for}, but all else in it is Python {actual}",
            REBUILD,
            is_severe=False,
        )
    tail = ""
    if _holds_packages(case, made_for):
        tail = f", which does not see the packages that are installed for {made_for}"
        if _holds_packages(case, actual):
            tail = "; it holds packages of both"
    return Ailment(
        HealthProblem.VERSION_DRIFT,
        f"it was made for Python {made_for}, but its interpreter is now Python {actual}{tail}",
        REBUILD.between(after=f" on Python {actual}, or on one that is {made_for}"),
    )


def _holds_packages(case: Case, version: str) -> bool:
    """Return whether any package is installed for the interpreter of a minor *version*."""
    names = (f"python{version}", f"python{version}t", f"pypy{version}")
    for folder in (f"{one}/{name}" for one in ("lib", "lib64") for name in names):
        found = case.filesystem.names(case.prefix / folder / "site-packages")
        if not isinstance(found, Unreadable) and any(name.endswith(_PACKAGES) for name in found):
            return True
    return False


_PACKAGES = (".dist-info", ".egg-info", ".egg", ".egg-link")


def _actual_minor(case: Case, made_for: str) -> str | None:
    """Return the minor version of what runs, ``None`` if files do not tell."""
    filesystem = case.filesystem
    if not case.is_windows:
        for path in executables(case):
            if not filesystem.is_file(path):
                continue
            chain = read_link_chain(path, filesystem)
            if not chain.end.is_relative_to(case.prefix):
                found = minor_in_name(chain.end)
                if found is not None:
                    return found
            # A copy, or a link to a name without a version.
            break
    return minor_of_home(case.home, made_for, filesystem) if case.home is not None else None
