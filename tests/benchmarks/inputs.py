"""What is measured on: a typical file of any length, and a tree of five thousand."""

from __future__ import annotations

import random
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
        return f"{name}>={version},<{chance.randrange(9) + 1}"
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
