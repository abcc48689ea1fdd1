"""Environments for pip and Pinfold to be held against each other: real, made up, and spoilt.

Only metadata stand in them, hard-linked from where they were installed, since nobody reads more.
The damage is drawn from a seed. It knows neither pip nor Pinfold.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

SITE = Path("lib", f"python{sys.version_info[0]}.{sys.version_info[1]}", "site-packages")

_FILES = ("METADATA", "PKG-INFO", "WHEEL", "INSTALLER", "RECORD", "direct_url.json", "requires.txt")


@dataclass(frozen=True, slots=True)
class Spoilt:
    """An environment, and what was done to it, in words."""

    prefix: Path
    damage: tuple[str, ...]

    @property
    def site(self) -> Path:
        """Its ``site-packages``."""
        return self.prefix / SITE


def make_skeleton(prefix: Path) -> Path:
    """Make a virtual environment of this Python without anything in it; return its folder."""
    site = prefix / SITE
    site.mkdir(parents=True)
    (prefix / "bin").mkdir()
    (prefix / "bin" / "python").symlink_to(Path(sys.executable).resolve())
    home = Path(sys.executable).resolve().parent
    version = ".".join(map(str, sys.version_info[:3]))
    (prefix / "pyvenv.cfg").write_text(
        f"home = {home}\ninclude-system-site-packages = false\nversion = {version}\n"
    )
    return site


def make_packages(site: Path, seed: int, count: int = 40) -> None:
    """Make up *count* distributions that require each other, most of them as it should be."""
    chance = random.Random(seed)
    names = [f"{chance.choice(_SYLLABLES)}{chance.choice('-_.')}{n}" for n in range(count)]
    versions = {name: chance.choice(_VERSIONS) for name in names}
    for name in names:
        lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {versions[name]}"]
        lines += [f"Requires-Python: {chance.choice(_PYTHONS)}"] if chance.random() < 0.5 else []
        lines += ["Provides-Extra: Some_Extra"] if chance.random() < 0.3 else []
        for _ in range(chance.randrange(5)):
            lines.append(f"Requires-Dist: {_requirement(chance, names, versions)}")
        folder = site / f"{re.sub('[-.]', '_', name)}-{versions[name]}.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text("\n".join(lines) + "\n\nWhat it is about.\n")
        (folder / "WHEEL").write_text("Wheel-Version: 1.0\nTag: py2-none-any\nTag: py3-none-any\n")
        (folder / "INSTALLER").write_text("pip\n")
        (folder / "RECORD").write_text(f"{folder.name}/METADATA,,\n{folder.name}/WHEEL,,\n")
        if chance.random() < 0.3:
            (folder / "direct_url.json").write_text(json.dumps(chance.choice(_ORIGINS)))


def copy_metadata(source: Path, prefix: Path) -> Path:
    """Make an environment at *prefix* whose metadata are those of the folder *source*."""
    site = make_skeleton(prefix)
    for folder in source.glob("*.dist-info"):
        (site / folder.name).mkdir()
        for path in folder.iterdir():
            if path.name in _FILES:
                shutil.copyfile(path, site / folder.name / path.name)
    return site


def spoil(site: Path, seed: int, count: int) -> tuple[str, ...]:
    """Do *count* kinds of damage to distributions in *site*; return what was done."""
    chance = random.Random(seed)
    done = []
    for _ in range(count):
        # Sorted, since the order of a folder differs from one file system to the next.
        folders = sorted(path for path in site.iterdir() if path.suffix == ".dist-info")
        folders = [folder for folder in folders if (folder / "METADATA").is_file()]
        if not folders:
            break
        folder = chance.choice(folders)
        damage = chance.choice(list(DAMAGE.values()))
        damage(folder, chance)
        done.append(f"{damage.__name__.strip('_')}: {folder.name}")
    return tuple(done)


_SYLLABLES = ("alba", "bora", "cira", "dono", "elba", "fara", "gobi", "hela")
_VERSIONS = ("1.0", "0.9.1", "2.3.4", "2024.1", "3", "1.0rc1", "2.0.post1", "1!1.0", "1.5.dev3")
_PYTHONS = (">=3.8", ">=3.6,<4", ">=2.7, !=3.0.*", "<4", ">=3.99", "~=3.9", "nonsense")
_ORIGINS = (
    {"url": "https://files.example/a-1.0.tar.gz", "archive_info": {"hash": "sha256=" + 64 * "a"}},
    {
        "url": "https://files.example/a.zip",
        "archive_info": {"hashes": {"sha256": 64 * "a", "md5": 32 * "b"}},
        "subdirectory": "src/a",
    },
    {
        "url": "https://git.example/a.git",
        "vcs_info": {"vcs": "git", "commit_id": 40 * "c", "requested_revision": "main"},
    },
    {"url": "file:///home/somebody/a%20project", "dir_info": {"editable": True}},
    {"url": "file:///home/somebody/other", "dir_info": {}},
    {"url": "https://files.example/no-kind"},
    {"url": 7, "dir_info": {}},
)
_SPECIFIERS = (
    *("", ">=1", ">=1.0,<2", "==1.0", "!=1.0", "~=1.0", "==2.*", "<1", "<=2.3.4", ">2"),
    *(">=1.0rc1", "==1!1.0", "===1.0", "(>=1.0)", " (<0.5,>=0.1)", " >= 1.0 , < 3", ">=1.0.post1"),
    *("~=2.3.4", "!=2.3.*", "<2.0.dev0", "==1.0+local", ">1.0", "<=1.0.0.0", "==01.0"),
)
_MARKERS = (
    *('python_version >= "3"', 'python_version < "3"', "sys_platform == 'win32'"),
    *("extra == 'test'", 'extra == "Some_Extra"', 'python_version < "3" and extra == "test"'),
    *('(os_name == "nt" or os_name == "posix") and extra == \'test\'', 'extra != "test"'),
    *('platform_system == "Linux"', '"lin" in sys_platform', 'python_full_version >= "3.9.1"'),
    *('platform_python_implementation != "PyPy" and python_version > "3.0"', 'os_name in "posix"'),
    *('extra == "test" or python_version >= "3"', '(python_version >= "3")'),
    *("python_version not in '2.7, 3.0'", "implementation_name == 'cpython'"),
)
_NOT_REQUIREMENTS = (
    "",
    "-",
    "foo bar",
    "foo>=",
    "foo; python_version",
    "foo>=1.0,,<2",
    "foo[",
    "é",
)


def _requirement(chance: random.Random, names: list[str], versions: dict[str, str]) -> str:
    name = chance.choice([*names, "absent", "Absent.Too"])
    name = chance.choice([name, name.upper(), name.replace("-", "_")])
    extras = chance.choice(["", "", "", "[test]", "[a, B_c]"])
    specifier = chance.choice(_SPECIFIERS)
    if name in versions and chance.random() < 0.5:
        specifier = chance.choice([f"=={versions[name]}", f">={versions[name]}", ""])
    marker = f"{chance.choice([';', ' ; '])} {chance.choice(_MARKERS)}"
    return f"{name}{extras}{specifier}{chance.choice(['', '', marker])}"


Damage = Callable[[Path, random.Random], None]
DAMAGE: dict[str, Damage] = {}
"""Every kind of damage, by name. All leave pip able to print something."""


def _damage(function: Damage) -> Damage:
    DAMAGE[function.__name__.strip("_")] = function
    return function


def _rewrite(path: Path, change: Callable[[bytes], bytes]) -> None:
    before = path.read_bytes()
    if not _is_utf_8(before):
        # More damage may move the odd bytes into the body, of which only pip reads anything.
        return
    # Written anew, for the file is a hard link to one that others read too.
    path.unlink()
    path.write_bytes(change(before))


def _is_utf_8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _add_header(folder: Path, line: str) -> None:
    def change(data: bytes) -> bytes:
        first, end, rest = data.partition(b"\n")
        return first + end + line.encode() + b"\n" + rest

    _rewrite(folder / "METADATA", change)


def _name_of(folder: Path) -> str:
    return folder.name.partition("-")[0]


@_damage
def _removed(folder: Path, chance: random.Random) -> None:
    shutil.rmtree(folder)


@_damage
def _other_version(folder: Path, chance: random.Random) -> None:
    version = chance.choice(["0.0.1", "99", "99.0rc1", "1!2.0", "2.0.post1", "1.0+local.7"])
    _rewrite(
        folder / "METADATA",
        lambda data: re.sub(rb"(?m)^Version: .*$", f"Version: {version}".encode(), data, count=1),
    )
    _move(folder, folder.with_name(f"{_name_of(folder)}-{version}.dist-info"))


@_damage
def _version_in_the_folder_only(folder: Path, chance: random.Random) -> None:
    _move(folder, folder.with_name(f"{_name_of(folder)}-0.0.2.dist-info"))


@_damage
def _invalid_version(folder: Path, chance: random.Random) -> None:
    # Where it has a WHEEL, pip may want to print the version of what is not supported.
    (folder / "WHEEL").unlink(missing_ok=True)
    version = chance.choice(["not.a.version", "1.0_1"])
    _move(folder, folder.with_name(f"{_name_of(folder)}-{version}.dist-info"))


def _move(folder: Path, target: Path) -> None:
    if target != folder:
        shutil.rmtree(target, ignore_errors=True)
        folder.rename(target)


@_damage
def _new_requirement(folder: Path, chance: random.Random) -> None:
    names = sorted(path.name.partition("-")[0] for path in folder.parent.glob("*.dist-info"))
    _add_header(folder, f"Requires-Dist: {_requirement(chance, names, {})}")


@_damage
def _same_requirement_twice(folder: Path, chance: random.Random) -> None:
    _add_header(folder, "Requires-Dist: Absent.Three >= 1.0\nRequires-Dist: absent-three>=1.0.0")


@_damage
def _other_specifiers(folder: Path, chance: random.Random) -> None:
    def change(data: bytes) -> bytes:
        specifier = chance.choice(_SPECIFIERS).encode()
        return re.sub(rb"(?m)^(Requires-Dist: [\w.-]+)[^;\n]*", rb"\1" + specifier, data)

    _rewrite(folder / "METADATA", change)


@_damage
def _other_markers(folder: Path, chance: random.Random) -> None:
    def change(data: bytes) -> bytes:
        marker = chance.choice(_MARKERS).encode()
        return re.sub(rb"(?m)^(Requires-Dist: [^;\n]*)(;.*)?$", rb"\1 ; " + marker, data)

    _rewrite(folder / "METADATA", change)


@_damage
def _not_a_requirement(folder: Path, chance: random.Random) -> None:
    _add_header(folder, f"Requires-Dist: {chance.choice(_NOT_REQUIREMENTS)}")


@_damage
def _a_comparison_that_means_nothing(folder: Path, chance: random.Random) -> None:
    _add_header(folder, "Requires-Dist: absent ; sys_platform ~= 'linux'")


@_damage
def _folded_header(folder: Path, chance: random.Random) -> None:
    indent = chance.choice([" ", "\t", " " * 8])
    _add_header(
        folder, f"Requires-Dist: absent{chance.choice(['', '>=1'])}\n{indent}; os_name != ''"
    )


@_damage
def _header_on_the_next_line(folder: Path, chance: random.Random) -> None:
    _add_header(folder, "Requires-Dist:\n  absent-below")


@_damage
def _junk_among_the_headers(folder: Path, chance: random.Random) -> None:
    def change(data: bytes) -> bytes:
        lines = data.split(b"\n")
        place = chance.randrange(min(len(lines), 12))
        junk = chance.choice(
            ["no header at all", ": no name", "Näme: foo", "With space: foo", "\t"]
        )
        return b"\n".join([*lines[:place], junk.encode(), *lines[place:]])

    _rewrite(folder / "METADATA", change)


@_damage
def _other_case(folder: Path, chance: random.Random) -> None:
    _rewrite(
        folder / "METADATA",
        lambda data: data.replace(b"\nRequires-Dist:", b"\nREQUIRES-dist:").replace(
            b"\nName:", b"\nname:"
        ),
    )


@_damage
def _other_line_ends(folder: Path, chance: random.Random) -> None:
    end = chance.choice([b"\r\n", b"\r"])
    _rewrite(folder / "METADATA", lambda data: data.replace(b"\r", b"").replace(b"\n", end))


@_damage
def _blank_line_first(folder: Path, chance: random.Random) -> None:
    _rewrite(folder / "METADATA", lambda data: b"\n" + data)


@_damage
def _no_blank_line(folder: Path, chance: random.Random) -> None:
    _rewrite(folder / "METADATA", lambda data: data.partition(b"\n\n")[0])


@_damage
def _byte_order_mark(folder: Path, chance: random.Random) -> None:
    _rewrite(folder / "METADATA", lambda data: b"\xef\xbb\xbf" + data)


@_damage
def _not_utf_8(folder: Path, chance: random.Random) -> None:
    # pip would look there for the name of what is not supported.
    (folder / "WHEEL").unlink(missing_ok=True)
    _add_header(folder, "Summary: x")
    _rewrite(folder / "METADATA", lambda data: data.replace(b"Summary: x", b"Summary: \xff\xfe"))


@_damage
def _no_metadata(folder: Path, chance: random.Random) -> None:
    (folder / "METADATA").unlink()


@_damage
def _empty_metadata(folder: Path, chance: random.Random) -> None:
    _rewrite(folder / "METADATA", lambda data: b"")


@_damage
def _metadata_is_a_folder(folder: Path, chance: random.Random) -> None:
    (folder / "METADATA").unlink()
    (folder / "METADATA").mkdir()


@_damage
def _metadata_is_a_loop(folder: Path, chance: random.Random) -> None:
    (folder / "METADATA").unlink()
    (folder / "METADATA").symlink_to("METADATA")
    # pip wants the name in it for what is not supported.
    (folder / "WHEEL").unlink(missing_ok=True)


@_damage
def _metadata_in_pkg_info(folder: Path, chance: random.Random) -> None:
    (folder / "METADATA").rename(folder / "PKG-INFO")


@_damage
def _no_name(folder: Path, chance: random.Random) -> None:
    _rewrite(folder / "METADATA", lambda data: re.sub(rb"(?m)^Name: .*\n", b"", data, count=1))


@_damage
def _another_name(folder: Path, chance: random.Random) -> None:
    _rewrite(folder / "METADATA", lambda d: re.sub(rb"(?m)^Name: .*", b"Name: Other", d, count=1))


@_damage
def _two_names(folder: Path, chance: random.Random) -> None:
    _add_header(folder, "Name: First\nVersion: 0.1")


@_damage
def _wheel_for_another_platform(folder: Path, chance: random.Random) -> None:
    tags = ["cp27-cp27m-win32", "cp39-cp39-macosx_11_0_arm64", "cp313.cp38-none-win_amd64.win32"]
    _write_wheel(folder, f"Wheel-Version: 1.0\nTag: {chance.choice(tags)}\n")


@_damage
def _wheel_for_this_platform(folder: Path, chance: random.Random) -> None:
    major, minor = sys.version_info[:2]
    tags = [
        *("py2.py3-none-any", "cp32-abi3-manylinux1_x86_64", f"cp{major}{minor}-none-any"),
        *("py3-none-manylinux_2_5_x86_64.manylinux1_x86_64", f"PY{major}-None-Any"),
        *("cp38-cp38-linux_x86_64", f"cp{major}{minor}-cp{major}{minor}-linux_x86_64"),
        *(f"cp{major}{minor}-cp{major}{minor}-musllinux_1_1_x86_64", "py3-none-linux_aarch64"),
        *(f"cp{major}{minor}-cp{major}{minor}t-linux_x86_64", "py4-none-any", "pp39-none-any"),
        *(f"cp{major}{minor}-abi3-manylinux2014_x86_64", "py3-none-manylinux_2_99_x86_64"),
    ]
    _write_wheel(folder, f"Wheel-Version: 1.0\ntag:  {chance.choice(tags)}\n")


@_damage
def _wheel_without_tags(folder: Path, chance: random.Random) -> None:
    _write_wheel(folder, chance.choice(["", "Wheel-Version: 1.0\n", "\nTag: py3-none-any\n"]))


@_damage
def _another_python(folder: Path, chance: random.Random) -> None:
    required = chance.choice([">=3.99", "~=3.99", ">=3.8", ">=4,<5"]).encode()

    def change(data: bytes) -> bytes:
        return re.sub(rb"(?m)^Requires-Python: .*$", b"Requires-Python: " + required, data)

    _rewrite(folder / "METADATA", change)


@_damage
def _no_wheel(folder: Path, chance: random.Random) -> None:
    (folder / "WHEEL").unlink(missing_ok=True)


def _write_wheel(folder: Path, text: str) -> None:
    # Where somebody took it away, pip would not be able to say what is not supported.
    if (folder / "WHEEL").exists():
        (folder / "WHEEL").unlink()
        (folder / "WHEEL").write_text(text)


@_damage
def _another_copy(folder: Path, chance: random.Random) -> None:
    version = chance.choice(["0.0.3", "77"])
    target = folder.with_name(f"{_name_of(folder)}-{version}.dist-info")
    if not target.exists():
        shutil.copytree(folder, target, copy_function=os.link)


@_damage
def _copy_in_another_spelling(folder: Path, chance: random.Random) -> None:
    name = _name_of(folder).upper().replace("_", ".")
    target = folder.with_name(f"{name}-0.0.4.dist-info")
    if not target.exists():
        shutil.copytree(folder, target, copy_function=os.link)


@_damage
def _leftover(folder: Path, chance: random.Random) -> None:
    _move(folder, folder.with_name(f"~{folder.name[1:]}"))


@_damage
def _folder_without_version(folder: Path, chance: random.Random) -> None:
    if _is_utf_8((folder / "METADATA").read_bytes()):
        _move(folder, folder.with_name(f"{_name_of(folder)}.dist-info"))


@_damage
def _suffix_in_capitals(folder: Path, chance: random.Random) -> None:
    if _is_utf_8((folder / "METADATA").read_bytes()):
        _move(folder, folder.with_name(folder.name.replace(".dist-info", ".DIST-INFO")))


@_damage
def _egg_info(folder: Path, chance: random.Random) -> None:
    target = folder.with_name(folder.name.replace(".dist-info", "-py3.9.egg-info"))
    if target.exists():
        return
    target.mkdir()
    headers = (folder / "METADATA").read_bytes()
    kept = re.sub(rb"(?m)^(Requires-Dist|Provides-Extra): .*\n", b"", headers)
    (target / "PKG-INFO").write_bytes(kept)
    (target / "requires.txt").write_text(
        "absent-one>=1\n# a remark\n\n[]\nabsent-zero\n[:python_version >= '3']\nabsent-two\n"
        "[Some_Extra]\nabsent-three\n[test:os_name == 'posix']\nabsent-four\n"
        "[:python_version < '3']\nabsent-five\n"
    )
    shutil.rmtree(folder)


@_damage
def _distutils_egg_info(folder: Path, chance: random.Random) -> None:
    target = folder.with_name(folder.name.replace(".dist-info", ".egg-info"))
    if not target.exists():
        target.write_bytes((folder / "METADATA").read_bytes())
        shutil.rmtree(folder)


@_damage
def _egg_link(folder: Path, chance: random.Random) -> None:
    name = _name_of(folder)
    project = folder.parents[3] / f"project-{name}"
    target = project / f"{name}.egg-info"
    if target.exists():
        return
    target.mkdir(parents=True)
    (target / "PKG-INFO").write_bytes((folder / "METADATA").read_bytes())
    (target / "requires.txt").write_text("absent-six\n")
    text = chance.choice([f"{project}\n.", f"\n  {project}  \n.", f"../../../project-{name}\n."])
    (folder.parent / f"{name}.egg-link").write_text(text)
    if chance.random() < 0.7:
        shutil.rmtree(folder)


@_damage
def _egg_link_to_nowhere(folder: Path, chance: random.Random) -> None:
    text = chance.choice(["", "\n\n", "/nowhere/at/all\n.", "../nowhere"])
    (folder.parent / f"{_name_of(folder)}.egg-link").write_text(text)
