from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinfold.core.environments.health.case import REBUILD
from pinfold.core.environments.health.claims import (
    CommandClaim,
    ScriptClaim,
    parse_activate,
    parse_activate_bat,
    parse_activate_csh,
    parse_activate_fish,
    parse_first_line,
    prefix_in_command,
)
from pinfold.core.environments.health.diagnosis import diagnose
from pinfold.core.environments.health.packages import parse_finder
from pinfold.core.environments.installed.packages import PackagesReader
from pinfold.core.environments.layout import read_environment
from pinfold.core.environments.stalls import Stalled
from pinfold.core.files import (
    FileSystem,
    LocalFileSystem,
    MemoryFileSystem,
    StrPath,
)
from pinfold.core.model.environment import Environment
from pinfold.core.model.installation import (
    Ailment,
    HealthProblem,
    Installation,
    InstallationKind,
)
from pinfold.core.model.wording import at_command_line, in_editor

PYENV = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
BASES = {
    path.name: path
    for path in sorted(PYENV.glob("versions/*"))
    if (path / "bin/python").is_file() and (path / "lib").is_dir()
}
"""pyenv's interpreters, as far as there are any on this machine, by version."""

MODERN = {version: path for version, path in BASES.items() if not version.startswith("2.")}
NEWEST = [path for version, path in MODERN.items() if version.startswith(("3.12.", "3.13."))]
UV = shutil.which("uv", path=os.fspath(Path(sys.executable).parent))

P = HealthProblem

PROGRAM = b"\x7fELF"
"""What a program begins with, which is all that is looked at."""


def ask(executable: StrPath, *arguments: str) -> str:
    """Run an interpreter, and return what it says."""
    done = subprocess.run(
        [executable, *arguments], capture_output=True, check=True, text=True, timeout=120
    )
    return done.stdout.strip()


def make_venv(base: Path, prefix: Path, *options: str, name: str = "python") -> Path:
    """Make a real environment with the interpreter of *base*."""
    ask(base / "bin" / name, "-m", "venv", *(options or ["--without-pip"]), os.fspath(prefix))
    return prefix


def ailments(
    prefix: Path,
    filesystem: FileSystem | None = None,
    *,
    kind: InstallationKind = InstallationKind.VENV,
    is_base: bool = False,
    platform: str = "linux",
) -> tuple[Ailment, ...]:
    """Diagnose what stands at *prefix*; with packages and without, which must give the same."""
    filesystem = filesystem or LocalFileSystem()
    installation = Installation(prefix, kind, is_base)
    found = diagnose(installation, None, filesystem, platform=platform)
    environment = read_environment(prefix, filesystem)
    if isinstance(environment, Environment):
        packages = PackagesReader(filesystem).packages(environment)

        assert found == diagnose(installation, packages, filesystem, platform=platform)
    return found


def problems(
    prefix: Path,
    filesystem: FileSystem | None = None,
    *,
    kind: InstallationKind = InstallationKind.VENV,
    platform: str = "linux",
) -> list[P]:
    """Return what is wrong at *prefix*, but that it has no pip, which most of ours have not."""
    found = ailments(prefix, filesystem, kind=kind, platform=platform)
    return [ailment.problem for ailment in found if ailment.problem is not P.NO_PIP]


def cause(
    prefix: Path,
    filesystem: FileSystem | None = None,
    *,
    kind: InstallationKind = InstallationKind.VENV,
    platform: str = "linux",
) -> str:
    """Return the cause of the only ailment at *prefix*, other than that it has no pip."""
    found = ailments(prefix, filesystem, kind=kind, platform=platform)
    causes = [ailment.cause for ailment in found if ailment.problem is not P.NO_PIP]

    assert 1 == len(causes), causes
    return causes[0]


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A base interpreter that may be spoilt: real, but for its library, which is pyenv's."""
    origin = NEWEST[-1]
    minor = ".".join(origin.name.split(".")[:2])
    copy = tmp_path / "pyenv/versions" / origin.name
    (copy / "bin").mkdir(parents=True)
    shutil.copy(origin / f"bin/python{minor}", copy / "bin")
    (copy / "bin/python3").symlink_to(f"python{minor}")
    (copy / "bin/python").symlink_to("python3")
    (copy / "lib").symlink_to(origin / "lib")
    (copy / "include").symlink_to(origin / "include")
    return copy


@pytest.fixture
def venv(base: Path, tmp_path: Path) -> Path:
    """An environment on that base, for real."""
    return make_venv(base, tmp_path / "project/.venv")


def site_packages_of(prefix: Path) -> Path:
    """Return the folder of packages of an environment."""
    (found,) = prefix.glob("lib/python*/site-packages")
    return found


# Healthy ones.


@pytest.mark.slow
@pytest.mark.parametrize("version", MODERN)
def test_environments_made_by_venv_are_healthy(version: str, tmp_path: Path) -> None:
    """Whatever Python made it, nothing is wrong with a new one, but that it was told no pip."""
    prefix = make_venv(MODERN[version], tmp_path / "ä b$c")

    found = ailments(prefix)

    assert [(P.NO_PIP, False)] == [(one.problem, one.is_severe) for one in found]
    assert f"`{shlex.quote(f'{prefix}/bin/python')} -m ensurepip` brings it" == found[0].repair


@pytest.mark.slow
@pytest.mark.parametrize("version", BASES)
def test_pyenv_bases_are_healthy(version: str) -> None:
    """Nothing is wrong with an interpreter that pyenv has built."""
    found = ailments(BASES[version], kind=InstallationKind.PYENV, is_base=True)

    assert () == found


def test_the_interpreter_of_the_system_is_healthy() -> None:
    """Nothing is wrong with Debian's, pip or not."""
    found = ailments(Path("/usr"), kind=InstallationKind.SYSTEM, is_base=True)

    assert () == found


@pytest.mark.slow
def test_environments_made_by_uv_are_healthy(tmp_path: Path) -> None:
    """They lack pip at most, and a relocatable one may be moved."""
    prefix = make_uv(tmp_path / "it's")
    moved = make_uv(tmp_path / "one", "--relocatable").rename(tmp_path / "two")

    assert [] == problems(prefix, kind=InstallationKind.UV)
    assert [] == problems(moved, kind=InstallationKind.UV)


def make_uv(prefix: Path, *options: str) -> Path:
    """Make a real environment with uv."""
    assert UV is not None
    flags = ["--quiet", "--offline", "--no-config", "--no-project"]
    subprocess.run(
        [UV, "venv", *flags, *options, "--python", NEWEST[-1] / "bin/python3", prefix],
        check=True,
        timeout=60,
        capture_output=True,
    )
    return prefix


@pytest.mark.slow
def test_uv_leaves_pip_out_on_purpose(tmp_path: Path) -> None:
    """Where the maker means it, the words are others, and nothing is severe."""
    found = ailments(make_uv(tmp_path / "uv"), kind=InstallationKind.UV)

    assert [(P.NO_PIP, "it has no pip: uv makes environments without it, on purpose", False)] == [
        (one.problem, one.cause, one.is_severe) for one in found
    ]
    assert (
        "install with `uv pip`; where pip itself is needed, `uv pip install pip --python uv`"
        == at_command_line(found[0].repair or "", "uv")
    )


@pytest.mark.slow
def test_pip_of_the_system_counts_where_it_is_seen(base: Path, tmp_path: Path) -> None:
    """An environment that sees the base's packages has its pip."""
    prefix = make_venv(base, tmp_path / "v", "--without-pip", "--system-site-packages")

    assert () == ailments(prefix)


