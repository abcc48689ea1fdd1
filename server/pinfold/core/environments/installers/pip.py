"""pip and venv as an installer: what they are told, and what their answers mean.

Owns pip's command line and the reading of its reports. Refuses to know which pip is used
(:mod:`.finding_pip` chooses). pip reads its own configuration; we only say where packages go.

Format of the report: https://pip.pypa.io/en/stable/reference/installation-report/
Read from pip 22.3, 24.0 and 26.3.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

from pinfold.core.environments.installers.explaining import (
    explain,
    needs_closer_look,
    with_advice,
)
from pinfold.core.environments.installers.finding_pip import Pip, bundled_pip, read_pip
from pinfold.core.environments.installers.installer import Wanted, target_of
from pinfold.core.environments.installers.seeds import read_seed, without_pip
from pinfold.core.model.dependency import PackageName
from pinfold.core.model.plan import Failure, FailureKind, Release, Resolution, Step

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pinfold.core.environments.installers.installer import Sources, Target
    from pinfold.core.environments.installers.seeds import Seed
    from pinfold.core.environments.installers.sources import SourceReader
    from pinfold.core.files import FileSystem
    from pinfold.core.model.environment import InstalledPackages
    from pinfold.core.process import Completed

_BARE = "--without-pip"
_ALWAYS = ("--disable-pip-version-check", "--no-input", "--no-color")


class PipInstaller:
    """pip for what is in an environment, and the interpreter's own venv to make one.

    *pip* is the one that runs: the environment's own, or another's, which then works on it from
    outside. ``None`` while there is neither the environment nor another pip.
    """

    def __init__(self, pip: Pip | None, sources: SourceReader, filesystem: FileSystem) -> None:
        self._pip = pip
        self._sources = sources
        self._filesystem = filesystem

    @property
    def label(self) -> str:
        """Name and version."""
        return "venv" if self._pip is None else self._pip.label

    def sources(self, target: Target, wanted: Wanted) -> Sources:
        """Return where packages come from; see :class:`Installer`."""
        return self._sources.for_pip(target, wanted)

    def create(
        self, prefix: Path, interpreter: Path, *, prompt: str | None, sees_system: bool = False
    ) -> tuple[Step, ...] | Failure:
        """Return the steps that make an environment; see :class:`Installer`."""
        seed = read_seed(interpreter, self._filesystem)
        named = () if prompt is None else (f"--prompt={prompt}",)
        if sees_system:
            named = (*named, "--system-site-packages")
        make = (str(interpreter), "-I", "-m", "venv", *named)
        target = target_of(prefix)
        if seed is None or (seed.has_venv and seed.has_ensurepip):
            put = None if seed is None else self._put_seeds(target, seed, interpreter)
            if put is None:
                return (Step("create the environment with venv", (*make, str(prefix))),)
            return Step("create the environment with venv", (*make, _BARE, str(prefix))), put
        if seed.minor.startswith("2."):
            return Failure(
                FailureKind.WRONG_PYTHON,
                f"Python {seed.minor} has no venv",
                f"Make it with a virtualenv before 20.22: virtualenv --python {interpreter}"
                f" {prefix}",
            )
        if not seed.has_venv or not self._can_fill(seed):
            return no_ensurepip(seed)
        return (
            Step("create the environment with venv", (*make, _BARE, str(prefix))),
            replace(
                self.install(target, Wanted(requirements=("pip",))),
                title="put pip in, from an index",
                because=without_pip(interpreter),
            ),
        )

    def _put_seeds(self, target: Target, seed: Seed, interpreter: Path) -> Step | None:
        """Return what puts in what ensurepip would; ``None`` where only that can do it.

        ensurepip runs pip from its wheel, which is compiled anew each time, and compiles all of
        what it installs: two thirds of the time that it takes to create an environment.
        """
        pip = read_pip(interpreter, self._filesystem)
        if seed.wheels is None or pip is None or not pip.can_preview:
            return None
        # As ensurepip has it: whatever pip is set up to do otherwise does not matter here.
        isolated = ("--isolated", "--no-index", "--find-links", str(seed.wheels))
        # What the interpreter itself has does not count, where the environment can see that.
        forced = ("--ignore-installed", "--no-compile")
        return self._step(
            "put pip in",
            target,
            pip,
            ("install", *isolated, *forced, "--", *seed.names),
            {"PIP_CONFIG_FILE": os.devnull},
        )

    def _can_fill(self, seed: Seed) -> bool:
        pip = self._pip
        return pip is not None and pip.can_preview and pip.can_work_on(seed.minor)

    def resolve(self, target: Target, wanted: Wanted) -> Step | None:
        """Return the step that previews; see :class:`Installer`."""
        pip = self._pip_for(target, wanted)
        if pip is None or not pip.can_preview:
            return None
        preview = ("--dry-run", "--quiet", "--report", "-")
        return self._install(f"ask {pip.label} what would change", target, wanted, preview)

    def install(self, target: Target, wanted: Wanted) -> Step:
        """Return the step that installs; see :class:`Installer`."""
        return self._install(f"install with {self.label}", target, wanted, ())

    def uninstall(self, target: Target, names: Sequence[PackageName]) -> Step:
        """Return the step that removes; see :class:`Installer`."""
        arguments = ("uninstall", "-y", "--", *names)
        return self._step(f"remove with {self.label}", target, self._pip, arguments)

    def read_resolution(
        self, completed: Completed, installed: InstalledPackages | None
    ) -> Resolution | None:
        """Return what would change; see :class:`Installer`."""
        if not completed.has_succeeded or completed.is_shortened:
            return None
        told = _report(completed.output)
        if told is None:
            return None
        added, requires = told
        # pip does not tell what it replaces, but it does replace what is there.
        there = {} if installed is None else installed.by_name
        removed = [
            Release(
                distribution.name,
                distribution.key,
                distribution.version,
                distribution.direct_url.url if distribution.direct_url else None,
                is_editable=distribution.direct_url is not None
                and distribution.direct_url.is_editable,
            )
            for release in added
            if (distribution := there.get(release.key)) is not None
        ]
        return Resolution(added, tuple(removed), MappingProxyType(requires))

    def look_closer(self, target: Target, wanted: Wanted, completed: Completed) -> Step | None:
        """Return a talkative dry run if pip has found nothing; see :class:`Installer`."""
        pip = self._pip_for(target, wanted)
        if pip is None or not pip.can_preview or not needs_closer_look(completed):
            return None
        # With a report, pip does not mind whom the interpreter belongs to.
        report = () if wanted.stand_in is None else ("--report", os.devnull)
        talkative = ("--dry-run", "-vv", "--retries", "0", *report)
        return self._install(f"ask {pip.label} why", target, wanted, talkative)

    def explain(self, completed: Completed) -> Failure:
        """Return why a step has failed; see :class:`Installer`."""
        return with_advice(explain(completed), "pip")

    def _pip_for(self, target: Target, wanted: Wanted) -> Pip | None:
        """Return the pip that runs; for an environment that is to be, maybe the one it will get."""
        if self._pip is not None or wanted.stand_in is None:
            return self._pip
        return bundled_pip(target.python, self._filesystem)

    def _install(self, title: str, target: Target, wanted: Wanted, preview: Sequence[str]) -> Step:
        sources = self._sources.for_pip(target, wanted)
        arguments = ["install", *sources.options, *preview]
        for path in wanted.files:
            arguments += ["--requirement", str(path)]
        for path in wanted.constraints:
            arguments += ["--constraint", str(path)]
        for editable in wanted.editables:
            arguments += ["--editable", editable]
        if wanted.upgrade_all:
            arguments += ["--upgrade", "--upgrade-strategy", "eager"]
        elif wanted.upgrades:
            arguments += ["--upgrade", "--upgrade-strategy", "only-if-needed"]
        if wanted.reinstall:
            arguments.append("--force-reinstall")
        if wanted.without_dependencies:
            arguments.append("--no-deps")
        variables = dict(sources.variables)
        if wanted.stand_in is not None:
            # The interpreter's own packages do not count, and nothing is installed into it.
            arguments.append("--ignore-installed")
            variables["PIP_REQUIRE_VIRTUALENV"] = "0"
        arguments += ["--", *wanted.requirements]
        return self._step(title, target, self._pip_for(target, wanted), arguments, variables)

    def _step(
        self,
        title: str,
        target: Target,
        pip: Pip | None,
        arguments: Sequence[str],
        variables: Mapping[str, str] | None = None,
    ) -> Step:
        # Whoever has made an environment works on it with its own pip, unless told of another.
        python = target.python if pip is None else pip.python
        program = ("-m", "pip") if pip is None else pip.program
        outside = () if python == target.python else ("--python", str(target.python))
        # A preview leaves nothing behind, not even what Python compiles of pip itself.
        compiles = ("-B",) if "--dry-run" in arguments else ()
        argv = (str(python), "-I", *compiles, *program, *outside, *_ALWAYS, *arguments)
        return Step(title, argv, MappingProxyType(dict(variables or {})))


def no_ensurepip(seed: Seed) -> Failure:
    """Return that an interpreter cannot put pip into what it creates."""
    lacks = "ensurepip" if seed.has_venv else "venv"
    action = (
        f"Install it: apt install python{seed.minor}-venv"
        if seed.is_debian
        else "Install uv, or choose another interpreter"
    )
    return Failure(
        FailureKind.NO_ENSUREPIP,
        f"this Python {seed.minor} was installed without {lacks}, so its environments get no pip",
        action,
    )


_Told = tuple[tuple[Release, ...], dict[PackageName, tuple[str, ...]]]


def _report(output: bytes) -> _Told | None:
    """Read an installation report: what is added, and what each of it requires.

    ``None`` if there is none.
    """
    text = output.decode("utf-8", "replace")
    # Warnings of the interpreter, and what a build writes, may stand before it.
    start = 0 if text.startswith("{") else text.find("\n{") + 1
    try:
        report, _ = json.JSONDecoder().raw_decode(text, start)
        items = [(_item(item), _requires(item)) for item in report["install"]]
        return (
            tuple(release for release, _ in items),
            {release.key: requires for release, requires in items},
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _requires(item: Any) -> tuple[str, ...]:
    return tuple(str(requirement) for requirement in item["metadata"].get("requires_dist") or ())


def _item(item: Any) -> Release:
    """Return one release of a report.

    Raises:
        KeyError, TypeError: it is none.
    """
    name, version = item["metadata"]["name"], item["metadata"]["version"]
    if not isinstance(name, str) or not isinstance(version, str):
        raise TypeError("not a text")
    source = None
    is_editable = False
    if item.get("is_direct") is True:
        source = str(item["download_info"]["url"])
        is_editable = item["download_info"].get("dir_info", {}).get("editable") is True
    return Release(name, PackageName(canonicalize_name(name)), version, source, is_editable)
