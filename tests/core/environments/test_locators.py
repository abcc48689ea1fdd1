"""Every locator: what it finds, what it withstands, and real environments of every tool."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pinfold.core.environments.discovery import LOCATORS, identify
from pinfold.core.environments.inspector import Inspector, LeftOut, version_in_name
from pinfold.core.environments.locators.locator import short_hash
from pinfold.core.environments.places import Surroundings
from pinfold.core.files import LocalFileSystem, MemoryFileSystem
from pinfold.core.model.installation import Installation, InstallationKind
from tests.core.environments.conformance import (
    CHECKS,
    HOME,
    PROGRAM,
    Example,
    check_finds,
    conda_environment,
    filesystem_of,
    locate,
    venv,
)
from tests.core.environments.examples import EXAMPLES

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.harness.tested import Witness


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_locator_conforms(
    example: Example, check: Callable[[Example], None], tested: Witness
) -> None:
    """Each locator passes each check of the conformance suite."""
    check(example)
    if check is check_finds:
        for one in locate(example.locator, example.surroundings, example.filesystem()):
            tested.by_layout(one)


def test_every_locator_has_an_example() -> None:
    """A locator without an example would be checked by nothing."""
    assert {locator.name for locator in LOCATORS} == {example.locator.name for example in EXAMPLES}


def test_every_kind_has_a_locator() -> None:
    """Each kind is somebody's; `other` is for what nobody recognises."""
    kinds = set().union(*(locator.kinds for locator in LOCATORS))

    assert set(InstallationKind) - {InstallationKind.OTHER} == kinds
    assert all(marks for locator in LOCATORS for marks in locator.kinds.values())


PYTHONS = sorted(
    path
    for path in Path.home().glob(".pyenv/versions/3.*/bin/python3")
    if path.parent.parent.name.replace(".", "").isdigit()
)


def judged(
    files: dict[str, bytes | str], prefix: str, surroundings: Surroundings | None = None
) -> Installation | None:
    """Return what stands at *prefix*."""
    look = Inspector(surroundings or Surroundings(home=HOME), filesystem_of(files))
    candidate = look.candidate(prefix)
    found = None if candidate is None else identify(candidate, look)
    return None if found is None else found[1]


@pytest.mark.parametrize(
    ("keys", "name"),
    [
        ("prompt = 'it\\'s \"odd\"'\n", 'it\'s "odd"'),
        ("prompt = '\\x1b[31m'\n", None),
        ("prompt = 'shop'\nuv = 0.13.9\n", "'shop'"),
        ('prompt = "it\'s"\nvirtualenv = 21.15.8\n', "it's"),
        ("prompt = .\nvirtualenv = 20.30\n", None),
    ],
)
def test_environment_is_called_by_its_prompt(keys: str, name: str | None) -> None:
    """As it was asked for, and not as its maker has written it down."""
    found = judged(venv("/p/.venv", keys=keys), "/p/.venv")

    assert found is not None
    assert name == found.name


@pytest.mark.parametrize("prompt", ['it\'s "odd"', "plain", "'q'"])
@pytest.mark.parametrize("version", [path.parent.parent.name for path in PYTHONS])
@pytest.mark.slow
def test_prompt_that_venv_writes(version: str, prompt: str, tmp_path: Path) -> None:
    """Whatever is asked for comes back; before 3.8 venv wrote none."""
    (python,) = (path for path in PYTHONS if path.parent.parent.name == version)
    prefix = tmp_path / "v"
    subprocess.run(
        [python, "-m", "venv", "--without-pip", "--prompt", prompt, prefix], check=True, timeout=120
    )
    look = Inspector(Surroundings(home=HOME), LocalFileSystem())
    candidate = look.candidate(str(prefix))
    assert candidate is not None
    found = identify(candidate, look)

    assert found is not None
    assert (None if version.startswith(("3.6.", "3.7.")) else prompt) == found[1].name


_UV_KEYS = "uv = 0.13.9\n"
_VIRTUALENV_KEYS = "virtualenv = 20.30\n"


