"""What a project's own files say, as far as it tells which of a tool's environments it has."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from pinfold.core.formats.toml_source import TomlDocument, parse_toml

if TYPE_CHECKING:
    from pinfold.core.environments.inspector import Inspector


def read_toml(path: str, look: Inspector) -> dict[str, Any]:
    """Return the content of a TOML file; empty where there is none that can be read."""
    text = look.text(path)
    if text is None:
        return {}
    document = parse_toml(text)
    return document.content if isinstance(document, TomlDocument) else {}


def read_pyproject(project: str, look: Inspector) -> dict[str, Any]:
    """Return what a project's ``pyproject.toml`` says."""
    return read_toml(os.path.join(project, "pyproject.toml"), look)


def has_settings_of(tool: str, project: str, look: Inspector) -> bool:
    """Return whether a project's ``pyproject.toml`` has a table ``[tool.<tool>]``."""
    text = look.text(os.path.join(project, "pyproject.toml"))
    # There may be hundreds of projects, most of them another tool's.
    if text is None or tool not in text:
        return False
    document = parse_toml(text)
    content = document.content if isinstance(document, TomlDocument) else {}
    return isinstance(entry(content, "tool", tool), dict)


def entry(content: object, *keys: str) -> object:
    """Return what stands at *keys* of nested tables, ``None`` where there is no such thing."""
    for key in keys:
        if not isinstance(content, dict):
            return None
        content = content.get(key)
    return content


def text_entry(content: object, *keys: str) -> str | None:
    """Return the text at *keys*; ``None`` for anything else, and for an empty one."""
    found = entry(content, *keys)
    return found if isinstance(found, str) and found else None
