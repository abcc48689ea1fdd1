"""An environment that is there for Pinfold alone, which says nothing of a project."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

import pytest

from pinfold.core.environments.own_environment import is_for_pinfold_alone, needed_by_pinfold
from pinfold.core.formats.summary import normalised

NEEDS = {
    "pinfold": ["pygls>=2", 'rich>=14; sys_platform == "win32"', 'pytest; extra == "dev"'],
    "pygls": ["lsprotocol", "cattrs (>=23)"],
    "cattrs": ["attrs[more]>=20"],
    "attrs": (),
    "lsprotocol": ["attrs"],
    "rich": (),
    "pytest": (),
    "flask": ["click"],
}


def test_what_pinfold_needs() -> None:
    """All that its requirements lead to, but those of extras, and what is not there."""
    known = {normalised(name): requires for name, requires in NEEDS.items()}
    needed = needed_by_pinfold(known, known.__getitem__)

    assert {"pinfold", "pygls", "cattrs", "attrs", "lsprotocol", "rich"} == needed
    assert set() == needed_by_pinfold([normalised("flask")], lambda _name: ["click"])


def test_another_environment(tmp_path: Path) -> None:
    """One that Pinfold does not run in is somebody's, whatever it has; so is one that is gone."""
    assert not is_for_pinfold_alone(tmp_path)
    assert not is_for_pinfold_alone(tmp_path / "gone")


@pytest.mark.skipif(os.name == "nt", reason="the layout of environments is another one")
def test_started_from_its_own(tmp_path: Path) -> None:
    """As pre-commit does: what is activated then counts once it has something of a project's."""
    prefix, project = tmp_path / "py_env", tmp_path / "project"
    project.mkdir()
    (project / "requirements.txt").write_text("flask==1.0\n")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", prefix], check=True, timeout=60)
    (site_packages,) = prefix.glob("lib/python3*/site-packages")
    paths = [str(Path(path).resolve()) for path in sys.path if path]
    (site_packages / "others.pth").write_text("\n".join(paths) + "\n")
    known = {normalised(one.metadata["Name"]): one.requires or () for one in distributions()}
    for name in needed_by_pinfold(known, known.__getitem__):
        _pretend(site_packages, name, known[name])
    variables = {"VIRTUAL_ENV": str(prefix), "HOME": str(tmp_path), "PATH": os.defpath}

    def judged() -> str:
        command = [str(prefix / "bin" / "python"), "-m", "pinfold", "check"]
        said = subprocess.run(
            command,
            cwd=project,
            env=variables,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return said.stdout + said.stderr

    alone = judged()
    # Remains of a removal, which say nothing; of whatever else, nobody knows whose it is.
    (site_packages / "~ich-1.0.dist-info").mkdir()
    beside_remains = judged()
    _pretend(site_packages, "flask", ())
    shared = judged()

    assert "no-environment" not in shared
    assert "Judged against" not in alone, alone
    assert "Judged against" not in beside_remains, beside_remains
    assert "wrong-version" not in alone
    assert "wrong-version" in shared, shared


def _pretend(site_packages: Path, name: str, requires: object) -> None:
    info = site_packages / f"{name.replace('-', '_')}-2.0.dist-info"
    info.mkdir()
    assert isinstance(requires, (list, tuple))
    lines = [f"Requires-Dist: {one}\n" for one in requires]
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name}\nVersion: 2.0\n{''.join(lines)}"
    )
