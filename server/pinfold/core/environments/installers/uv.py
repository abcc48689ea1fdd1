"""uv as an installer: what it is told, and what its answers mean.

Owns uv's command line and the reading of its dry runs. Refuses to know which indexes there are
(:mod:`.sources` does) and where uv is (:mod:`.finding_uv`). What a user has set up for uv itself,
in a ``uv.toml``, a ``pyproject.toml`` or its variables, counts as it would on the user's own
command line; only the environment, its interpreter and the way of output are not left to it.

Read from uv 0.5.31 and 0.13.9.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import Version

from pinfold.core.environments.installers.explaining import explain, with_advice
from pinfold.core.environments.installers.installer import Wanted, target_of
from pinfold.core.environments.installers.seeds import read_seed, without_pip
from pinfold.core.model.dependency import PackageName
from pinfold.core.model.plan import Failure, FailureKind, Release, Resolution, Step

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from pinfold.core.environments.installers.finding_uv import Uv
    from pinfold.core.environments.installers.installer import Sources, Target
    from pinfold.core.environments.installers.sources import SourceReader
    from pinfold.core.files import FileSystem
    from pinfold.core.model.environment import InstalledPackages
    from pinfold.core.process import Completed

_WITH_JSON = Version("0.13.9")
"""The oldest that was seen to have ``pip install --output-format json``, which is a preview."""

_VARIABLES: Mapping[str, str] = MappingProxyType({"UV_PYTHON_DOWNLOADS": "never"})
_ALWAYS = ("--color", "never")


class UvInstaller:
    """uv, for creating environments and for what is in them."""

    def __init__(self, uv: Uv, sources: SourceReader, filesystem: FileSystem) -> None:
        self._uv = uv
        self._sources = sources
        self._filesystem = filesystem

    @property
    def label(self) -> str:
        """Name and version."""
        return self._uv.label

    def sources(self, target: Target, wanted: Wanted) -> Sources:
        """Return where packages come from; see :class:`Installer`."""
        return self._sources.for_uv(target, wanted)

    def create(
        self, prefix: Path, interpreter: Path, *, prompt: str | None, sees_system: bool = False
    ) -> tuple[Step, ...] | Failure:
        """Return the steps that make an environment; see :class:`Installer`."""
        seed = read_seed(interpreter, self._filesystem)
        if seed is not None and seed.minor.startswith("2."):
            return Failure(
                FailureKind.WRONG_PYTHON,
                f"uv makes no environments for Python {seed.minor}",
                "Make one with virtualenv, before its version 20.22",
            )
        named = () if prompt is None else (f"--prompt={prompt}",)
        if sees_system:
            named = (*named, "--system-site-packages")
        options = ("--no-project", "--python", str(interpreter), *named)
        make = self._step("create the environment with uv", ("venv", *options, "--", str(prefix)))
        target = target_of(prefix)
        if seed is not None and seed.wheels is not None:
            # Not --seed, which asks the index: this needs no network, and gives the same as venv.
            # Nor the user's configuration, which may ask for hashes or another index.
            options = (
                *("--no-config", "--no-index", "--find-links", str(seed.wheels)),
                *("--python", str(target.python)),
            )
            names = seed.names
            put = self._step("put pip in", ("pip", "install", *options, "--", *names))
        else:
            sources = self._sources.for_uv(target, Wanted())
            options = ("--python", str(target.python), *sources.options)
            put = self._step(
                "put pip in, from an index",
                ("pip", "install", *options, "--", "pip"),
                sources.variables,
            )
            put = replace(put, because=without_pip(interpreter))
        return make, put

    def resolve(self, target: Target, wanted: Wanted) -> Step | None:
        """Return the step that previews; see :class:`Installer`."""
        preview = ["--dry-run"]
        if self._uv.version >= _WITH_JSON:
            # Beside the text, which has where things come from, as this has all their versions.
            preview += ["--output-format", "json"]
        return self._install(f"ask {self.label} what would change", target, wanted, preview)

    def install(self, target: Target, wanted: Wanted) -> Step:
        """Return the step that installs; see :class:`Installer`."""
        return self._install(f"install with {self.label}", target, wanted, ())

    def uninstall(self, target: Target, names: Sequence[PackageName]) -> Step:
        """Return the step that removes; see :class:`Installer`."""
        options = ("--python", str(target.python), "--", *names)
        return self._step(f"remove with {self.label}", ("pip", "uninstall", *options))

    def read_resolution(
        self, completed: Completed, installed: InstalledPackages | None
    ) -> Resolution | None:
        """Return what would change; see :class:`Installer`."""
        text = completed.errors.decode("utf-8", "replace")
        if not completed.has_succeeded or completed.is_shortened:
            return None
        if not _SUMMARY.search(text):
            return None
        versions = dict(_json_versions(completed.output))
        added: dict[PackageName, Release] = {}
        removed: dict[PackageName, Release] = {}
        for match in _CHANGE.finditer(text):
            release = _release(match, versions)
            if match["sign"] in "-~":
                removed[release.key] = _as_installed(release, installed)
            if match["sign"] in "+~":
                added[release.key] = release
        return Resolution(tuple(added.values()), tuple(removed.values()))

    def look_closer(self, target: Target, wanted: Wanted, completed: Completed) -> Step | None:
        """Return nothing, for uv says all it knows; see :class:`Installer`."""
        del target, wanted, completed
        return None

    def explain(self, completed: Completed) -> Failure:
        """Return why a step has failed; see :class:`Installer`."""
        return with_advice(explain(completed), "uv")

    def _install(self, title: str, target: Target, wanted: Wanted, preview: Sequence[str]) -> Step:
        sources = self._sources.for_uv(target, wanted)
        arguments = ["pip", "install", "--python", str(target.python), *sources.options, *preview]
        for path in wanted.files:
            arguments += ["-r", str(path)]
        for path in wanted.constraints:
            arguments += ["-c", _constraint(path)]
        for editable in wanted.editables:
            arguments += ["--editable", editable]
        if wanted.upgrade_all:
            arguments.append("--upgrade")
        for name in wanted.upgrades:
            arguments += ["--upgrade-package", name]
        if wanted.reinstall:
            arguments.append("--reinstall")
        if wanted.without_dependencies:
            arguments.append("--no-deps")
        if wanted.stand_in is not None:
            # Then what the interpreter itself has does not count, nor whom it belongs to.
            arguments += ["--target", str(wanted.stand_in)]
        return self._step(title, (*arguments, "--", *wanted.requirements), sources.variables)

    def _step(
        self, title: str, arguments: Sequence[str], variables: Mapping[str, str] | None = None
    ) -> Step:
        argv = (*self._uv.argv, *_ALWAYS, *arguments)
        return Step(title, argv, MappingProxyType({**_VARIABLES, **(variables or {})}))


def _constraint(path: Path) -> str:
    # uv takes the value for several paths with spaces between them (seen up to 0.9), as that of
    # UV_CONSTRAINT is; in a URL there are none.
    text = str(path)
    return path.as_uri() if " " in text and path.is_absolute() else text


# ` + flask==3.1.0`, ` - shop==0.5 (from file:///shop)`, ` + shop @ file:///shop`; a requirement
# from a URL has its version only when it has been installed.
_CHANGE = re.compile(
    r"""
    ^\ (?P<sign>[-+~])\ (?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)
    (?: ==(?P<version>\S+) (?:\ \(from\ (?P<from>.*)\))?
      | \ @\ (?P<url>\S.*?)
    )\s*$
    """,
    re.VERBOSE | re.MULTILINE,
)
# One of these stands in every dry run that has succeeded.
_SUMMARY = re.compile(
    r"^(?:Would (?:make no changes|download|install|uninstall|reinstall)|Audited |Checked )",
    re.MULTILINE,
)


def _release(match: re.Match[str], versions: Mapping[str, str]) -> Release:
    name = match["name"]
    key = PackageName(canonicalize_name(name))
    source = match["url"] or match["from"]
    version = match["version"] or versions.get(key) or _version_in(source)
    return Release(name, key, version, source)


def _version_in(url: str) -> str:
    """Return the version that the name of an archive tells, else nothing."""
    filename = urlsplit(url).path.rpartition("/")[2]
    try:
        if filename.endswith(".whl"):
            return str(parse_wheel_filename(filename)[1])
        return str(parse_sdist_filename(filename)[1])
    except (InvalidWheelFilename, InvalidSdistFilename):
        return ""


def _as_installed(release: Release, installed: InstalledPackages | None) -> Release:
    """Return what is removed as its own metadata spell it."""
    there = None if installed is None else installed.by_name.get(release.key)
    if there is None:
        return release
    direct = there.direct_url
    return Release(
        there.name,
        release.key,
        there.version,
        direct.url if direct is not None else release.source,
        is_editable=direct is not None and direct.is_editable,
    )


def _json_versions(output: bytes) -> Iterator[tuple[str, str]]:
    """Yield name and version of what would be installed, if there is JSON that says so."""
    try:
        changes = json.loads(output)["changes"]
        for change in changes:
            name, version = change["name"], change["version"]
            is_new = change["action"] in ("installed", "reinstalled")
            if is_new and isinstance(name, str) and isinstance(version, str):
                yield canonicalize_name(name), version
    except (ValueError, KeyError, TypeError, RecursionError):
        return
