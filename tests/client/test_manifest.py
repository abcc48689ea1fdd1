"""What the VS Code extension says of itself, beside what the project says."""

from __future__ import annotations

import json
from typing import Any

import pinfold
from tests.project.checkout import ROOT

CLIENT = ROOT / "client-vscode"


def read(name: str) -> dict[str, Any]:
    """Return a JSON file of the client."""
    content: dict[str, Any] = json.loads((CLIENT / name).read_text(encoding="utf-8"))
    return content


def test_the_extension_has_the_version_of_its_server() -> None:
    """Whoever reports a problem with one version means one server."""
    lock = read("package-lock.json")

    assert pinfold.__version__ == read("package.json")["version"]
    assert [pinfold.__version__] * 2 == [lock["version"], lock["packages"][""]["version"]]


def test_the_lock_is_that_of_the_manifest() -> None:
    """Each dependency is asked for by its exact version, and locked."""
    manifest, packages = read("package.json"), read("package-lock.json")["packages"]
    kinds = ("dependencies", "devDependencies")
    asked = {name: version for kind in kinds for name, version in manifest[kind].items()}

    assert [manifest[kind] for kind in kinds] == [packages[""][kind] for kind in kinds]
    assert asked == {name: packages[f"node_modules/{name}"]["version"] for name in asked}


def test_the_lock_carries_hashes_and_no_address() -> None:
    """A lock says what, not from where: that is for each machine's own configuration."""
    packages = read("package-lock.json")["packages"]
    del packages[""]

    assert [] == [name for name, package in packages.items() if "resolved" in package]
    assert [] == [
        name
        for name, package in packages.items()
        if not package.get("integrity", "").startswith("sha512-")
    ]


def test_no_package_runs_a_script_when_it_is_installed() -> None:
    """npm is told so by the project, whatever the person has set up."""
    settings = (CLIENT / ".npmrc").read_text(encoding="utf-8").splitlines()

    assert "ignore-scripts=true" in settings
    assert "omit-lockfile-registry-resolved=true" in settings
