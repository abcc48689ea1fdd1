"""Folders that look like environments, and what is in a folder as a value."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    Tree = dict[str, str]
    """What a file holds, by its path; ``-> TARGET`` for a link, empty for a folder."""


def make_environment(prefix: Path, packages: Tree | None = None) -> Path:
    """Make what the mechanism takes for an environment, with a link and a folder of packages."""
    site_packages = prefix / "lib" / "python3.12" / "site-packages"
    site_packages.mkdir(parents=True)
    (prefix / "pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.12.1\n", encoding="utf-8")
    (prefix / "bin").mkdir()
    (prefix / "bin" / "python").symlink_to("/usr/bin/python3")
    (prefix / "lib64").symlink_to("lib")
    (prefix / "bin" / "tool").write_text("#!/bin/sh\n", encoding="utf-8")
    for name, content in (packages or {"old.py": "old\n", "links.pth": "/there\n"}).items():
        (site_packages / name).write_text(content, encoding="utf-8")
    return prefix


def tree(folder: Path) -> Tree | None:
    """Return what is below a folder; ``None`` if it is not there."""
    if not folder.exists():
        return None
    found: Tree = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = f"-> {path.readlink()}"
        else:
            found[name] = "" if path.is_dir() else path.read_text(encoding="utf-8")
    return found
