"""``pyvenv.cfg``: what the maker of a virtual environment wrote down about it.

Owns the file's syntax and the meaning of its keys. Refuses to look at anything else on disk: that
what it says is still true is for :mod:`pinfold.core.environments.layout` to see.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pinfold.core.files import path_in_text

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_CFG_BYTES = 64 * 1024
"""A real one has some 200 bytes."""

_MAX_LINES = 1_000

# `version = 3.11.2` (venv, conda, PEP 405's makers), `version_info = 3.11.2.final.0` (virtualenv),
# `version_info = 3.12` (uv, where it links a minor version, so that patches need no new
# environment), `python-version = 3.15` (PEP 838).
_VERSION = re.compile(
    r"(?P<release>[0-9]{1,4}\.[0-9]{1,4}(?:\.[0-9]{1,4})?)"
    r"(?:\.?(?P<level>alpha|beta|candidate|final|a|b|rc)\.?(?P<serial>[0-9]{1,4}))?\+?",
    re.IGNORECASE,
)
_LEVELS = {"alpha": "a", "beta": "b", "candidate": "rc"}


@dataclass(frozen=True, slots=True)
class VenvConfiguration:
    """What a ``pyvenv.cfg`` says; ``None`` where it says nothing.

    `home` is the folder of the base interpreter. `version` is as Python spells it: ``3.11.2``,
    ``3.13.0rc1``, or ``3.12`` where no more is known. `command` is what made the environment (venv
    writes it since Python 3.11), `uv` the version of uv that did. `is_relocatable` if uv was told
    to make one that may be moved. `prompt` is what a shell shows while it is active.
    """

    home: str | None = None
    version: str | None = None
    implementation: str | None = None
    includes_system_site_packages: bool = True
    command: str | None = None
    uv: str | None = None
    is_relocatable: bool = False
    prompt: str | None = None


def parse_pyvenv_cfg(data: bytes) -> VenvConfiguration:
    """Read what a ``pyvenv.cfg`` holds, as CPython 3.13's ``site.py`` and ``getpath.py`` do.

    Lines without an equals sign mean nothing, keys are of either case. The last of a kind counts,
    but the first ``home``: ``getpath`` stops at that, as the C of older versions does (tried with
    3.6 to 3.13). Without ``include-system-site-packages``, those of the system are included.
    """
    values: dict[str, str] = {}
    home = None
    for line in data.decode("utf-8", "replace").split("\n")[:_MAX_LINES]:
        key, equals, value = line.partition("=")
        if equals:
            name = key.strip().lower()
            values[name] = value.strip()
            # Python does not know a key behind a byte order mark, but then finds its base by the
            # links, and the launcher of Windows passes over the mark. Others it does go without.
            if home is None and name in ("home", "\ufeffhome"):
                home = value.strip()
    versions = [
        version
        for key in ("version", "version_info", "python-version")
        if (version := _version(values.get(key, ""))) is not None
    ]
    return VenvConfiguration(
        home=path_in_text(home) if home else None,
        # The one that says most: an exact version over a minor one, a pre-release over none.
        version=max(versions, key=len, default=None),
        implementation=values.get("implementation") or None,
        includes_system_site_packages=(
            values.get("include-system-site-packages", "true").lower() == "true"
        ),
        command=path_in_text(values.get("command", "")) or None,
        uv=values.get("uv") or None,
        is_relocatable=values.get("relocatable", "").lower() == "true",
        prompt=_prompt(values) or None,
    )


def _prompt(values: Mapping[str, str]) -> str:
    """Return the prompt, which venv writes as Python writes a text, and others in their way.

    uv 0.13 and virtualenv 20 write it as it is, virtualenv 21 between double quotes with nothing
    escaped.
    """
    text = values.get("prompt", "")
    if "virtualenv" in values:
        return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text
    if "uv" not in values and text[:1] in ("'", '"'):
        # Late: hardly anybody asks, and everybody reads these files.
        import ast

        with contextlib.suppress(ValueError, SyntaxError, MemoryError, RecursionError):
            value = ast.literal_eval(text)
            return value if isinstance(value, str) else text
    return text


def _version(text: str) -> str | None:
    match = _VERSION.fullmatch(text)
    if match is None:
        return None
    level = (match["level"] or "final").lower()
    if level == "final" or match["release"].count(".") < 2:
        return match["release"]
    return f"{match['release']}{_LEVELS.get(level, level)}{match['serial']}"