@pytest.mark.parametrize(
    ("kind", "prefix", "files"),
    [
        (InstallationKind.VENV, "/p/.venv", venv("/p/.venv")),
        (InstallationKind.UV, "/p/.venv", venv("/p/.venv", keys=_UV_KEYS)),
        (InstallationKind.VIRTUALENV, "/p/.venv", venv("/p/.venv", keys=_VIRTUALENV_KEYS)),
        (InstallationKind.TOX, "/p/.tox/py312", venv("/p/.tox/py312", keys=_VIRTUALENV_KEYS)),
        (
            InstallationKind.TOX,
            "/p/elsewhere/py312",
            {**venv("/p/elsewhere/py312", keys=_UV_KEYS), "/p/elsewhere/py312/.tox-info.json": ""},
        ),
        (InstallationKind.NOX, "/p/.nox/tests", venv("/p/.nox/tests", keys=_UV_KEYS)),
        (InstallationKind.HATCH, "/p/.hatch/test", venv("/p/.hatch/test", keys=_VIRTUALENV_KEYS)),
        (
            InstallationKind.POETRY,
            "/p/.venv",
            {**venv("/p/.venv", keys=_VIRTUALENV_KEYS), "/p/poetry.lock": ""},
        ),
        (
            InstallationKind.POETRY,
            "/p/.venv",
            {
                **venv("/p/.venv", keys=_VIRTUALENV_KEYS),
                "/p/pyproject.toml": "[tool.poetry]\nname = 'x'\n",
            },
        ),
        (
            InstallationKind.UV,
            "/p/.venv",
            {**venv("/p/.venv", keys=_UV_KEYS), "/p/pyproject.toml": "[tool.poetry]\n"},
        ),
        (
            InstallationKind.PIPENV,
            "/p/.venv",
            {**venv("/p/.venv", keys=_VIRTUALENV_KEYS), "/p/Pipfile": ""},
        ),
        (
            InstallationKind.PDM,
            "/p/.venv",
            {
                **venv("/p/.venv", keys=_VIRTUALENV_KEYS),
                "/p/.pdm-python": "/p/.venv/bin/python\n",
            },
        ),
        (
            InstallationKind.VIRTUALENV,
            "/p/.venv",
            {**venv("/p/.venv", keys=_VIRTUALENV_KEYS), "/p/.pdm-python": "/else/bin/python\n"},
        ),
        (InstallationKind.PDM, "/p/.venv", {**venv("/p/.venv"), "/p/pdm.lock": ""}),
        (
            InstallationKind.RYE,
            "/p/.venv",
            {
                **venv("/p/.venv", keys=_UV_KEYS),
                "/p/.venv/rye-venv.json": "{}",
                "/p/requirements.lock": "",
            },
        ),
        (InstallationKind.CONDA, "/p/.conda", conda_environment("/p/.conda")),
        (
            InstallationKind.PIXI,
            "/p/.pixi/envs/default",
            conda_environment("/p/.pixi/envs/default"),
        ),
        (
            InstallationKind.SCRIPT,
            f"{HOME}/.cache/uv/environments-v2/x-0123456789abcdef",
            venv(f"{HOME}/.cache/uv/environments-v2/x-0123456789abcdef", keys=_UV_KEYS),
        ),
        (
            InstallationKind.PYENV_VIRTUALENV,
            f"{HOME}/.pyenv/versions/3.12.4/envs/x",
            venv(f"{HOME}/.pyenv/versions/3.12.4/envs/x", keys=_VIRTUALENV_KEYS),
        ),
        (
            InstallationKind.POETRY,
            f"{HOME}/.cache/pypoetry/virtualenvs/x-AbCd_-12-py3.12",
            venv(f"{HOME}/.cache/pypoetry/virtualenvs/x-AbCd_-12-py3.12"),
        ),
    ],
)
def test_kind_of_an_environment(
    kind: InstallationKind, prefix: str, files: dict[str, bytes | str], tested: Witness
) -> None:
    """A keeper's mark counts for more than that of the tool that made the environment."""
    found = judged(files, prefix)

    assert found is not None
    tested.by_layout(found)
    assert (kind, prefix) == (found.kind, found.id)


def test_a_folder_is_no_environment() -> None:
    """Without a pyvenv.cfg, conda-meta or an old virtualenv's script there is none."""
    assert judged({"/p/.venv/bin/python": PROGRAM}, "/p/.venv") is None


def test_two_part_version() -> None:
    """Where uv writes a minor version only, the base interpreter tells the rest."""
    files = {
        **venv("/p/.venv", "3.12", keys=_UV_KEYS, home="/m/cpython-3.12-linux/bin"),
        "/m/cpython-3.12-linux": "->cpython-3.12.7-linux",
        "/m/cpython-3.12.7-linux/bin/python3.12": PROGRAM,
    }
    found = judged(files, "/p/.venv")

    assert found is not None
    assert "3.12.7" == found.version
    assert Path("/m/cpython-3.12.7-linux/bin/python3.12") == found.real_executable
    assert Path("/p/.venv/bin/python") == found.executable


@pytest.mark.parametrize(
    "own",
    [
        {"/p/.venv/bin/python": "->/opt/python/bin/python3"},
        {"/p/.venv/bin/python": PROGRAM, "/p/.venv/lib/python3.11/site-packages/README": ""},
    ],
)
def test_another_version_than_the_configuration_says(own: dict[str, bytes | str]) -> None:
    """The interpreter that is there counts, by its name or its library, and not pyvenv.cfg."""
    files = {
        "/p/.venv/pyvenv.cfg": "home = /opt/python/bin\nversion = 3.12.1\n",
        **own,
        "/opt/python/bin/python3": "->python3.11",
        "/opt/python/bin/python3.11": PROGRAM,
        "/opt/python/include/python3.11/patchlevel.h": '#define PY_VERSION "3.11.7"\n',
    }
    found = judged(files, "/p/.venv")

    assert found is not None
    assert "3.11.7" == found.version


