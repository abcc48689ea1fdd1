"""What is measured on: a typical file of any length, and a tree of five thousand."""

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