@pytest.mark.slow
def test_a_link_to_an_environment_is_no_move(venv: Path, tmp_path: Path) -> None:
    """Whoever knows it by another name finds nothing wrong."""
    link = tmp_path / "link"
    link.symlink_to(venv)
    parent = tmp_path / "parent"
    parent.symlink_to(venv.parent)

    assert [] == problems(link)
    assert [] == problems(parent / ".venv")


CONDA: dict[str, bytes | str] = {
    "/c/envs/data/bin/python3.12": PROGRAM,
    "/c/envs/data/conda-meta/python-3.12.4-h0_0.json": "{}",
    "/c/envs/data/lib/python3.12/site-packages/pip/__init__.py": "",
}


def test_a_conda_environment_is_healthy() -> None:
    """One without pyvenv.cfg, as conda lays it out."""
    files = MemoryFileSystem(CONDA)
    files.make_link("/c/envs/data/bin/python", "python3.12")

    assert () == ailments(Path("/c/envs/data"), files, kind=InstallationKind.CONDA)


def test_a_conda_environment_may_have_no_python() -> None:
    """conda makes empty ones; this is said, and is not severe."""
    files = MemoryFileSystem({"/c/envs/r/conda-meta/history": ""})

    found = ailments(Path("/c/envs/r"), files, kind=InstallationKind.CONDA)

    assert [("it has no Python, which conda allows", False)] == [
        (one.cause, one.is_severe) for one in found
    ]


def test_an_old_virtualenv_needs_no_configuration() -> None:
    """virtualenv before version 20 wrote none."""
    files = MemoryFileSystem(
        {
            "/v/bin/python2.7": PROGRAM,
            "/v/bin/activate": 'VIRTUAL_ENV="/v"\n',
            "/v/lib/python2.7/orig-prefix.txt": "/usr",
            "/v/lib/python2.7/site-packages/pip/__init__.py": "",
        }
    )
    files.make_link("/v/bin/python", "python2.7")

    assert () == ailments(Path("/v"), files, kind=InstallationKind.VIRTUALENV)


@pytest.mark.parametrize(
    ("old", "expected"),
    [
        ("/gone", "it was moved or renamed: its `activate` and `bin/pip` still lead to /gone"),
        (
            "/old",
            (
                "it was copied from /old, which is still there: its `activate` and `bin/pip` still"
                " lead to /old"
            ),
        ),
    ],
)
def test_an_old_virtualenv_that_was_moved(old: str, expected: str) -> None:
    """Its scripts hold its path, as those of later versions do, and this is severe."""
    files = MemoryFileSystem(
        {"/old/bin/activate": 'VIRTUAL_ENV="/old"\n', "/old/bin/python": PROGRAM}
    )
    files.write("/v/bin/python2.7", PROGRAM)
    files.make_link("/v/bin/python", "python2.7")
    files.write("/v/bin/activate", f'VIRTUAL_ENV="{old}"\n')
    files.write("/v/bin/pip", f"#!{old}/bin/python\n")
    files.write("/v/lib/python2.7/orig-prefix.txt", "/usr")
    files.write("/v/lib/python2.7/site-packages/pip/__init__.py", "")
    found = ailments(Path("/v"), files)

    assert [(P.MOVED, expected, True)] == [(one.problem, one.cause, one.is_severe) for one in found]


def test_what_is_no_folder_is_no_environment() -> None:
    """It may have been removed a moment ago."""
    files = MemoryFileSystem({"/v": ""})

    assert "/v is no folder" == cause(Path("/v"), files)
    assert "/gone does not exist" == cause(Path("/gone"), files)


# The base interpreter.


@pytest.mark.slow
def test_a_base_that_was_removed(venv: Path, base: Path) -> None:
    """Its folder is gone: that is the one cause, and the broken links are not told again."""
    shutil.rmtree(base)
    found = [one for one in ailments(venv) if one.problem is not P.NO_PIP]

    assert [
        Ailment(
            P.BASE_GONE,
            f"its base interpreter is gone: {base} does not exist; pyenv had installed it",
            REBUILD.between(
                after=f", or install Python {base.name} again (`pyenv install {base.name}`)"
            ),
        )
    ] == found


@pytest.mark.slow
def test_a_base_that_was_upgraded_says_to_what(venv: Path, base: Path) -> None:
    """What stands beside the gone one is named, that of the same minor version first."""
    minor = ".".join(base.name.split(".")[:2])
    base.rename(base.parent / f"{minor}.99")
    for other in ("3.6.1", "3.99.0", "system", f"{minor}.98"):
        (base.parent / other).mkdir()
    (found,) = (one for one in ailments(venv) if one.problem is P.BASE_GONE)

    assert found.cause.endswith(f"; pyenv has {minor}.99, {minor}.98, 3.99.0 now")
    assert found.repair is not None
    assert at_command_line(found.repair).startswith(
        f"rebuild the environment (`pinfold env rebuild`) on Python {minor}.99, or install"
    )


@pytest.mark.slow
def test_a_base_folder_without_interpreter(venv: Path, base: Path) -> None:
    """The folder is there still, but nothing in it."""
    for path in (base / "bin").iterdir():
        path.unlink()

    assert f"its base interpreter is gone: there is none in {base}/bin any more" == cause(venv)


def write_venv(
    files: MemoryFileSystem, prefix: str, home: str, version: str = "3.11.4", target: str = ""
) -> Path:
    """Lay out an environment as venv does."""
    minor = ".".join(version.split(".")[:2])
    files.write(f"{prefix}/pyvenv.cfg", f"home = {home}\nversion = {version}\n")
    files.write(f"{prefix}/bin/activate", f'export VIRTUAL_ENV="{prefix}"\n')
    files.make_link(f"{prefix}/bin/python", "python3")
    files.make_link(f"{prefix}/bin/python3", target or f"{home}/python3")
    files.write(f"{prefix}/lib/python{minor}/site-packages/pip/__init__.py", "")
    return Path(prefix)


def write_base(files: MemoryFileSystem, prefix: str, minor: str = "3.11") -> None:
    """Lay out a base interpreter."""
    files.write(f"{prefix}/bin/python{minor}", PROGRAM)
    files.make_link(f"{prefix}/bin/python3", f"python{minor}")
    files.write(f"{prefix}/lib/python{minor}/os.py", "")


