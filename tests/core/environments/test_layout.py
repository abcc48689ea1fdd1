"""What is read off an environment's files, held against what its interpreter says."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import packaging
import pytest

from pinfold.core.environments.interpreters import (
    ToldVersion,
    read_interpreters,
    read_version,
)
from pinfold.core.environments.layout import NoEnvironment, prefix_of, read_environment
from pinfold.core.environments.pyvenv_cfg import (
    MAX_CFG_BYTES,
    VenvConfiguration,
    parse_pyvenv_cfg,
)
from pinfold.core.files import LocalFileSystem, MemoryFileSystem
from pinfold.core.model.environment import Environment

PREFIX = Path("/env")
POSIX_ONLY = os.name == "posix"
PYTHONS = sorted(
    path.parent.parent
    for path in Path.home().glob(".pyenv/versions/3.*/bin/python3")
    if path.parent.parent.name.replace(".", "").isdigit()
)
VERSION_INFO = {"major": 3, "minor": 12, "micro": 7, "releaselevel": "final", "serial": 0}


def memory(*directories: str, **files: str | bytes) -> MemoryFileSystem:
    """Return a file system with these folders and files below the prefix."""
    filesystem = MemoryFileSystem()
    for path in directories:
        filesystem.make_directory(PREFIX / path)
    for name, content in files.items():
        filesystem.write(PREFIX / name, content)
    return filesystem


def venv(cfg: str | bytes, *directories: str) -> MemoryFileSystem:
    """Return a file system with a virtual environment."""
    return memory(*directories, **{"pyvenv.cfg": cfg})


def read(
    filesystem: MemoryFileSystem, prefix: Path = PREFIX, home: Path | None = None
) -> Environment:
    """Return the environment, which must be one."""
    environment = read_environment(prefix, filesystem, home=home)
    assert isinstance(environment, Environment)
    return environment


def places(environment: Environment) -> list[str]:
    """Return the folders of packages, short where they are below the prefix."""
    return [
        str(path.relative_to(PREFIX)) if path.is_relative_to(PREFIX) else str(path)
        for path in environment.site_packages
    ]


@pytest.mark.parametrize(
    ("cfg", "version"),
    [
        ("version = 3.11.2", "3.11.2"),
        ("version_info = 3.11.2.final.0", "3.11.2"),
        ("version_info = 3.13.0.candidate.2", "3.13.0rc2"),
        ("version = 3.14.0b1", "3.14.0b1"),
        ("version_info = 3.12", "3.12"),
        ("python-version = 3.15", "3.15"),
        ("python-version = 3.12\nversion = 3.12.1", "3.12.1"),
        ("version = 3.13.0\nversion_info = 3.13.0.beta.1", "3.13.0b1"),
        ("VERSION=3.11.2", "3.11.2"),
        ("version = 3.11.2+", "3.11.2"),
        ("version = 3.11.2\r\nhome = /usr/bin\r\n", "3.11.2"),
        ("version = next", None),
        ("version = 3.99999.1", None),
        ("version", None),
        ("", None),
    ],
)
def test_version_in_pyvenv_cfg(cfg: str, version: str | None) -> None:
    """Every maker of environments has its own way to write the version down."""
    assert version == parse_pyvenv_cfg(cfg.encode()).version


@pytest.mark.parametrize(
    ("text", "prompt"),
    [
        ("", None),
        ("shop", "shop"),
        ("it's", "it's"),
        ("'shop'", "shop"),
        ('"it\'s"', "it's"),
        ("'the", "'the"),
        ("''", None),
        ("'it\\'s \"odd\"'", 'it\'s "odd"'),
        ("'shop'\nuv = 0.13.9", "'shop'"),
        ("'shop'\nvirtualenv = 20.30", "'shop'"),
        ('"shop"\nvirtualenv = 21.15.8', "shop"),
        ('"it\'s "odd""\nvirtualenv = 21.15.8', 'it\'s "odd"'),
        ('"\nvirtualenv = 20.30', '"'),
    ],
)
def test_prompt_in_pyvenv_cfg(text: str, prompt: str | None) -> None:
    """venv writes a prompt as Python writes a text, uv as it is, virtualenv 21 between quotes."""
    assert prompt == parse_pyvenv_cfg(f"prompt = {text}\n".encode()).prompt


@pytest.mark.parametrize("data", [b"", b"\0\xff\xfe" * 100, b"=\n==\n = = \n", b"home = \xff"])
def test_pyvenv_cfg_of_anything(data: bytes) -> None:
    """Whatever bytes there are, they are read; what says nothing includes the system's packages."""
    found = parse_pyvenv_cfg(data)

    assert (None, None, True) == (
        found.version,
        found.implementation,
        found.includes_system_site_packages,
    )


