"""What is measured on: a typical file of any length, a tree of five thousand, environments."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_DIGEST = "d667207822eb83f1c4b50949b1623c8fc8d51f2341d65f72e1a1815397551136"


def typical_lines(count: int, seed: int = 1, *, bare: float = 0.05) -> list[str]:
    """Return *count* different lines, mixed as in real files; the share *bare* has only a name.

    With the usual share: 55 % pins, 15 % ranges, 5 % extras, 10 % markers, 5 % bare names,
    2 % URLs, 4 % compatible releases, 4 % comments behind a pin.
    """
    chance = random.Random(seed)
    return [_typical_line(chance, number, bare) for number in range(count)]


def write_tree(root: Path, *, files: int = 5_000, lines: int = 20) -> None:
    """Write a monorepo: *files* requirements files of *lines* lines, with mistakes in every one."""
    chance = random.Random(2)
    for number in range(files):
        folder = root / f"team{number % 50}" / f"service{number}"
        folder.mkdir(parents=True)
        (folder / "main.py").write_text("import this\n")
        content = [_typical_line(chance, n) for n in range(lines - 2)]
        content += [_MISTAKES[number % len(_MISTAKES)], _MISTAKES[(number // 7) % len(_MISTAKES)]]
        (folder / "requirements.txt").write_text("\n".join(content) + "\n")


_MISTAKES = (
    "flask=3.1.0",
    "flask==3.1.0 --pre",
    "-r missing.txt",
    "--no-deps",
    "--use-wheel",
    f"flask==3.1.0--hash=sha256:{_DIGEST}",
    "--extra-index-url http://packages.example/simple",
    "-i https://deploy:s3cret@packages.example/simple",
    "flask\u00a0==3.1.0",
    "--hash=sha256:abc",
    "flask==3.0.0rc1",
    "flask==3.1.0  # pinfold: ignore[unpinned]",
    "-r base.txt -r more.txt",
    "-e git+https://git.example/tool.git#egg=tool ; python_version < '3.9'",
    "flask==3.1.0 --hash=md5:abc",
)


def _typical_line(chance: random.Random, number: int, bare: float = 0.05) -> str:
    name = f"package-{number}-{chance.randrange(10**6)}"
    version = f"{chance.randrange(9)}.{chance.randrange(20)}.{chance.randrange(9)}"
    kind = chance.random()
    if kind < 0.55:
        return f"{name}=={version}"
    if kind < 0.70:
        return f"{name}>={version},<{int(version[0]) + 1 + chance.randrange(9)}"
    if kind < 0.75:
        return f"{name}[extra{number}]=={version}"
    if kind < 0.85:
        return f"{name}=={version}; python_version < '3.{chance.randrange(14)}'"
    if kind < 0.85 + bare:
        return name
    if kind < 0.92:
        return f"{name} @ https://files.example/{name}-{version}.tar.gz"
    if kind < 0.96:
        return f"{name}~={version}"
    return f"{name}=={version}  # number {number}"


def write_distributions(site_packages: Path, count: int) -> list[str]:
    """Write *count* installed distributions that need each other; return ``name==version`` lines.

    Sizes as in environments of real packages: some 5 demands each, 15 more in extras, 8 kB of
    description. A few demands are not met.
    """
    chance = random.Random(5)
    names = [f"package-{number}" for number in range(count)]
    versions = {
        name: f"{chance.randrange(9)}.{chance.randrange(20)}.{chance.randrange(9)}"
        for name in names
    }
    for name in names:
        folder = site_packages / f"{name.replace('-', '_')}-{versions[name]}.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(_metadata(chance, name, versions))
        (folder / "WHEEL").write_text("Wheel-Version: 1.0\nTag: py3-none-any\n")
        (folder / "INSTALLER").write_text("pip\n")
        (folder / "RECORD").write_text(f"{folder.name}/METADATA,,\n")
    return [f"{name}=={version}" for name, version in versions.items()]


def write_environment_for(lines: list[str], folder: Path, missing: float) -> None:
    """Write ``.venv`` into *folder* with what *lines* ask for, but for the share *missing*."""
    site_packages = folder / ".venv/lib/python3.11/site-packages"
    site_packages.mkdir(parents=True)
    (folder / ".venv/pyvenv.cfg").write_text(
        "home = /nowhere/bin\ninclude-system-site-packages = false\nversion = 3.11.9\n"
    )
    chance = random.Random(6)
    for line in lines:
        match = _REQUIREMENT.match(line)
        if match is None or chance.random() < missing:
            continue
        name, extras, version = match["name"], match["extras"] or "", match["version"] or "1.0"
        metadata = site_packages / f"{name.replace('-', '_')}-{version}.dist-info"
        metadata.mkdir(exist_ok=True)
        provides = "".join(f"Provides-Extra: {extra}\n" for extra in extras.split(",") if extra)
        (metadata / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{provides}\n"
        )
        (metadata / "RECORD").write_text("")


def write_workspace(root: Path, *, environments: int, packages: int = 0) -> None:
    """Write projects with source files below *root*, and *environments* in and beside them.

    Four in five are a project's ``.venv``, as venv, virtualenv and uv make them; the others are
    tox's, nox's, and some that are collected in a folder. Each holds *packages* small distributions
    of eight files. Their base interpreters stand in ``pythons`` beside *root*.
    """
    bases = [_write_base(root.parent / "pythons", version) for version in _BASES]
    made = 0
    number = 0
    while made < environments:
        project = root / f"team{number % 20}" / f"service{number}"
        if number % 7 == 0:
            project = project.with_name("libraries") / "internal" / f"library{number}"
        _write_project(project)
        places = [project / ".venv"]
        if number % 10 == 0:
            places += [project / ".tox" / name for name in ("py311", "lint")]
        if number % 25 == 0:
            places += [project / ".nox" / "tests-3-12"]
        if number % 25 == 1:
            places += [root / "envs" / f"experiment-{number}"]
        for place in places[: environments - made]:
            _write_environment(place, bases[made % len(bases)], made, packages)
            made += 1
        number += 1
    (root / ".git" / "objects").mkdir(parents=True)
    (root / ".gitignore").write_text("__pycache__/\n*.py[cod]\n/build/\n.tox/\n.nox/\n.venv/\n")


_BASES = ("3.10.14", "3.11.9", "3.12.4", "3.13.1")


def _write_base(folder: Path, version: str) -> Path:
    """Write a base interpreter, as pyenv builds it but without its library; return it."""
    prefix, minor = folder / version, version.rpartition(".")[0]
    executable = prefix / "bin" / f"python{minor}"
    header = prefix / "include" / f"python{minor}" / "patchlevel.h"
    for file in (executable, header):
        file.parent.mkdir(parents=True, exist_ok=True)
    executable.write_bytes(b"\x7fELF\x02\x01\x01")
    executable.chmod(0o755)
    header.write_text(f'#define PY_VERSION      "{version}"\n')
    for name in ("python", "python3"):
        (prefix / "bin" / name).symlink_to(executable.name)
    return executable


def _write_project(project: Path) -> None:
    """Write 30 files in eight folders, some four to a folder, as in most projects."""
    for folder, names in _PROJECT.items():
        (project / folder).mkdir(parents=True, exist_ok=True)
        for name in names.split():
            (project / folder / name).write_text("[project]\n" if name.endswith(".toml") else "")


_PROJECT = {
    ".": "pyproject.toml README.md LICENSE requirements.txt Makefile",
    "src/service": "__init__.py __main__.py settings.py errors.py py.typed",
    "src/service/api": "__init__.py views.py schemas.py routes.py authentication.py",
    "src/service/storage": "__init__.py models.py queries.py migrations.py",
    "tests": "__init__.py conftest.py test_views.py test_models.py test_queries.py",
    "tests/data": "users.json orders.json",
    "docs": "index.md install.md changes.md conf.py",
}


def _write_environment(prefix: Path, base: Path, number: int, packages: int) -> None:
    """Write an environment with what venv, virtualenv or uv says in its ``pyvenv.cfg``."""
    version = base.parent.parent.name
    site_packages = prefix / "lib" / base.name / "site-packages"
    site_packages.mkdir(parents=True)
    (prefix / "lib64").symlink_to("lib")
    (prefix / "bin").mkdir()
    (prefix / "bin" / "python").symlink_to(base)
    (prefix / "bin" / "python3").symlink_to("python")
    (prefix / "bin" / base.name).symlink_to("python")
    for name in ("activate", "activate.csh", "activate.fish", "Activate.ps1"):
        (prefix / "bin" / name).write_text("# in a shell\n")
    (prefix / "pyvenv.cfg").write_text(
        f"home = {base.parent}\ninclude-system-site-packages = false\n"
        + (
            f"version = {version}\nexecutable = {base}\ncommand = {base} -m venv {prefix}\n",
            f"implementation = CPython\nversion_info = {version}.final.0\nvirtualenv = 20.26.6\n",
            f"implementation = CPython\nuv = 0.13.9\nversion_info = {version}\nprompt = api\n",
        )[number % 3]
    )
    for package in range(packages):
        folder = site_packages / f"package_{package}"
        metadata = site_packages / f"package_{package}-1.{number}.dist-info"
        for place, names in (
            (folder, ("__init__.py", "api.py", "models.py", "py.typed")),
            (metadata, ("METADATA", "WHEEL", "RECORD", "INSTALLER")),
        ):
            place.mkdir()
            for name in names:
                (place / name).write_text("")


_REQUIREMENT = re.compile(
    r"(?P<name>[\w-]+)(?:\[(?P<extras>[^\]]*)\])?(?: ?(?:==|~=|>=) ?(?P<version>[0-9.]+))?"
)


def _metadata(chance: random.Random, name: str, versions: dict[str, str]) -> str:
    lines = [
        "Metadata-Version: 2.4",
        f"Name: {name}",
        f"Version: {versions[name]}",
        "Summary: Something that many programs need",
        "License-Expression: MIT",
        *(f"Classifier: Programming Language :: Python :: 3.{minor}" for minor in range(9, 14)),
        "Requires-Python: >=3.9",
        "Description-Content-Type: text/markdown",
    ]
    others = list(versions)
    for _ in range(chance.randrange(9)):
        other = chance.choice(others)
        marker = chance.choice(("", "", "", '; python_version < "3.11"', '; os_name == "nt"'))
        if chance.random() < 0.01:
            lines.append(f"Requires-Dist: {other}>=90{marker}")
        else:
            major = versions[other].partition(".")[0]
            bound = chance.choice((f">={major}", f"<{int(major) + 1},>={major}", ""))
            lines.append(f"Requires-Dist: {other}{bound}{marker}")
    for extra in ("test", "docs", "dev"):
        lines.append(f"Provides-Extra: {extra}")
        lines += [
            f'Requires-Dist: {chance.choice(others)}>=1; extra == "{extra}"' for _ in range(5)
        ]
    return "\n".join(lines) + "\n\n" + "What it does and how to use it.\n" * 250