@pytest.mark.parametrize(
    ("home", "now", "expected"),
    [
        (
            "/opt/homebrew/Cellar/python@3.11/3.11.4/Frameworks/Python.framework/Versions/3.11/bin",
            ["/opt/homebrew/Cellar/python@3.11/3.11.9_1", "/opt/homebrew/Cellar/python@3.11/junk"],
            (
                "/opt/homebrew/Cellar/python@3.11/3.11.4 does not exist; Homebrew has replaced"
                " version 3.11.4 by 3.11.9_1"
            ),
        ),
        (
            "/opt/homebrew/Cellar/python@3.11/3.11.4/bin",
            ["/opt/homebrew/Cellar/python@3.12/3.12.1"],
            "/opt/homebrew/Cellar/python@3.11 does not exist; Homebrew has 3.12 now",
        ),
        (
            "/h/.local/share/uv/python/cpython-3.12.3-linux-x86_64-gnu/bin",
            [
                "/h/.local/share/uv/python/cpython-3.12.5-linux-x86_64-gnu",
                "/h/.local/share/uv/python/pypy-3.10.14-linux-x86_64-gnu",
                "/h/.local/share/uv/python/cpython-3.13.0-macos-aarch64-none",
            ],
            (
                "/h/.local/share/uv/python/cpython-3.12.3-linux-x86_64-gnu does not exist;"
                " uv has 3.12.5 now"
            ),
        ),
        (
            "/h/.asdf/installs/python/3.11.4/bin",
            ["/h/.asdf/installs/python/3.11.5"],
            "/h/.asdf/installs/python/3.11.4 does not exist; asdf has 3.11.5 now",
        ),
        (
            "/h/.local/share/mise/installs/python/3.11.4/bin",
            ["/h/.local"],
            "/h/.local/share does not exist; mise had installed it",
        ),
        (
            "/opt/python3.9/bin",
            ["/opt/python3.10"],
            "/opt/python3.9 does not exist; beside it there is 3.10",
        ),
        ("/srv/tools/bin", ["/srv"], "/srv/tools does not exist"),
    ],
)
def test_keepers_of_bases_are_known_by_their_places(
    home: str, now: list[str], expected: str
) -> None:
    """The cause says who kept the base interpreter, and what is there now."""
    files = MemoryFileSystem()
    for path in now:
        files.make_directory(path)
    prefix = write_venv(files, "/p/.venv", home)

    platform = "darwin" if "homebrew" in home else "linux"

    assert f"its base interpreter is gone: {expected}" == cause(prefix, files, platform=platform)


def test_a_link_to_a_minor_version_that_leads_nowhere() -> None:
    """uv's link is named together with what it leads to, and what uv has now."""
    files = MemoryFileSystem()
    folder = "/h/.local/share/uv/python"
    files.make_link(f"{folder}/cpython-3.12-linux-x86_64-gnu", "cpython-3.12.3-linux-x86_64-gnu")
    files.make_directory(f"{folder}/cpython-3.12.9-linux-x86_64-gnu")
    prefix = write_venv(files, "/p/.venv", f"{folder}/cpython-3.12-linux-x86_64-gnu/bin", "3.12")

    expected = (
        f"its base interpreter is gone: {folder}/cpython-3.12-linux-x86_64-gnu is a link to"
        f" {folder}/cpython-3.12.3-linux-x86_64-gnu, which does not exist; uv has 3.12.9 now"
    )
    assert expected == cause(prefix, files)


def test_a_link_to_a_minor_version_that_leads_somewhere() -> None:
    """A base that is known by a link is healthy, whatever patch it leads to."""
    files = MemoryFileSystem()
    write_base(files, "/u/cpython-3.12.9", "3.12")
    files.make_link("/u/cpython-3.12", "cpython-3.12.9")
    prefix = write_venv(files, "/p/.venv", "/u/cpython-3.12/bin", "3.12")

    assert [] == problems(prefix, files)


def test_a_base_that_may_not_be_seen() -> None:
    """Somebody else's home: nobody can say that the interpreter is gone."""
    files = MemoryFileSystem()
    prefix = write_venv(files, "/p/.venv", "/root/.pyenv/versions/3.11.4/bin")
    files.deny("/root")

    assert "its base interpreter cannot be seen: /root may not be read" == cause(prefix, files)


@pytest.mark.slow
def test_an_environment_that_names_itself_as_its_base(venv: Path) -> None:
    """Nothing stands behind an environment that was made anew from within."""
    spoil_configuration(venv, f"home = {venv}/bin\n")

    assert (
        "its pyvenv.cfg names the environment itself as its base interpreter"
        f" ({venv}/bin), so there is none"
    ) == cause(venv)


def spoil_configuration(venv: Path, content: str | bytes) -> None:
    """Write another pyvenv.cfg."""
    data = content.encode() if isinstance(content, str) else content
    (venv / "pyvenv.cfg").write_bytes(data)


# The configuration.


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"\x00" * 500, "is not a text file"),
        (b"hom", "does not name the base interpreter (`home`)"),
        (b"x" * 70_000, "is larger than 65536 bytes"),
        (
            b"home = ../python\n",
            (
                "names its base interpreter as ../python, which leads to another folder from"
                " wherever it is started"
            ),
        ),
    ],
)
def test_a_configuration_that_cannot_be_used(content: bytes, expected: str, venv: Path) -> None:
    """Truncated, binary, enormous: it says why, and that is severe."""
    spoil_configuration(venv, content)

    assert [P.CONFIGURATION_UNREADABLE] == problems(venv)
    assert f"its pyvenv.cfg {expected}" == cause(venv)


@pytest.mark.slow
def test_a_configuration_that_is_gone(venv: Path) -> None:
    """What has activation scripts once had a configuration."""
    (venv / "pyvenv.cfg").unlink()

    assert "its pyvenv.cfg is missing" == cause(venv)


@pytest.mark.parametrize("what", ["folder", "pipe", "denied"])
def test_a_configuration_that_is_no_readable_file(what: str) -> None:
    """Anything may stand in its place, and nothing of it is opened."""
    files = MemoryFileSystem()
    write_base(files, "/base")
    prefix = write_venv(files, "/v", "/base/bin")
    files.remove("/v/pyvenv.cfg")
    place = {"folder": files.make_directory, "pipe": files.make_fifo, "denied": files.deny}[what]
    if what == "denied":
        files.write("/v/pyvenv.cfg", "")
    place("/v/pyvenv.cfg")

    assert [P.CONFIGURATION_UNREADABLE] == problems(prefix, files)


def test_a_configuration_in_another_encoding() -> None:
    """Python reads it as UTF-8, strictly, and does not start: the line and the byte are told."""
    files = MemoryFileSystem()
    write_base(files, "/base")
    prefix = write_venv(files, "/v", "/base/bin")
    files.write("/v/pyvenv.cfg", b"home = /base/bin\nversion = 3.11.4\nprompt = \xe9\n")

    assert (
        Ailment(
            P.CONFIGURATION_UNREADABLE,
            "its pyvenv.cfg is not UTF-8: line 3 holds the byte 0xe9",
            REBUILD,
        ),
    ) == ailments(prefix, files)


# The interpreter inside.


def test_other_names_that_are_broken_links() -> None:
    """Where `python` works they are no reason to rebuild at once; those of one cause are one."""
    files = MemoryFileSystem()
    write_base(files, "/base")
    prefix = write_venv(files, "/v", "/base/bin")
    files.remove("/v/bin/python")
    files.make_link("/v/bin/python", "/base/bin/python3")
    files.remove("/v/bin/python3")
    files.make_link("/v/bin/python3", "python3.11")
    files.make_link("/v/bin/python3.11", "/base/gone")

    assert [
        (
            P.EXECUTABLE_BROKEN_LINK,
            "/v/bin/python3 leads to /base/gone, which does not exist",
            False,
        )
    ] == [(one.problem, one.cause, one.is_severe) for one in ailments(prefix, files)]


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        (None, "which does not exist"),
        ("/base/gone", "which leads nowhere"),
        ("/base/bin/python3", None),
    ],
)
def test_a_command_whose_interpreter_is_not_there(link: str | None, expected: str | None) -> None:
    """The environment works, but not this command."""
    files = MemoryFileSystem()
    write_base(files, "/base")
    prefix = write_venv(files, "/v", "/base/bin")
    files.write("/v/bin/pip", "#!/v/bin/python3.9\n")
    if link is not None:
        files.make_link("/v/bin/python3.9", link)

    cause = f"`bin/pip` is to be run by /v/bin/python3.9, {expected}, so it cannot start"

    assert ([] if expected is None else [(P.EXECUTABLE_BROKEN_LINK, cause, False)]) == [
        (one.problem, one.cause, one.is_severe) for one in ailments(prefix, files)
    ]