def test_pyvenv_cfg_with_a_key_twice() -> None:
    """As in CPython's readers, of either case: the first base counts, and the last of all else."""
    expected = VenvConfiguration("/a", None, None, includes_system_site_packages=False)

    assert expected == parse_pyvenv_cfg(
        b"Home = /a\nhome = /b\n"
        b"include-system-site-packages = true\nInclude-System-Site-Packages = False\n"
    )


def test_pyvenv_cfg_with_a_byte_order_mark() -> None:
    """Python finds its base all the same, but does not know another key behind the mark."""
    mark = b"\xef\xbb\xbf"

    assert "/a" == parse_pyvenv_cfg(mark + b"home = /a\nhome = /b\n").home
    assert parse_pyvenv_cfg(
        mark + b"include-system-site-packages = false\n"
    ).includes_system_site_packages


@pytest.mark.slow
@pytest.mark.parametrize("version", [path.name for path in PYTHONS])
def test_pyvenv_cfg_is_read_as_by_its_interpreter(version: str, tmp_path: Path) -> None:
    """Which of two bases counts, and whether what follows a byte order mark does: they are asked.

    With a copy of the interpreter, for older ones go by its link before they go by ``home``.
    """
    (python,) = (path for path in PYTHONS if path.name == version)
    minor = version.rpartition(".")[0]
    first, second = (relocated(python, tmp_path / name, minor) for name in ("first", "second"))
    prefix = tmp_path / "v"
    (prefix / "bin").mkdir(parents=True)
    shutil.copy(python / f"bin/python{minor}", prefix / "bin/python")
    rest = b"include-system-site-packages = false\n"
    found = []
    for content in (
        f"home = {first}/bin\nhome = {second}/bin\n".encode() + rest + rest,
        b"\xef\xbb\xbf" + rest + f"home = {second}/bin\n".encode(),
        rest.replace(b"false", b"true") + f"home = {first}/bin\n".encode() + rest,
    ):
        (prefix / "pyvenv.cfg").write_bytes(content)
        said = subprocess.run(
            [prefix / "bin/python", "-c", _SEEN],
            capture_output=True,
            check=True,
            text=True,
            timeout=60,
            env={},
        ).stdout.split()
        configuration = parse_pyvenv_cfg(content)
        assert configuration.home is not None
        sees = str(configuration.includes_system_site_packages)
        found.append((said, [str(Path(configuration.home).parent), sees]))

    assert [said for said, _ in found] == [ours for _, ours in found]


_SEEN = "import sys, site; print(sys.base_prefix, site.ENABLE_USER_SITE is not False)"


def relocated(python: Path, place: Path, minor: str) -> Path:
    """Return a base interpreter at another place than the one that it was built for."""
    (place / "bin").mkdir(parents=True)
    shutil.copy(python / f"bin/python{minor}", place / f"bin/python{minor}")
    (place / "bin/python").symlink_to(f"python{minor}")
    (place / "lib").symlink_to(python / "lib")
    return place


def test_venv() -> None:
    """A usual environment: its one folder, and what its name and pyvenv.cfg say."""
    filesystem = venv(
        "version = 3.11.2\ninclude-system-site-packages = false", "lib/python3.11/site-packages"
    )
    environment = read(filesystem)

    assert ["lib/python3.11/site-packages"] == places(environment)
    assert ("3.11.2", "3.11", "3.11.2", "cpython") == (
        environment.python,
        *(
            environment.markers.values[name]
            for name in ("python_version", "python_full_version", "implementation_name")
        ),
    )