def test_an_interpreter_of_another_base_than_the_configuration_says() -> None:
    """The version is that of the interpreter that the link leads to."""
    files = {
        **venv("/p/.venv", "3.12.4"),
        "/p/.venv/bin/python": "->/other/bin/python3.11",
        "/opt/python/bin/python3.12": PROGRAM,
        "/other/bin/python3.11": PROGRAM,
    }
    found = judged(files, "/p/.venv")

    assert found is not None
    assert "3.11" == found.version


def test_base_that_was_upgraded() -> None:
    """What the base's own headers say counts for more than pyvenv.cfg."""
    files = {
        **venv("/p/.venv", "3.12.1"),
        "/opt/python/bin/python3.12": PROGRAM,
        "/opt/python/include/python3.12/patchlevel.h": '#define PY_VERSION "3.12.9"\n',
    }
    found = judged(files, "/p/.venv")

    assert found is not None
    assert "3.12.9" == found.version


def test_broken_link_of_an_environment() -> None:
    """Where the executable leads nowhere, its name is known, and that it leads nowhere."""
    found = judged(venv("/p/.venv"), "/p/.venv")

    assert found is not None
    assert (Path("/p/.venv/bin/python"), None) == (found.executable, found.real_executable)


def test_foreign_drives_are_said() -> None:
    """On WSL, what is on a drive of Windows is left out, and that is said."""
    around = Surroundings(home=HOME, variables={"PATH": "/mnt/c/Python312:/usr/bin"}, is_wsl=True)
    files = MemoryFileSystem({"/mnt/c/Python312/python.exe": PROGRAM})
    left_out: list[LeftOut] = []
    found = [one for locator in LOCATORS for one in locate(locator, around, files, left_out)]

    assert [] == found
    assert ["/mnt/c/Python312"] == [one.path for one in left_out]


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("3.12.4", "3.12.4"),
        ("3.13.0rc1", "3.13.0rc1"),
        ("3.14-dev", "3.14"),
        ("cpython-3.12.4-linux-x86_64-gnu", "3.12.4"),
        ("cpython-3.13.1+freethreaded-linux-x86_64-gnu", "3.13.1"),
        ("cpython@3.12.3", "3.12.3"),
        ("python-3.12.4.amd64", "3.12.4"),
        ("pypy3.10-7.3.12", "3.10"),
        ("pypy-3.10.14-linux", "3.10"),
        ("3.13t-dev", "3.13"),
        ("miniconda3-24.1", None),
        ("latest", None),
        ("stackless-2.7.16", "2.7.16"),
    ],
)
def test_version_in_a_name(name: str, version: str | None) -> None:
    """The name of a folder says the version of Python, not that of the distribution."""
    assert version == version_in_name(name)


def test_hash_of_poetry_and_hatch() -> None:
    """Eight characters of the URL-safe Base64 of a SHA-256."""
    assert "na0eTgiw" == short_hash("/home/user/project")


@pytest.mark.parametrize(
    ("kind", "variable"),
    [(InstallationKind.TOX, "TOX_WORK_DIR"), (InstallationKind.NOX, "NOX_ENVDIR")],
)
def test_folder_of_tests_by_its_variable(kind: InstallationKind, variable: str) -> None:
    """tox and nox can be told where to make environments."""
    around = Surroundings(home=HOME, variables={variable: "/fast/envs"})
    found = judged(venv("/fast/envs/one"), "/fast/envs/one", around)

    assert found is not None
    assert (kind, "one") == (found.kind, found.name)


def test_executables_that_lead_in_a_circle() -> None:
    """Links that lead to each other lead nowhere."""
    files: dict[str, bytes | str] = {
        "/p/.venv/pyvenv.cfg": "home = /usr/bin\n",
        "/p/.venv/bin/python": "->python3",
        "/p/.venv/bin/python3": "->python",
    }
    found = judged(files, "/p/.venv")

    assert found is not None
    assert (Path("/p/.venv/bin/python"), None) == (found.executable, found.real_executable)


@pytest.mark.parametrize(
    "home", ["/p/.venv/bin", "relative", "", "/dev/fd", "//server/share", "/\0"]
)
def test_home_that_leads_nowhere_good(home: str) -> None:
    """A `home` that is its own, a device or another machine's says nothing of the version."""
    found = judged(venv("/p/.venv", home="/p/.venv/bin", keys=f"home = {home}\n"), "/p/.venv")

    assert found is not None
    assert "3.12.4" == found.version


def test_lock_of_rye_without_its_mark() -> None:
    """A lock file beside an environment does not make it Rye's."""
    found = judged({**venv("/p/.venv"), "/p/requirements.lock": ""}, "/p/.venv")

    assert found is not None
    assert InstallationKind.VENV is found.kind