def test_commands_whose_interpreter_elsewhere_is_not_there() -> None:
    """Whose interpreter it was is not told, for that is no environment any more."""
    files = MemoryFileSystem()
    write_base(files, "/base")
    prefix = write_venv(files, "/v", "/base/bin")
    write_venv(files, "/other", "/base/bin")
    for name, interpreter in (
        ("a", "/gone/bin/python"),
        ("b", "/base/bin/python3.9"),
        ("c", "/gone/bin/python"),
        ("d", "/other/bin/python"),
    ):
        files.write(f"/v/bin/{name}", f"#!{interpreter}\n")

    assert [
        (P.MOVED, "`bin/d` leads to the interpreter of another environment, /other"),
        (
            P.EXECUTABLE_BROKEN_LINK,
            (
                "2 commands (`bin/a`, …) are to be run by /gone/bin/python, which does not exist,"
                " so they cannot start"
            ),
        ),
        (
            P.EXECUTABLE_BROKEN_LINK,
            "`bin/b` is to be run by /base/bin/python3.9, which does not exist, so it cannot start",
        ),
    ] == [(one.problem, one.cause) for one in ailments(prefix, files) if not one.is_severe]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", [P.NOT_EXECUTABLE]),
        (b"version https://example.org/spec\n", [P.NOT_EXECUTABLE]),
        (b"#!/bin/sh\n", []),
        (b"MZqFpD", []),
        (b"\xca\xfe\xba\xbe\x00\x00\x00\x34", []),
        (PROGRAM, []),
    ],
)
def test_an_interpreter_that_is_no_program(content: bytes, expected: list[P]) -> None:
    """A file that was cut off to nothing, or one of text, is not started by any system."""
    files = MemoryFileSystem()
    write_base(files, "/base")
    prefix = write_venv(files, "/v", "/base/bin")
    files.remove("/v/bin/python3")
    files.write("/v/bin/python3", content)
    found = ailments(prefix, files)

    assert expected == [one.problem for one in found]
    assert all(one.is_severe for one in found)


def elf(number: int, order: Literal["little", "big"] = "little", width: int = 2) -> bytes:
    """Return the start of an ELF program for a machine, by its number there."""
    ident = b"\x7fELF" + bytes([width, 1 if order == "little" else 2, 1]) + bytes(9)
    return ident + (3).to_bytes(2, order) + number.to_bytes(2, order) + b"\x01\x00\x00\x00"


ON_X86 = ", and this machine is x86-64"


@pytest.mark.parametrize(
    ("content", "machine", "expected"),
    [
        (elf(62), "x86_64", None),
        (elf(3, width=1), "x86_64", None),
        (elf(62, width=1), "x86_64", None),
        (elf(183), "x86_64", f"it is a program for ARM 64{ON_X86}"),
        (elf(40, width=1), "x86_64", f"it is a program for 32-bit ARM{ON_X86}"),
        (elf(21, "big"), "x86_64", f"it is a program for big-endian POWER{ON_X86}"),
        (elf(22, "big"), "x86_64", f"it is a program for IBM Z{ON_X86}"),
        (elf(243), "x86_64", f"it is a program for RISC-V{ON_X86}"),
        (elf(62), "aarch64", "it is a program for x86-64, and this machine is ARM 64"),
        (elf(40, width=1), "aarch64", None),
        (
            elf(21, "big"),
            "ppc64le",
            "it is a program for big-endian POWER, and this machine is POWER",
        ),
        (elf(9_999), "x86_64", None),
        (elf(62, "big"), "x86_64", None),
        (elf(183)[:5], "x86_64", None),
        (elf(183)[:17], "x86_64", None),
        (elf(183), "mips64", None),
        (elf(62), "i686", None),
        (b"MZ\x90\x00", "x86_64", "it is a program for Windows, and this is Linux"),
        (b"\xcf\xfa\xed\xfe\x07", "x86_64", "it is a program for macOS, and this is Linux"),
        (
            b"\xca\xfe\xba\xbe\x00\x00\x00\x02",
            "x86_64",
            "it is a program for macOS, and this is Linux",
        ),
    ],
)
def test_an_interpreter_for_another_machine(
    content: bytes, machine: str, expected: str | None
) -> None:
    """A copy from another machine does not start; what is unknown is not judged."""
    files = MemoryFileSystem()
    write_base(files, "/base")
    write_venv(files, "/v", "/base/bin")
    files.write("/base/bin/python3.11", content)
    found = diagnose_on(files, "linux", machine)

    assert (
        ()
        if expected is None
        else (Ailment(P.NOT_EXECUTABLE, f"/v/bin/python cannot run here: {expected}", REBUILD),)
    ) == found


def diagnose_on(files: MemoryFileSystem, platform: str, machine: str) -> tuple[Ailment, ...]:
    """Diagnose /v on a machine."""
    installation = Installation(Path("/v"), InstallationKind.VENV, is_base=False)
    return diagnose(installation, None, files, platform=platform, machine=machine)


@pytest.mark.parametrize(
    ("content", "platform", "expected"),
    [
        (
            elf(183),
            "darwin",
            ["/v/bin/python cannot run here: it is a program for Linux, and this is macOS"],
        ),
        (b"\xcf\xfa\xed\xfe\x0c\x00\x00\x01", "darwin", []),
        (b"\xca\xfe\xba\xbe\x00\x00\x00\x02", "darwin", []),
        (elf(183), "freebsd14", []),
    ],
)
def test_an_interpreter_for_another_system(
    content: bytes, platform: str, expected: list[str]
) -> None:
    """macOS runs programs for either of its machines, and says not which it is."""
    files = MemoryFileSystem()
    write_base(files, "/base")
    write_venv(files, "/v", "/base/bin")
    files.write("/base/bin/python3.11", content)

    assert expected == [one.cause for one in diagnose_on(files, platform, "x86_64")]


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (
            (
                "offset 0\nmagic 7f454c460201010000000000000000000200b700\n"
                "mask ffffffffffffff00fffffffffffffffffeffffff\n"
            ),
            [],
        ),
        ("offset 18\nmagic b700\n", []),
        ("offset 0\nmagic 4d5a\n", [P.NOT_EXECUTABLE]),
        ("extension .exe\n", [P.NOT_EXECUTABLE]),
        (None, [P.NOT_EXECUTABLE]),
    ],
)
def test_what_an_emulator_runs_is_healthy(entry: str | None, expected: list[P]) -> None:
    """Where Linux was told to start such programs by QEMU, Wine or WSL, it does."""
    files = MemoryFileSystem()
    write_base(files, "/base")
    write_venv(files, "/v", "/base/bin")
    files.write("/base/bin/python3.11", elf(183))
    said = "disabled\noffset 18\nmagic b700\n" if entry is None else f"enabled\n{entry}"
    files.write("/proc/sys/fs/binfmt_misc/qemu", said)
    files.write("/proc/sys/fs/binfmt_misc/status", "enabled\n")
    files.write("/proc/sys/fs/binfmt_misc/register", "")
    files.deny("/proc/sys/fs/binfmt_misc/register")

    assert expected == [one.problem for one in diagnose_on(files, "linux", "x86_64")]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="tells of Linux's programs")