def test_minor_version_alone() -> None:
    """A full version that nobody wrote down is left out, not guessed."""
    environment = read(venv("version_info = 3.12", "lib/python3.12/site-packages"))

    assert "3.12" == environment.python
    assert "3.12" == environment.markers.values["python_version"]
    assert {"python_full_version", "implementation_version"}.isdisjoint(environment.markers.values)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("include/python3.12/patchlevel.h", '#define PY_VERSION      "3.12.7"\n'),
        ("include/python3.12/patchlevel.h", '#define PY_VERSION "3.12.7+"\n'),
        (
            "lib/python3.12/build-details.json",
            json.dumps({"language": {"version_info": VERSION_INFO}}),
        ),
    ],
)
def test_full_version_of_the_base(name: str, content: str) -> None:
    """The base interpreter's files know its version, also after an upgrade of it."""
    filesystem = venv("version = 3.12.1\nhome = /base/bin", "lib/python3.12/site-packages")
    filesystem.write(Path("/base") / name, content)

    assert "3.12.7" == read(filesystem).python


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{", '{"language": 3}', "[" * 100_000, '{"language": {"version_info": {}}}'],
)
def test_build_details_of_anything(content: str) -> None:
    """A file that is not what it should be says nothing."""
    filesystem = venv("version = 3.14.1\nhome = /base/bin", "lib/python3.14/site-packages")
    filesystem.write("/base/lib/python3.14/build-details.json", content)

    assert "3.14.1" == read(filesystem).python


@pytest.mark.parametrize(
    ("folder", "minor"),
    [
        ("python3.7m", "3.7"),
        ("python3.6dm", "3.6"),
        ("python3.8d", "3.8"),
        ("python3.13td", "3.13"),
    ],
)
def test_headers_of_builds(folder: str, minor: str) -> None:
    """The folder of headers is called by how the interpreter was built, and it tells the patch."""
    filesystem = venv(f"version = {minor}\nhome = /base/bin", f"lib/python{minor}/site-packages")
    filesystem.write(f"/base/include/{folder}/patchlevel.h", f'#define PY_VERSION "{minor}.16"\n')

    assert f"{minor}.16" == read(filesystem).python


@pytest.mark.slow
@pytest.mark.parametrize("version", [path.name for path in PYTHONS])
def test_headers_of_a_copied_interpreter(version: str, tmp_path: Path) -> None:
    """The full version of a base is told without its place, of which pyenv's has the name."""
    (python,) = (path for path in PYTHONS if path.name == version)
    minor = version.rpartition(".")[0]
    copy = relocated(python, tmp_path / "copy", minor)
    (copy / "include").symlink_to(python / "include")
    environment = read_environment(copy, LocalFileSystem())
    assert isinstance(environment, Environment)
    (interpreter,) = read_interpreters(os.fspath(copy / "bin"), LocalFileSystem())

    assert (version, version) == (environment.python, interpreter.version)


def test_base_of_another_version_says_nothing() -> None:
    """Headers of another minor version are those of another interpreter."""
    filesystem = venv("version_info = 3.12\nhome = /base/bin", "lib/python3.12/site-packages")
    filesystem.write("/base/include/python3.12/patchlevel.h", '#define PY_VERSION "3.13.1"\n')

    assert "3.12" == read(filesystem).python


def test_the_interpreter_that_is_there_says_the_version() -> None:
    """What pyvenv.cfg says of another minor version than all else in it counts for nothing."""
    edited = venv("version = 3.12.1\nhome = /base/bin", "lib/python3.11/site-packages")
    unknown = venv("version = 3.12.1\nhome = /base/bin", "lib/python3.11/site-packages")
    flipped = venv("version = 3.9.18\nhome = /base/bin", "lib/python3.9/site-packages")
    flipped.make_link(PREFIX / "bin/python", "/base/bin/python3")
    for filesystem in (edited, flipped):
        filesystem.write("/base/bin/python3.11", "")
        filesystem.make_link("/base/bin/python3", "python3.11")
        header = '#define PY_VERSION "3.11.7"\n'
        filesystem.write("/base/include/python3.11/patchlevel.h", header)

    assert "3.11.7" == read(edited).python
    assert "3.11" == read(unknown).python
    assert "3.11.7" == read(flipped).python
    assert "3.11" == read(flipped).markers.values["python_version"]
    assert ["lib/python3.9/site-packages"] == places(read(flipped))


def test_base_off_this_machine() -> None:
    """A home on a server, or at a device, is not looked at."""
    for home in ("\\\\server\\share", "/dev/fd", "relative/bin"):
        filesystem = venv(f"home = {home}\nversion = 3.12.1", "lib/python3.12/site-packages")

        assert ["lib/python3.12/site-packages"] == places(read(filesystem))


def test_system_site_packages() -> None:
    """The base's packages come behind the environment's own, and the user's between them."""
    filesystem = venv(
        "home = /base/bin\nversion = 3.12.1\ninclude-system-site-packages = true",
        "lib/python3.12/site-packages",
    )
    filesystem.make_directory("/base/lib/python3.12/site-packages")
    filesystem.make_directory("/home/me/.local/lib/python3.12/site-packages")
    own, base = "lib/python3.12/site-packages", "/base/lib/python3.12/site-packages"

    assert [own, base] == places(read(filesystem))
    assert [own, "/home/me/.local/lib/python3.12/site-packages", base] == places(
        read(filesystem, home=Path("/home/me"))
    )


@pytest.mark.skipif(not POSIX_ONLY, reason="the user's folder of POSIX systems")
@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, ["/home/me/.local"]),
        ({"PYTHONNOUSERSITE": "", "PYTHONUSERBASE": ""}, ["/home/me/.local"]),
        ({"PYTHONUSERBASE": "/base"}, ["/base"]),
        ({"PYTHONUSERBASE": "base"}, []),
        ({"PYTHONUSERBASE": "//server/base"}, []),
        ({"PYTHONNOUSERSITE": "1", "PYTHONUSERBASE": "/base"}, []),
    ],
)
def test_packages_of_the_user(variables: dict[str, str], expected: list[str]) -> None:
    """Variables of the process say where they are, and whether they are used at all."""
    filesystem = memory("lib/python3.12/site-packages", **{"bin/python3": ""})
    for base in ("/home/me/.local", "/base"):
        filesystem.make_directory(f"{base}/lib/python3.12/site-packages")
    found = read_environment(PREFIX, filesystem, home=Path("/home/me"), variables=variables)
    assert isinstance(found, Environment)

    own = "lib/python3.12/site-packages"
    assert [f"{base}/{own}" for base in expected] + [own] == places(found)


def test_lib64() -> None:
    """A lib64 of its own is looked at first, as on Fedora; one that is a link is not."""
    both = venv("", "lib64/python3.12/site-packages", "lib/python3.12/site-packages")
    linked = venv("", "lib/python3.12/site-packages")
    linked.make_link(PREFIX / "lib64", "lib")

    assert ["lib64/python3.12/site-packages", "lib/python3.12/site-packages"] == places(read(both))
    assert ["lib/python3.12/site-packages"] == places(read(linked))


def test_debian() -> None:
    """Debian's own interpreter has its packages in dist-packages, pip's in /usr/local."""
    filesystem = memory("lib/python3/dist-packages", "local/lib/python3.11/dist-packages")
    filesystem.write(PREFIX / "bin/python3", "")
    filesystem.make_directory(PREFIX / "lib/python3.11")
    environment = read(filesystem)

    assert ["local/lib/python3.11/dist-packages", "lib/python3/dist-packages"] == places(
        environment
    )
    assert "3.11" == environment.python


@pytest.mark.parametrize("packages", ["lib/pypy3.10/site-packages", "site-packages"])
def test_pypy(packages: str) -> None:
    """PyPy has one place for its packages today, and had another."""
    environment = read(venv("version = 3.10.14\nimplementation = PyPy", packages))
    values = environment.markers.values

    assert [packages] == places(environment)
    assert ("pypy", "PyPy", "3.10.14", None) == (
        values["implementation_name"],
        values["platform_python_implementation"],
        values["python_full_version"],
        values.get("implementation_version"),
    )
    assert environment.markers.label.startswith("PyPy 3.10.14 on ")