def test_an_interpreter_of_another_machine_does_not_start(base: Path, tmp_path: Path) -> None:
    """A real one, whose header says another machine: the system refuses it, as we say."""
    venv = make_venv(base, tmp_path / "v", "--without-pip", "--copies")
    program = venv / "bin/python"
    data = bytearray(program.read_bytes())
    other = 183 if os.uname().machine != "aarch64" else 62
    data[18:20] = other.to_bytes(2, sys.byteorder)
    for path in (venv / "bin").glob("python*"):
        path.write_bytes(data)
    with pytest.raises(OSError, match="Exec format error"):
        ask(program, "-c", "")

    assert [P.NOT_EXECUTABLE] == problems(venv)
    assert cause(venv).startswith(f"{program} cannot run here: it is a program for ")


@pytest.mark.slow
def test_no_interpreter(venv: Path) -> None:
    """All names of the interpreter are gone."""
    for path in (venv / "bin").glob("python*"):
        path.unlink()

    assert f"there is no interpreter in {venv}/bin" == cause(venv)


@pytest.mark.slow
def test_a_link_to_an_interpreter_that_is_gone(venv: Path, base: Path) -> None:
    """The base is there, but the link leads to another place: it is said where to."""
    minor = ".".join(base.name.split(".")[:2])
    for path in (venv / "bin").glob("python*"):
        path.unlink()
    (venv / "bin/python").symlink_to("python3")
    (venv / "bin/python3").symlink_to(f"/opt/gone/bin/python{minor}")

    assert (
        f"{venv}/bin/python leads to /opt/gone/bin/python{minor}, which does not exist:"
        " /opt/gone does not exist"
    ) == cause(venv)


@pytest.mark.slow
def test_one_of_several_names_is_a_broken_link(venv: Path) -> None:
    """Where another name still works this is severe only if it is `python` that does not."""
    (venv / "bin/python3").unlink(missing_ok=True)
    (venv / "bin/python").rename(venv / "bin/python3")
    (venv / "bin/python").symlink_to("/gone")
    assert [(P.EXECUTABLE_BROKEN_LINK, True)] == [
        (one.problem, one.is_severe) for one in ailments(venv) if one.problem is not P.NO_PIP
    ]

    (venv / "bin/python").unlink()
    (venv / "bin/python3").rename(venv / "bin/python")
    (venv / "bin/python3").symlink_to("/gone")
    assert [(P.EXECUTABLE_BROKEN_LINK, False)] == [
        (one.problem, one.is_severe) for one in ailments(venv) if one.problem is not P.NO_PIP
    ]


@pytest.mark.slow
def test_links_in_a_circle(venv: Path) -> None:
    """An interpreter that is a loop of links is told as such."""
    for path in (venv / "bin").glob("python*"):
        path.unlink()
    (venv / "bin/python").symlink_to("python3")
    (venv / "bin/python3").symlink_to("python")

    assert f"{venv}/bin/python is a loop of links" == cause(venv)


@pytest.mark.slow
def test_an_interpreter_that_may_not_be_run(base: Path, tmp_path: Path) -> None:
    """A copy through another system loses the right to be run."""
    venv = make_venv(base, tmp_path / "v", "--without-pip", "--copies")

    assert [] == problems(venv)

    for path in (venv / "bin").glob("python*"):
        path.chmod(0o644)

    assert f"{venv}/bin/python may not be run" == cause(venv)


# The version.


@pytest.mark.slow
@pytest.mark.skipif(len(MODERN) < 2, reason="needs two interpreters")
def test_another_minor_version_behind_the_same_link(tmp_path: Path) -> None:
    """As when a distribution moves `python3` on: the packages are no longer seen."""
    (old, first), *_, (new, second) = MODERN.items()
    old, new = (".".join(version.split(".")[:2]) for version in (old, new))
    (tmp_path / "usr/bin").mkdir(parents=True)
    link = tmp_path / "usr/bin/python3"
    (tmp_path / f"usr/bin/python{old}").symlink_to(first / f"bin/python{old}")
    link.symlink_to(first / f"bin/python{old}")
    venv = make_venv(tmp_path / "usr", tmp_path / "v", name="python3")
    before = problems(venv)
    install(site_packages_of(venv), "one", "METADATA", "INSTALLER")
    link.unlink()
    (tmp_path / f"usr/bin/python{old}").unlink()
    link.symlink_to(second / f"bin/python{new}")
    (found,) = (one for one in ailments(venv) if one.problem is not P.NO_PIP)

    assert [] == before
    assert new == ask(
        venv / "bin/python", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"
    )
    assert (
        Ailment(
            P.VERSION_DRIFT,
            f"it was made for Python {old}, but its interpreter is now Python {new}, which does not"
            f" see the packages that are installed for {old}",
            REBUILD.between(after=f" on Python {new}, or on one that is {old}"),
        )
        == found
    )


@pytest.mark.parametrize(
    ("holds", "tail"),
    [
        ((), ""),
        (("3.11",), ", which does not see the packages that are installed for 3.11"),
        (("3.12",), ""),
        (("3.11", "3.12"), "; it holds packages of both"),
    ],
)
def test_packages_of_which_version_there_are(holds: tuple[str, ...], tail: str) -> None:
    """Folders for the packages of both say nothing of packages."""
    files = MemoryFileSystem()
    write_base(files, "/base", "3.12")
    prefix = write_venv(files, "/v", "/base/bin", "3.11.4")
    files.make_directory("/v/lib/python3.12/site-packages")
    for version in holds:
        files.write(f"/v/lib/python{version}/site-packages/one-1.dist-info/METADATA", "Name: one\n")
        files.write(f"/v/lib/python{version}/site-packages/one-1.dist-info/RECORD", "")

    assert f"it was made for Python 3.11, but its interpreter is now Python 3.12{tail}" == cause(
        prefix, files
    )


@pytest.mark.slow
@pytest.mark.skipif(len(MODERN) < 2, reason="needs two interpreters")
def test_two_makers_of_one_environment(tmp_path: Path) -> None:
    """An environment that was made again over another one by another Python."""
    first, *_, second = MODERN.values()
    make_venv(first, tmp_path / "v", name="python3")
    venv = make_venv(second, tmp_path / "v", name="python3")

    assert [P.VERSION_DRIFT] == problems(venv)


@pytest.mark.slow
def test_another_patch_of_the_base_is_not_severe(venv: Path, base: Path) -> None:
    """The headers of the base say what it is now."""
    minor = base.name.rpartition(".")[0]
    configuration = (venv / "pyvenv.cfg").read_text()
    found = []
    for said in (f"{minor}.0rc1", f"{minor}.99"):
        text = configuration.replace(f"version = {base.name}", f"version = {said}")
        spoil_configuration(venv, text)
        found += [one for one in ailments(venv) if one.problem is not P.NO_PIP]

    begin, end = "its base interpreter was", f" to {base.name}"
    assert [
        f"{begin} upgraded since it was made: from Python {minor}.0rc1{end}",
        f"{begin} replaced by an older one since it was made: from Python {minor}.99{end}",
    ] == [one.cause for one in found]
    assert [False, False] == [one.is_severe for one in found]


@pytest.mark.slow
def test_a_configuration_that_names_another_python_than_all_else(venv: Path) -> None:
    """The interpreter and the packages agree: this is not severe."""
    text = (venv / "pyvenv.cfg").read_text()
    spoil_configuration(venv, text.replace("\nversion = 3.", "\nversion = 3.9"))
    (found,) = (one for one in ailments(venv) if one.problem is not P.NO_PIP)

    assert (P.VERSION_DRIFT, False) == (found.problem, found.is_severe)


def test_a_windows_base_of_another_version() -> None:
    """On Windows the names of the libraries tell the version."""
    files = MemoryFileSystem(
        {
            "/Python/python.exe": "",
            "/Python/python312.dll": "",
            "/Python/python3.dll": "",
            "/v/pyvenv.cfg": "home = /Python\nversion = 3.11.4\n",
            "/v/Scripts/python.exe": "",
            "/v/Lib/site-packages/pip/__init__.py": "",
        }
    )

    assert [P.VERSION_DRIFT] == problems(Path("/v"), files, platform="win32")


# The place.


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with pip, in a folder with a space, which is not to be changed."""
    return make_venv(NEWEST[-1], tmp_path_factory.mktemp("full") / "one two", "--clear")


@pytest.mark.slow
def test_an_environment_with_pip_is_healthy(full: Path) -> None:
    """Nothing at all is wrong with what venv makes by default."""
    assert () == ailments(full)


@pytest.mark.slow
def test_an_environment_that_was_moved(full: Path) -> None:
    """Activation and commands lead to where it was; the commands do not start, really."""
    new = full.rename(full.with_name("new"))
    try:
        (found,) = ailments(new)
        with pytest.raises(subprocess.CalledProcessError):
            ask(new / "bin/pip", "--version")
    finally:
        new.rename(full)

    assert P.MOVED == found.problem
    assert found.is_severe
    assert found.cause.startswith("it was moved or renamed: its `activate` and ")
    assert found.cause.endswith(f" commands (`bin/pip`, …) still lead to {full}")
    assert REBUILD.between(after=f" in its place, or move it back to {full}") == found.repair


@pytest.mark.slow
def test_an_environment_that_was_copied(full: Path, tmp_path: Path) -> None:
    """What a copy activates is the original, which is still there."""
    copy = tmp_path / "copy"
    shutil.copytree(full, copy, symlinks=True)

    found = cause(copy)

    assert found.startswith(f"it was copied from {full}, which is still there: its `activate`")
    assert os.fspath(full) in ask(copy / "bin/pip", "--version")


@pytest.mark.slow
def test_a_moved_environment_that_was_mended_is_healthy(tmp_path: Path) -> None:
    """What is left in pyvenv.cfg of the old place does no harm."""
    old = make_venv(NEWEST[-1], tmp_path / "old")
    new = old.rename(tmp_path / "new")
    activate = new / "bin/activate"
    activate.write_text(activate.read_text().replace(f"{old}", f"{new}"))

    assert [] == problems(new)


@pytest.mark.slow
def test_a_command_of_another_environment(venv: Path, full: Path) -> None:
    """One command that was copied from elsewhere is not severe."""
    shutil.copy(full / "bin/pip", venv / "bin/tool")
    (found,) = (one for one in ailments(venv) if one.problem is not P.NO_PIP)

    assert (
        P.MOVED,
        f"`bin/tool` leads to the interpreter of another environment, {full}",
        False,
    ) == (found.problem, found.cause, found.is_severe)


@pytest.mark.slow
def test_commands_of_the_base_are_no_evidence(venv: Path, base: Path) -> None:
    """`pip --prefix` and people put scripts there that are run by other interpreters."""
    (venv / "bin/one").write_text(f"#!{base}/bin/python3\n")
    (venv / "bin/two").write_text("#!/usr/bin/env python3\n")
    (venv / "bin/three").write_text("#!/bin/sh\necho\n")
    (venv / "bin/four").write_bytes(b"\x7fELF\x00")

    assert [] == problems(venv)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere paths are Unicode everywhere")
def test_paths_beyond_ascii_are_the_same_in_every_locale(tmp_path: Path) -> None:
    """Files name the environment in UTF-8; the system's paths are bytes, which may be no text."""
    place = tmp_path / "h\N{LATIN SMALL LETTER E WITH ACUTE}-\N{HIRAGANA LETTER A}"
    prefix, base, project, linked = (place / name for name in ("v", "base", "project", "linked"))
    info = prefix / "lib/python3.11/site-packages/one-1.dist-info"
    for folder in (prefix / "bin", base / "bin", base / "lib/python3.11", project, linked, info):
        folder.mkdir(parents=True)
    program = base / "bin/python3.11"
    program.write_bytes(PROGRAM)
    program.chmod(0o755)
    (prefix / "bin/python").symlink_to(program)
    packages = info.parent
    files = {
        prefix / "pyvenv.cfg": f"home = {base}/bin\nversion = 3.11.4\n",
        prefix / "bin/activate": f"VIRTUAL_ENV='{prefix}'\n",
        prefix / "bin/pip": f"#!{prefix}/bin/python\n",
        prefix / "bin/two words": f'#!/bin/sh\n\'\'\'exec\' "{prefix}/bin/python" "$0" "$@"\n',
        packages / "one.pth": f"{project}\n",
        packages / "two.egg-link": f"{linked}\n.\n",
        packages / "__editable___three_finder.py": f"MAPPING = {{'three': '{project}'}}\n",
        info / "METADATA": "Metadata-Version: 2.1\nName: one\nVersion: 1\n",
        info / "INSTALLER": "pip\n",
        info / "RECORD": f"{project.parent.name}.py,,\n",
        info
        / "direct_url.json": f'{{"url": "{project.as_uri()}", "dir_info": {{"editable": true}}}}',
        packages / f"{project.parent.name}.py": "",
        linked / "two.egg-info": "Metadata-Version: 2.1\nName: two\nVersion: 1\n",
    }
    for path, content in files.items():
        path.write_text(content, encoding="utf-8")
    variables = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", _DIAGNOSE, prefix],
        env=variables,
        capture_output=True,
        check=True,
        text=True,
        timeout=120,
    )

    assert ["it has no pip"] == [one.cause for one in ailments(prefix)]
    assert "ascii 'it has no pip' one two\n" == done.stdout


_DIAGNOSE = """
import sys
from pathlib import Path
from pinfold.core.environments.installed.packages import PackagesReader
from pinfold.core.environments.layout import read_environment
from pinfold.core.files import LocalFileSystem
from tests.core.environments.test_health import ailments

prefix, files = Path(sys.argv[1]), LocalFileSystem()
causes = [ascii(one.cause) for one in ailments(prefix)]
packages = PackagesReader(files).packages(read_environment(prefix, files))
print(sys.getfilesystemencoding(), *causes, *sorted(packages.by_name))
"""


def test_without_scripts_the_command_that_made_it_counts() -> None:
    """pyvenv.cfg alone is weak evidence: not severe."""
    files = MemoryFileSystem()
    write_base(files, "/base")
    prefix = write_venv(files, "/new", "/base/bin")
    files.remove("/new/bin/activate")
    files.write(
        "/new/pyvenv.cfg",
        "home = /base/bin\nversion = 3.11.4\ncommand = /base/bin/python3 -m venv /old place\n",
    )

    (found,) = ailments(prefix, files)

    assert (P.MOVED, False) == (found.problem, found.is_severe)
    assert (
        "its pyvenv.cfg says that it was made as /old place, so it was moved, renamed or copied"
        == (found.cause)
    )


@pytest.mark.parametrize("path", [r"\\server\share\v", "/dev/shm/v", "//server/v"])
def test_claims_that_leave_the_machine_are_not_looked_at(path: str) -> None:
    """A path that may not be opened is no evidence, and nobody goes there."""

    class Watched(MemoryFileSystem):
        def identity(self, path: StrPath) -> None:
            assert not os.fspath(path).startswith(("/dev", "\\\\"))

    files = Watched()
    write_base(files, "/base")
    prefix = write_venv(files, "/v", "/base/bin")
    files.write("/v/bin/tool", f"#!{path}/bin/python\n")

    diagnose(Installation(prefix, InstallationKind.VENV, is_base=False), None, files)


# Another operating system.