@pytest.mark.skipif(not POSIX_ONLY, reason="what is foreign there is at home on Windows")
def test_environment_of_another_system() -> None:
    """Of an environment made on Windows, nothing is said of the platform on Linux."""
    environment = read(venv("version = 3.12.1", "Lib/site-packages"))

    assert ["Lib/site-packages"] == places(environment)
    assert "CPython 3.12.1 on Windows" == environment.markers.label
    assert {"os_name", "sys_platform", "platform_system"}.isdisjoint(environment.markers.values)


def test_free_threaded() -> None:
    """A build without the global lock has a `t` in its folder's name."""
    assert ["lib/python3.14t/site-packages"] == places(
        read(venv("version = 3.14.0", "lib/python3.14t/site-packages"))
    )


def test_conda() -> None:
    """conda writes down which Python it installed."""
    filesystem = memory("lib/python3.11/site-packages", "conda-meta")
    for name in ("python-3.11.5-h955ad1f_0", "python-dateutil-2.8.2-pyhd3eb1b0_0"):
        filesystem.write(PREFIX / f"conda-meta/{name}.json", "{}")

    assert "3.11.5" == read(filesystem).python


@pytest.mark.parametrize("library", ["pypy3.9", "python3.9"])
@pytest.mark.parametrize(
    "names",
    [
        ("python-3.9.18-0_73_pypy", "pypy3.9-7.3.15-h9557127_0"),
        ("python-3.9.18-0_73_pypy",),
        ("python-3.9.18-0", "pypy3.9-7.3.15-h9557127_0"),
        ("python-3.9.18-0", "pypy-7.3.15-0"),
    ],
)
def test_conda_with_pypy(names: tuple[str, ...], library: str) -> None:
    """conda writes down that it is PyPy, with the version of Python beside it."""
    filesystem = memory(f"lib/{library}/site-packages", "conda-meta")
    for name in ("python_abi-3.9-4_pypy39_pp73", *names):
        filesystem.write(PREFIX / f"conda-meta/{name}.json", "{}")
    found = read(filesystem)

    assert "3.9.18" == found.python
    assert "pypy" == found.markers.values["implementation_name"]
    assert ToldVersion("3.9.18", "pypy") == read_version(str(PREFIX), None, filesystem)


def test_several_libraries() -> None:
    """Of several, the one counts that pyvenv.cfg names, or that python3 leads to."""
    two = ("lib/python3.11/site-packages", "lib/python3.12/site-packages")
    plain = memory(*two)
    plain.write(PREFIX / "bin/python3.11", "")
    plain.make_link(PREFIX / "bin/python3", "python3.11")
    unknown = memory(*two)
    unknown.write(PREFIX / "bin/python3", "")

    assert ["lib/python3.12/site-packages"] == places(read(venv("version = 3.12.1", *two)))
    assert ["lib/python3.11/site-packages"] == places(read(plain))
    assert NoEnvironment("has no site-packages") == read_environment(PREFIX, unknown)


def test_without_packages() -> None:
    """An environment without a folder for packages cannot be read."""
    assert NoEnvironment("has no site-packages") == read_environment(PREFIX, venv("", "lib"))


def test_large_pyvenv_cfg() -> None:
    """A pyvenv.cfg of a gigabyte is nobody's."""
    found = read_environment(PREFIX, venv(b"#" * (MAX_CFG_BYTES + 1), "lib/python3.11"))

    assert isinstance(found, NoEnvironment)
    assert "has a pyvenv.cfg that is larger than" in found.reason


def test_pyvenv_cfg_that_may_not_be_read() -> None:
    """What may not be read is said, and not taken for an environment that says nothing."""
    filesystem = venv("", "lib/python3.11/site-packages")
    filesystem.deny(PREFIX / "pyvenv.cfg")
    filesystem.make_directory(PREFIX / "conda-meta")

    assert isinstance(read_environment(PREFIX, filesystem), NoEnvironment | Environment)