def test_a_windows_environment_on_linux() -> None:
    """`Scripts` and a drive: one cause, and nothing that follows from it."""
    files = MemoryFileSystem(
        {
            "/v/pyvenv.cfg": "home = C:\\Users\\a\\Python311\nversion = 3.11.4\n",
            "/v/Scripts/python.exe": "",
            "/v/Scripts/activate.bat": '@set "VIRTUAL_ENV=C:\\v"\r\n',
            "/v/Lib/site-packages/pip/__init__.py": "",
        }
    )

    expected = (
        "it was made on Windows and cannot run on Linux: its base interpreter is"
        " C:\\Users\\a\\Python311"
    )
    assert expected == cause(Path("/v"), files)


@pytest.mark.parametrize(
    ("home", "folder", "platform", "expected"),
    [
        (None, "Scripts/python.exe", "linux", "Windows and cannot run on Linux: it has `Scripts`"),
        ("/usr/bin", "bin/activate", "win32", "Linux or macOS and cannot run on Windows: its base"),
        (None, "bin/activate", "win32", "Linux or macOS and cannot run on Windows: it has `bin`"),
        ("/opt/homebrew/x", "bin/activate", "linux", "macOS and cannot run on Linux: its base"),
        ("/home/a/.pyenv/x", "bin/activate", "darwin", "Linux and cannot run on macOS: its base"),
    ],
)
def test_environments_of_another_system(
    home: str | None, folder: str, platform: str, expected: str
) -> None:
    """The clue is named."""
    configuration = f"home = {home}\n" if home else "version = 3.11.4\n"
    files = MemoryFileSystem({"/v/pyvenv.cfg": configuration, f"/v/{folder}": ""})

    assert cause(Path("/v"), files, platform=platform).startswith(f"it was made on {expected}")


def test_a_windows_environment_on_windows() -> None:
    """The layout of Windows is healthy there."""
    files = MemoryFileSystem(
        {
            "/Python/python.exe": "",
            "/Python/python311.dll": "",
            "/v/pyvenv.cfg": "home = /Python\nversion = 3.11.4\n",
            "/v/Scripts/python.exe": "",
            "/v/Scripts/activate.bat": '@set "VIRTUAL_ENV=/v"\r\n',
            "/v/Lib/site-packages/pip/__init__.py": "",
        }
    )

    assert () == ailments(Path("/v"), files, platform="win32")


def test_a_moved_windows_environment() -> None:
    """Its launchers hold the old place behind the program and before the archive."""
    launcher = b"MZ\x90\x00" + b"#!" * 40 + b"\x00#!/old/Scripts/python.exe\r\nPK\x03\x04zip"
    files = MemoryFileSystem(
        {
            "/Python/python.exe": "",
            "/v/pyvenv.cfg": "home = /Python\nversion = 3.11.4\n",
            "/v/Scripts/python.exe": "",
            "/v/Scripts/pip.exe": launcher,
            "/v/Scripts/activate.bat": '@set "VIRTUAL_ENV=/old"\r\n',
            "/v/Lib/site-packages/pip/__init__.py": "",
        }
    )

    expected = "it was moved or renamed: its `activate` and `Scripts/pip.exe` still lead to /old"
    assert expected == cause(Path("/v"), files, platform="win32")


# What is in it.


@pytest.mark.slow
def test_no_folder_for_packages(venv: Path) -> None:
    """The whole of it was deleted."""
    place = site_packages_of(venv)
    shutil.rmtree(place)

    assert f"it has no folder for packages ({place})" == cause(venv)


def install(site_packages: Path, name: str, *files: str) -> Path:
    """Put the metadata of a distribution into *site_packages*, as far as *files* tell."""
    folder = site_packages / f"{name}-1.0.dist-info"
    folder.mkdir(parents=True)
    for file in files:
        text = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n" if file == "METADATA" else "x"
        (folder / file).write_text(text)
    return folder


@pytest.mark.slow
def test_what_an_interrupted_install_leaves(venv: Path) -> None:
    """Folders that pip has moved aside, and distributions without their last or first file."""
    place = site_packages_of(venv)
    (place / "~ip").mkdir()
    (place / "~ip-24.0.dist-info").mkdir()
    install(place, "whole", "METADATA", "RECORD", "INSTALLER")
    install(place, "repackaged", "METADATA", "INSTALLER")
    install(place, "endless", "METADATA")
    install(place, "beginless", "RECORD", "INSTALLER")
    install(place, "hollow")
    folder = install(place, "robbed", "METADATA", "INSTALLER")
    (folder / "RECORD").write_text(
        "../../../bin/x,,\nrobbed/__init__.py,,\nrobbed/a.py,,\nrobbed-1.0.dist-info/METADATA,,\n"
    )
    found = [one for one in ailments(venv) if one.problem is not P.NO_PIP]

    assert [
        Ailment(
            P.HALF_INSTALLED,
            f"~ip, ~ip-24.0.dist-info in {place} are left from an install or removal that was"
            " interrupted",
            "delete what begins with `~` there; if a package is missing now, install it again",
            is_severe=False,
        ),
    ] == found[:1]
    assert [
        ("robbed (it has none of its files) is not installed completely"),
        ("`pinfold install --reinstall robbed==1.0`"),
        ("install robbed==1.0 again, or rebuild the environment"),
    ] == [
        found[1].cause,
        at_command_line(found[1].repair or ""),
        in_editor(found[1].repair or ""),
    ]
    assert (
        "delete their `.dist-info` folders, then `pinfold install beginless==1.0 "
    ) in at_command_line(found[2].repair or "")

    shutil.rmtree(folder)
    found = [one for one in ailments(venv) if one.problem is not P.NO_PIP]

    assert {
        "endless (it has no RECORD)",
        "beginless (it has no METADATA)",
        "hollow (it has nothing but an empty folder)",
    } == set(found[1].cause.removesuffix(" are not installed completely").split(", "))


def test_a_package_whose_folder_was_deleted() -> None:
    """Its RECORD still names the files; where one of them is there, nothing is said."""
    place = "/v/lib/python3.11/site-packages"
    record = "robbed-1.0.dist-info/RECORD,,\nrobbed/__init__.py,,\nrobbed/a.py,,\n"
    metadata = "Metadata-Version: 2.1\nName: robbed\nVersion: 1.0\n"
    files = MemoryFileSystem(
        {
            f"{place}/robbed-1.0.dist-info/METADATA": metadata,
            f"{place}/robbed-1.0.dist-info/INSTALLER": "pip",
            f"{place}/robbed-1.0.dist-info/RECORD": record,
        }
    )
    write_base(files, "/base")
    prefix = write_venv(files, "/v", "/base/bin")

    assert "robbed (it has none of its files) is not installed completely" == cause(prefix, files)

    files.write(f"{place}/robbed/a.py", "")

    assert [] == problems(prefix, files)


@pytest.mark.slow
def test_editable_installs_of_folders_that_are_gone(venv: Path, tmp_path: Path) -> None:
    """Every way to lead there is followed, and none is run."""
    place = site_packages_of(venv)
    here, trap = tmp_path / "here", tmp_path / "trap"
    here.mkdir()
    (place / "plain.pth").write_text(
        f"# /gone/comment\nimport os; os.mkdir({str(trap)!r})\n/gone/plain\n{here}\n"
    )
    (place / "inner.pth").write_text("optional/folder\n")
    (place / "__editable___one_1_0_finder.py").write_text(
        "import os\nos.mkdir('trap')\n"
        f"MAPPING: dict[str, str] = {{'one': '/gone/finder/one', 'two': {str(here)!r}}}\n"
        "NAMESPACES: dict[str, list[str]] = {'ns': ['/gone/namespace']}\n"
    )
    (place / "old.egg-link").write_text("/gone/egg\n.")
    folder = install(place, "direct", "METADATA", "RECORD", "INSTALLER")
    (folder / "direct_url.json").write_text(
        '{"url": "file:///gone/direct", "dir_info": {"editable": true}}'
    )
    environment = read_environment(venv, LocalFileSystem())
    assert isinstance(environment, Environment)
    packages = PackagesReader(LocalFileSystem()).packages(environment)
    installation = Installation(venv, InstallationKind.VENV, is_base=False)

    (found,) = (
        one
        for one in diagnose(installation, packages, LocalFileSystem())
        if one.problem is not P.NO_PIP
    )

    assert P.BROKEN_EDITABLE == found.problem
    assert not found.is_severe
    assert not trap.exists()
    assert (
        "/gone/plain, which plain.pth leads to; /gone/egg, which old.egg-link leads to;"
        " /gone/finder/one, which __editable___one_1_0_finder.py leads to and 2 more, do not exist,"
        " so what is installed from there cannot be imported"
    ) == found.cause


def test_tables_of_finders_are_read_and_not_run() -> None:
    """What is no plain table gives nothing, however it is made."""
    table = (
        b"MAPPING: dict[str, str] = {'a': '/x/a', 'b': 'relative', 'c': 5, 'd': '/it\\'s\\xe4'}\n"
        b"NAMESPACES = {'n': [\"/x/it's\", 1]}\n# MAPPING = {'e': '/comment'}\n"
    )
    editables = b"F.map_module('mod', '/y/mod.py')\nF.install()\nopen('/not/this')\n"
    hostile = (
        b"MAPPING = {'a': __import__('os')}\nMAPPING = {" + b"[" * 9_000 + b"}\nMAPPING = {\xff}\n"
    )

    assert ("/x/a", "/it'sä", "/x/it's") == parse_finder(table)
    assert ("/y/mod.py",) == parse_finder(editables)
    assert () == parse_finder(hostile)


def test_hostile_tables_take_linear_time() -> None:
    """Quotes that are never closed are searched for once."""
    assert () == parse_finder(b"MAPPING = '" + b"\\'" * 100_000)
    assert () == parse_finder(b"MAPPING = " + b"'\\" * 100_000)


@given(
    st.binary(max_size=300)
    | st.text(max_size=300).map(lambda text: text.encode("utf-8", "replace"))
)
def test_reading_of_claims_never_raises(data: bytes) -> None:
    """Whatever stands in a file, it is read as something or as nothing."""
    for begin in (b"", b"VIRTUAL_ENV=", b"export VIRTUAL_ENV='/", b"set -gx VIRTUAL_ENV /", b"#!/"):
        parse_activate(begin + data)
        parse_activate_csh(begin + data)
        parse_activate_fish(begin + data)
        parse_activate_bat(begin + data)
        parse_first_line(begin + data)
    parse_first_line(b"#!/bin/sh\n'''exec' " + data)
    parse_finder(b"MAPPING = {" + data)
    prefix_in_command(data.decode("utf-8", "replace"))


def test_a_hung_file_system_is_an_ailment() -> None:
    """Whoever would wait for the same silence is told of it."""

    class Hung(MemoryFileSystem):
        def is_directory(self, path: StrPath) -> bool:
            raise Stalled("/net")

    found = diagnose(
        Installation(Path("/net/v"), InstallationKind.VENV, is_base=False), None, Hung()
    )

    assert [(P.UNRESPONSIVE, "the file system does not answer at /net")] == [
        (one.problem, one.cause) for one in found
    ]


# Claims.


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('VIRTUAL_ENV="/a b"\nexport VIRTUAL_ENV\n', ScriptClaim("/a b", is_literal=True)),
        ("    export VIRTUAL_ENV=/a\n", ScriptClaim("/a", is_literal=True)),
        ("export VIRTUAL_ENV='/a'\"'\"'b$c'\n", ScriptClaim("/a'b$c", is_literal=True)),
        ('VIRTUAL_ENV="/a$b"\n', ScriptClaim("/a$b", is_literal=False)),
        ('VIRTUAL_ENV="/a`b`"\n', ScriptClaim("/a`b`", is_literal=False)),
        ('VIRTUAL_ENV="/a"b"\n', ScriptClaim('/a"b', is_literal=False)),
        ('VIRTUAL_ENV="/a\\$b"\n', ScriptClaim("/a\\$b", is_literal=False)),
        ("VIRTUAL_ENV='/a\nb'\n", ScriptClaim("/a\nb", is_literal=True)),
        ('  VIRTUAL_ENV=$(cygpath "/x")\nVIRTUAL_ENV="/y"\n', ScriptClaim("/y", is_literal=True)),
        ('VIRTUAL_ENV=\'\'"$(dirname -- "$(realpath -- "$S")")"\'\'\n', None),
        ("    unset VIRTUAL_ENV\n", None),
        ("VIRTUAL_ENV=", None),
        ("VIRTUAL_ENV='/unclosed", ScriptClaim("/unclosed", is_literal=False)),
    ],
)
def test_activation_scripts_say_where_they_are(text: str, expected: ScriptClaim | None) -> None:
    """As it was meant, and whether a shell reads it so."""
    assert expected == parse_activate(text.encode())


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"#!/v/bin/python3.13\nimport re\n", "/v/bin/python3.13"),
        (b"#!/v/bin/python -I\r\n", "/v/bin/python"),
        (b'#!"/v w/bin/python"\n', "/v w/bin/python"),
        (b"#!/bin/sh\n'''exec' \"/v w/bin/python\" \"$0\" \"$@\"\n' '''\n", "/v w/bin/python"),
        (b"#!/bin/sh\n'''exec' '/v w/bin/python3' \"$0\" \"$@\"\n", "/v w/bin/python3"),
        (b"#!/bin/sh\n'''exec' /v/bin/python \"$0\" \"$@\"\n", "/v/bin/python"),
        (b'#!/bin/sh\n\'\'\'exec\' "$(dirname -- "$0")"/\'python\' "$0" "$@"\n', None),
        (b"#!/usr/bin/env python3\n", None),
        (b"#!/bin/sh\necho\n", None),
        (b"#!\xff\xfe\n", None),
        (b"#!C:\\v\\Scripts\\python.exe\r\n", "C:\\v\\Scripts\\python.exe"),
        (b"\x7fELF", None),
        (b"#!", None),
    ],
)
def test_commands_say_what_runs_them(data: bytes, expected: str | None) -> None:
    """In all the ways that installers write."""
    assert expected == parse_first_line(data)


def test_other_claims() -> None:
    """Windows' scripts, the environment of an interpreter, and the command of venv."""
    assert ScriptClaim("C:\\a b", is_literal=True) == parse_activate_bat(
        b'@set "VIRTUAL_ENV=%%~fi"\r\n@for %%i in ("C:\\a b") do @set "VIRTUAL_ENV=%%~fi"\r\n'
    )
    assert "/v" == CommandClaim("bin/x", "/v/bin/python").prefix
    assert "C:\\v" == CommandClaim("x.exe", "C:\\v\\Scripts\\python.exe").prefix
    assert CommandClaim("bin/x", "/opt/python").prefix is None
    assert "/a b" == prefix_in_command("/usr/bin/python3 -m venv --without-pip --prompt=x /a b")
    assert prefix_in_command("virtualenv x") is None