def test_interpreter_of_a_virtual_environment(tmp_path: Path) -> None:
    """Links out of a virtual environment are not followed, those to a base interpreter are."""
    base = tmp_path / "base"
    (base / "bin").mkdir(parents=True)
    (base / "bin/python3").touch()
    for name in ("venv", "links"):
        (tmp_path / name / "bin").mkdir(parents=True)
        (tmp_path / name / "bin/python").symlink_to(base / "bin/python3")
    (tmp_path / "venv/pyvenv.cfg").touch()

    assert tmp_path / "venv" == prefix_of(tmp_path / "venv/bin/python", LocalFileSystem())
    assert base == prefix_of(tmp_path / "links/bin/python", LocalFileSystem())


PROGRAM = """
import json, site, sys
sys.path.insert(0, sys.argv[1])
from packaging.markers import default_environment
paths = [path for path in sys.path if path.endswith("-packages")]
print(json.dumps([dict(default_environment()), paths]))
"""


def said_by(interpreter: Path, tmp_path: Path) -> tuple[dict[str, str], list[str]]:
    """Return what the interpreter itself says: the marker environment and its `sys.path`."""
    library = tmp_path / "library"
    if not library.exists():
        library.mkdir()
        (library / "packaging").symlink_to(Path(packaging.__file__).parent)
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("PYTHONPATH", None)
    done = subprocess.run(
        [interpreter, "-s", "-c", PROGRAM, library],
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
        env=environment,
    )
    values, paths = json.loads(done.stdout)
    return {name: value for name, value in values.items() if name != "extra"}, paths


def check_truth(prefix: Path, tmp_path: Path, name: str = "bin/python") -> None:
    """Check that everything read off *prefix* is what its interpreter says."""
    environment = read_environment(prefix, LocalFileSystem())
    assert isinstance(environment, Environment)
    values, paths = said_by(prefix / name, tmp_path)

    assert values == dict(environment.markers.values)
    assert paths == [str(path) for path in environment.site_packages]
    assert values["python_full_version"] == environment.python


def base_interpreters() -> list[Path]:
    """Return the interpreters of this machine that `packaging` runs on."""
    found = {Path(sys.executable).resolve()}
    found |= set(Path.home().glob(".pyenv/versions/3.*/bin/python3"))
    found |= {path for path in [Path("/usr/bin/python3")] if path.exists()}
    return sorted(path for path in found if _version(path) >= (3, 9))


def _version(interpreter: Path) -> tuple[int, ...]:
    program = "import sys; print(*sys.version_info[:2])"
    done = subprocess.run([interpreter, "-c", program], capture_output=True, check=True, text=True)
    return tuple(map(int, done.stdout.split()))


@pytest.mark.slow
@pytest.mark.skipif(not POSIX_ONLY, reason="the interpreters are looked for on POSIX")
def test_truth_of_base_interpreters(tmp_path: Path) -> None:
    """What is read off a base interpreter's prefix is what it says itself."""
    for interpreter in base_interpreters():
        check_truth(interpreter.parent.parent, tmp_path, f"bin/{interpreter.name}")


@pytest.mark.slow
@pytest.mark.skipif(not POSIX_ONLY, reason="the interpreters are looked for on POSIX")
@pytest.mark.parametrize("options", [(), ("--system-site-packages",)])
def test_truth_of_venv(options: tuple[str, ...], tmp_path: Path) -> None:
    """What is read off an environment that `venv` made is what its interpreter says."""
    for count, interpreter in enumerate(base_interpreters()):
        prefix = tmp_path / f"env{count}"
        command = ["-m", "venv", "--without-pip", *options]
        subprocess.run([interpreter, *command, prefix], check=True, timeout=120)
        check_truth(prefix, tmp_path)


@pytest.mark.slow
@pytest.mark.skipif(not POSIX_ONLY, reason="the interpreters are looked for on POSIX")
def test_truth_of_uv(tmp_path: Path) -> None:
    """What is read off an environment that uv made is what its interpreter says."""
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    assert uv is not None, "uv is a development dependency"
    for count, interpreter in enumerate(base_interpreters()):
        prefix = tmp_path / f"env{count}"
        command = [uv, "venv", "-q", "--offline", "--no-config", "--no-project"]
        subprocess.run([*command, "--python", interpreter, prefix], check=True, timeout=120)
        check_truth(prefix, tmp_path)
