"""Which environment a file has, and why: a table of layouts, each with its reason as text."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from pinfold.core.environments.activated import activated_environments
from pinfold.core.environments.locators.locator import short_hash
from pinfold.core.environments.places import Surroundings
from pinfold.core.environments.reader import EnvironmentReader
from pinfold.core.environments.selection import EnvironmentQuery
from pinfold.core.model.environment import EnvironmentAnswer, EnvironmentState
from tests.core.environments.conformance import (
    HOME,
    PROGRAM,
    base,
    conda_environment,
    filesystem_of,
    venv,
)

W = f"{HOME}/code"
SHOP = f"{W}/shop"
API = f"{SHOP}/packages/api"
CHOICES = "/state/pinfold/choices"
NO_EVIDENCE = "holds neither a pyvenv.cfg nor an interpreter"
NOTHING = (
    "there is no `.venv`, `.python-envs`, `venv`, `env`, `.conda` or `.pixi` that can be used in"
    " its folder or above it in the project, no tool has made one for it, and none is activated"
)
OFF_THE_MACHINE = "leads off this machine or to a device, so nobody looks there"

POETRY = f"{HOME}/.cache/pypoetry/virtualenvs/shop-{short_hash(SHOP)}"
PIPENV = f"{HOME}/.local/share/virtualenvs/shop-AbCd_-12"
HATCH = f"{HOME}/.local/share/hatch/env/virtual/shop/{short_hash(SHOP)}"
PDM = f"{HOME}/.local/share/pdm/venvs/shop-AbCd_-12-3.12"
PYENV = f"{HOME}/.pyenv"
POETRY_PROJECT = '[tool.poetry]\nname = "shop"\n'

Files = dict[str, bytes | str]


@dataclass(frozen=True)
class Layout:
    """A machine, a file on it, and the environment that it has.

    `winner` is ``None`` where there is none; `state` says which kind of none.
    """

    name: str
    files: Files
    winner: str | None
    reason: str
    file: str = f"{SHOP}/requirements.txt"
    stop: str = SHOP
    state: EnvironmentState | None = None
    configured: str | None = None
    explicit: str | None = None
    variables: dict[str, str] = field(default_factory=dict)
    chosen: dict[str, str | None] = field(default_factory=dict)
    rejected: tuple[tuple[str, str], ...] = ()
    contradictions: tuple[str, ...] = ()


def found(
    name: str,
    files: Files,
    winner: str,
    reason: str,
    file: str = f"{SHOP}/requirements.txt",
    stop: str = SHOP,
) -> Layout:
    """Return a layout in which there is an environment."""
    return Layout(name, files, winner, reason, file, stop)


def none(name: str, files: Files, reason: str = NOTHING, stop: str = SHOP) -> Layout:
    """Return a layout in which there is none."""
    return Layout(name, files, None, reason, stop=stop, state=EnvironmentState.NONE)


def unusable(name: str, files: Files, reason: str) -> Layout:
    """Return a layout in which the one that somebody named, or the nearest, cannot be used."""
    return Layout(name, files, None, reason, state=EnvironmentState.UNUSABLE)


def nearest(name: str) -> str:
    """Return why an environment beside a file is taken."""
    return f"it is the nearest `{name}`"


BESIDE = [
    none("nothing at all", {f"{SHOP}/requirements.txt": ""}),
    found("`.venv`", venv(f"{SHOP}/.venv"), f"{SHOP}/.venv", nearest(".venv")),
    found("`venv`", venv(f"{SHOP}/venv"), f"{SHOP}/venv", nearest("venv")),
    found("`env`", venv(f"{SHOP}/env"), f"{SHOP}/env", nearest("env")),
    found(
        "`.conda`",
        conda_environment(f"{SHOP}/.conda") | {f"{SHOP}/.conda/lib/python3.12/site-packages/x": ""},
        f"{SHOP}/.conda",
        nearest(".conda"),
    ),
    found(
        "`env` that conda made",
        conda_environment(f"{SHOP}/env") | {f"{SHOP}/env/lib/python3.12/site-packages/x": ""},
        f"{SHOP}/env",
        nearest("env"),
    ),
    found(
        "pixi's default",
        conda_environment(f"{SHOP}/.pixi/envs/default")
        | {f"{SHOP}/.pixi/envs/default/lib/python3.12/site-packages/x": ""},
        f"{SHOP}/.pixi/envs/default",
        nearest(".pixi/envs/default"),
    ),
    none(
        "pixi's, but not the default one",
        conda_environment(f"{SHOP}/.pixi/envs/lint"),
    ),
    found(
        "`.venv` before all other names",
        venv(f"{SHOP}/.venv") | venv(f"{SHOP}/venv") | venv(f"{SHOP}/env"),
        f"{SHOP}/.venv",
        nearest(".venv"),
    ),
    found(
        "`venv` before `env`",
        venv(f"{SHOP}/venv") | venv(f"{SHOP}/env"),
        f"{SHOP}/venv",
        nearest("venv"),
    ),
    found(
        "`env` before `.conda`",
        venv(f"{SHOP}/env") | conda_environment(f"{SHOP}/.conda"),
        f"{SHOP}/env",
        nearest("env"),
    ),
    found(
        "`venv` before pixi",
        venv(f"{SHOP}/venv") | conda_environment(f"{SHOP}/.pixi/envs/default"),
        f"{SHOP}/venv",
        nearest("venv"),
    ),
    none("an environment of another name", venv(f"{SHOP}/my-env")),
    none(
        "`.env`, the file of variables",
        {f"{SHOP}/.env": "SECRET=1\n"},
    ),
    found(
        "a folder for Windows",
        {
            f"{SHOP}/.venv/pyvenv.cfg": "home = C:\\Python312\nversion = 3.12.4\n",
            f"{SHOP}/.venv/Scripts/python.exe": PROGRAM,
            f"{SHOP}/.venv/Lib/site-packages/x": "",
        },
        f"{SHOP}/.venv",
        nearest(".venv"),
    ),
]

NESTED = [
    found(
        "a monorepo: each package its own",
        venv(f"{SHOP}/.venv") | venv(f"{API}/.venv"),
        f"{API}/.venv",
        nearest(".venv"),
        f"{API}/requirements.txt",
    ),
    found(
        "a monorepo: the root's for a package without one",
        venv(f"{SHOP}/.venv") | venv(f"{SHOP}/packages/web/.venv"),
        f"{SHOP}/.venv",
        nearest(".venv"),
        f"{API}/requirements.txt",
    ),
    found(
        "a monorepo: the package's `env` before the root's `.venv`",
        venv(f"{SHOP}/.venv") | venv(f"{API}/env"),
        f"{API}/env",
        nearest("env"),
        f"{API}/requirements.txt",
    ),
    found(
        "a folder for requirements",
        venv(f"{SHOP}/.venv"),
        f"{SHOP}/.venv",
        nearest(".venv"),
        f"{SHOP}/requirements/dev/linux.txt",
    ),
    none("one above the last folder", venv(f"{W}/.venv")),
    found(
        "one above, where the workspace is larger",
        venv(f"{W}/.venv"),
        f"{W}/.venv",
        nearest(".venv"),
        stop=W,
    ),
    none("one in the home directory", venv(f"{HOME}/.venv"), stop="/"),
    none("one in the root", venv("/.venv") | venv("/venv"), stop="/"),
    replace(
        none("a file in the home directory itself", venv(f"{HOME}/.venv"), stop=HOME),
        file=f"{HOME}/requirements.txt",
    ),
    replace(none("a file in the root", venv("/.venv"), stop="/"), file="/requirements.txt"),
    replace(
        none("a file outside of the workspace", venv(f"{HOME}/other/.venv")),
        file=f"{HOME}/other/deep/requirements.txt",
    ),
    found(
        "a file outside of the workspace, with one beside it",
        venv(f"{HOME}/other/.venv"),
        f"{HOME}/other/.venv",
        nearest(".venv"),
        f"{HOME}/other/requirements.txt",
    ),
    found(
        "a file inside of an environment",
        venv(f"{SHOP}/.venv"),
        f"{SHOP}/.venv",
        nearest(".venv"),
        f"{SHOP}/.venv/lib/python3.12/site-packages/pip/requirements.txt",
    ),
]

BROKEN = [
    replace(
        found(
            "an empty `.venv` is passed over",
            {f"{SHOP}/.venv/x": "", **venv(f"{SHOP}/venv")},
            f"{SHOP}/venv",
            nearest("venv"),
        ),
        rejected=((f"{SHOP}/.venv", NO_EVIDENCE),),
    ),
    replace(
        none("nothing but an empty `venv`", {f"{SHOP}/venv/x": ""}),
        rejected=((f"{SHOP}/venv", NO_EVIDENCE),),
    ),
    unusable(
        "the nearest has no site-packages",
        {f"{SHOP}/.venv/pyvenv.cfg": "", **venv(f"{SHOP}/venv")},
        f"{nearest('.venv')}, but {SHOP}/.venv has no site-packages",
    ),
    unusable(
        "an enormous pyvenv.cfg",
        {**venv(f"{SHOP}/.venv"), f"{SHOP}/.venv/pyvenv.cfg": b"x" * 10_000_000},
        f"{nearest('.venv')}, but {SHOP}/.venv has a pyvenv.cfg that is larger than 65536 bytes",
    ),
    found(
        "a binary pyvenv.cfg",
        {**venv(f"{SHOP}/.venv"), f"{SHOP}/.venv/pyvenv.cfg": b"\xff\x00" * 100},
        f"{SHOP}/.venv",
        nearest(".venv"),
    ),
    found(
        "the base interpreter is gone",
        venv(f"{SHOP}/.venv", home="/gone/bin"),
        f"{SHOP}/.venv",
        nearest(".venv"),
    ),
    found(
        "`home` that is itself",
        venv(f"{SHOP}/.venv", home=f"{SHOP}/.venv/bin"),
        f"{SHOP}/.venv",
        nearest(".venv"),
    ),
    found(
        "`.venv` is a link",
        {**venv("/envs/shop"), f"{SHOP}/.venv": "->/envs/shop"},
        f"{SHOP}/.venv",
        nearest(".venv"),
    ),
    replace(
        none("`.venv` is a link that leads nowhere", {f"{SHOP}/.venv": "->/gone"}),
        rejected=((f"{SHOP}/.venv", "is a link that leads nowhere"),),
    ),
    replace(
        none("`.venv` is a link to itself", {f"{SHOP}/.venv": "->.venv"}),
        rejected=((f"{SHOP}/.venv", "is a link that leads nowhere"),),
    ),
    replace(
        none("`env` is a link to the root", {f"{SHOP}/env": "->/"}),
        rejected=((f"{SHOP}/env", NO_EVIDENCE),),
    ),
    replace(
        none("`venv` is a file", {f"{SHOP}/venv": "a script"}),
        rejected=((f"{SHOP}/venv", "is no folder"),),
    ),
    found(
        "a path with blanks, quotes and a line feed",
        venv(f'{SHOP}/it\'s "a\nb"/.venv'),
        f'{SHOP}/it\'s "a\nb"/.venv',
        nearest(".venv"),
        f'{SHOP}/it\'s "a\nb"/requirements.txt',
    ),
]

LISTED = [
    found(
        "`.python-envs`: the last line",
        {**venv("/envs/a"), **venv("/envs/b"), f"{SHOP}/.python-envs": "/envs/a\n/envs/b\n"},
        "/envs/b",
        f"the last line of {SHOP}/.python-envs names it",
    ),
    found(
        "`.python-envs` before `venv`",
        {**venv("/envs/a"), **venv(f"{SHOP}/venv"), f"{SHOP}/.python-envs": "/envs/a\n"},
        "/envs/a",
        f"the last line of {SHOP}/.python-envs names it",
    ),
    found(
        "a `.venv` folder is the last line of `.python-envs`",
        {**venv("/envs/a"), **venv(f"{SHOP}/.venv"), f"{SHOP}/.python-envs": "/envs/a\n"},
        f"{SHOP}/.venv",
        nearest(".venv"),
    ),
    unusable(
        "`.python-envs` that leads nowhere",
        {**venv(f"{SHOP}/venv"), f"{SHOP}/.python-envs": "gone\n"},
        f"the last line of {SHOP}/.python-envs names `gone`, which does not exist",
    ),
    unusable(
        "`.python-envs` to another machine (UNC)",
        {**venv(f"{SHOP}/venv"), f"{SHOP}/.python-envs": "\\\\server\\share\\env\n"},
        f"the last line of {SHOP}/.python-envs names `\\\\server\\share\\env`, which "
        + OFF_THE_MACHINE,
    ),
    unusable(
        "`.python-envs` to a device",
        {f"{SHOP}/.python-envs": "/dev/zero\n"},
        f"the last line of {SHOP}/.python-envs names `/dev/zero`, which {OFF_THE_MACHINE}",
    ),
    found(
        "a `.venv` file, as uv writes it",
        {**venv("/cache/uv/x"), **venv(f"{SHOP}/venv"), f"{SHOP}/.venv": "/cache/uv/x\n"},
        "/cache/uv/x",
        f"the file {SHOP}/.venv names it",
    ),
    replace(
        found(
            "a `.venv` file of a shell's plug-in",
            {**venv(f"{SHOP}/venv"), f"{SHOP}/.venv": "my-env\n"},
            f"{SHOP}/venv",
            nearest("venv"),
        ),
        rejected=((f"{SHOP}/.venv", "names `my-env`, which does not exist"),),
    ),
    replace(
        none(
            "a `.venv` file to another machine (UNC)",
            {f"{SHOP}/.venv": "\\\\server\\share\\env\n"},
        ),
        rejected=((f"{SHOP}/.venv", f"names `\\\\server\\share\\env`, which {OFF_THE_MACHINE}"),),
    ),
]

KEPT = [
    found(
        "poetry, in its cache",
        {f"{SHOP}/pyproject.toml": POETRY_PROJECT, **venv(f"{POETRY}-py3.12")},
        f"{POETRY}-py3.12",
        f"poetry keeps it for {SHOP}",
    ),
    found(
        "poetry, in the project",
        {
            f"{SHOP}/pyproject.toml": POETRY_PROJECT,
            f"{SHOP}/poetry.lock": "",
            **venv(f"{SHOP}/.venv"),
            **venv(f"{POETRY}-py3.12"),
        },
        f"{SHOP}/.venv",
        nearest(".venv"),
    ),
    replace(
        found(
            "poetry: two, and `poetry env use` chose",
            {
                f"{SHOP}/pyproject.toml": POETRY_PROJECT,
                **venv(f"{POETRY}-py3.11", "3.11.2"),
                **venv(f"{POETRY}-py3.12"),
                f"{HOME}/.cache/pypoetry/virtualenvs/envs.toml": (
                    f'[shop-{short_hash(SHOP)}]\nminor = "3.12"\npatch = "3.12.4"\n'
                ),
            },
            f"{POETRY}-py3.12",
            f"poetry keeps it for {SHOP}",
        ),
        rejected=(
            (
                f"{POETRY}-py3.11",
                f"poetry keeps it for {SHOP} too, but {POETRY}-py3.12 comes first",
            ),
        ),
    ),
    found(
        "poetry, for a file in a folder of the project",
        {f"{SHOP}/pyproject.toml": POETRY_PROJECT, **venv(f"{POETRY}-py3.12")},
        f"{POETRY}-py3.12",
        f"poetry keeps it for {SHOP}",
        f"{SHOP}/docs/requirements.txt",
    ),
    none(
        "poetry keeps one for another project",
        {
            f"{SHOP}/pyproject.toml": POETRY_PROJECT,
            **venv(f"{HOME}/.cache/pypoetry/virtualenvs/shop-AbCd_-12-py3.12"),
        },
    ),
    found(
        "pipenv",
        {f"{SHOP}/Pipfile": "", **venv(PIPENV), f"{PIPENV}/.project": SHOP},
        PIPENV,
        f"pipenv keeps it for {SHOP}",
    ),
    none(
        "pipenv keeps one for another project",
        {f"{SHOP}/Pipfile": "", **venv(PIPENV), f"{PIPENV}/.project": f"{W}/other"},
    ),
    found(
        "hatch",
        {f"{SHOP}/pyproject.toml": "[project]\n", **venv(f"{HATCH}/shop")},
        f"{HATCH}/shop",
        f"hatch keeps it for {SHOP}",
    ),
    replace(
        found(
            "hatch: its default before the others",
            {f"{SHOP}/hatch.toml": "", **venv(f"{HATCH}/lint"), **venv(f"{HATCH}/shop")},
            f"{HATCH}/shop",
            f"hatch keeps it for {SHOP}",
        ),
        rejected=(
            (f"{HATCH}/lint", f"hatch keeps it for {SHOP} too, but {HATCH}/shop comes first"),
        ),
    ),
    found(
        "pdm",
        {f"{SHOP}/.pdm-python": f"{PDM}/bin/python", **venv(PDM)},
        PDM,
        f"pdm keeps it for {SHOP}",
    ),
    none("pdm named one that is gone", {f"{SHOP}/.pdm-python": f"{PDM}/bin/python"}),
    found(
        "the nearest project's, before a `.venv` above",
        {
            f"{API}/pyproject.toml": "[project]\n",
            **venv(f"{HOME}/.local/share/hatch/env/virtual/api/{short_hash(API)}/api"),
            **venv(f"{SHOP}/.venv"),
        },
        f"{HOME}/.local/share/hatch/env/virtual/api/{short_hash(API)}/api",
        f"hatch keeps it for {API}",
        f"{API}/requirements.txt",
    ),
    found(
        "`.python-version` names one of pyenv-virtualenv",
        {f"{SHOP}/.python-version": "shop-env\n", **venv(f"{PYENV}/versions/shop-env")},
        f"{PYENV}/versions/shop-env",
        f"{SHOP}/.python-version names it, and pyenv keeps it",
    ),
    found(
        "the same at length, above the file",
        {
            f"{SHOP}/.python-version": "# ours\n3.12.4/envs/shop-env\n",
            **venv(f"{PYENV}/versions/3.12.4/envs/shop-env"),
        },
        f"{PYENV}/versions/3.12.4/envs/shop-env",
        f"{SHOP}/.python-version names it, and pyenv keeps it",
        f"{SHOP}/docs/requirements.txt",
    ),
    found(
        "`.venv` before one that `.python-version` names",
        {
            f"{SHOP}/.python-version": "shop-env\n",
            **venv(f"{PYENV}/versions/shop-env"),
            **venv(f"{SHOP}/.venv"),
        },
        f"{SHOP}/.venv",
        nearest(".venv"),
    ),
    replace(
        none("`.python-version` names one that pyenv has not", {f"{SHOP}/.python-version": "x\n"}),
        rejected=((f"{SHOP}/.python-version", "names `x`, which is no environment of pyenv's"),),
    ),
    replace(
        none(
            "`.python-version` leads astray",
            {f"{SHOP}/.python-version": "../../../x\n/etc\n..\n"},
        ),
    ),
    none(
        "`.python-version` names a version: no environment",
        {f"{SHOP}/.python-version": "3.12.4\n", **base(f"{PYENV}/versions/3.12.4", "3.12.4")},
    ),
]

BOTH = {
    **venv(f"{SHOP}/.venv"),
    **venv("/envs/other"),
    **venv("/envs/third"),
    "/opt/python/bin/python3.12": PROGRAM,
}


def both(name: str, winner: str | None, reason: str) -> Layout:
    """Return a layout of three environments, of which somebody names one."""
    return Layout(name, BOTH, winner, reason)


NAMED = [
    replace(
        both("the settings name one", "/envs/other", "`environment` in the settings names it"),
        configured="/envs/other",
    ),
    replace(
        both(
            "the settings name one that is gone",
            None,
            "the environment that `environment` in the settings names, /gone, does not exist",
        ),
        configured="/gone",
        state=EnvironmentState.UNUSABLE,
    ),
    replace(
        both("chosen for the folder", "/envs/other", f"you chose it for {SHOP}"),
        chosen={SHOP: "/envs/other"},
    ),
    replace(
        both("chosen, by its interpreter", "/envs/other", f"you chose it for {SHOP}"),
        chosen={SHOP: "/envs/other/bin/python"},
    ),
    replace(
        both("chosen before the settings", "/envs/other", f"you chose it for {SHOP}"),
        chosen={SHOP: "/envs/other"},
        configured="/envs/third",
    ),
    replace(
        both("chosen for a folder above", "/envs/other", f"you chose it for {SHOP}"),
        chosen={SHOP: "/envs/other"},
        file=f"{API}/requirements.txt",
    ),
    replace(
        both("chosen for two folders: the nearest", "/envs/other", f"you chose it for {API}"),
        chosen={SHOP: "/envs/third", API: "/envs/other"},
        file=f"{API}/requirements.txt",
    ),
    replace(
        both(
            "chosen for the workspace, started in a repository",
            "/envs/other",
            f"you chose it for {W}",
        ),
        chosen={W: "/envs/other"},
    ),
    replace(
        both("chosen for another folder", f"{SHOP}/.venv", nearest(".venv")),
        chosen={f"{W}/other": "/envs/other"},
    ),
    replace(
        both("chosen for a folder whose name begins alike", f"{SHOP}/.venv", nearest(".venv")),
        chosen={f"{W}/sho": "/envs/other"},
    ),
    replace(
        both("chosen for the home directory", f"{SHOP}/.venv", nearest(".venv")),
        chosen={HOME: "/envs/other", "/": "/envs/third"},
    ),
    replace(
        both(
            "chosen for the home directory, a file in it", "/envs/other", f"you chose it for {HOME}"
        ),
        chosen={HOME: "/envs/other"},
        file=f"{HOME}/requirements.txt",
        stop=HOME,
    ),
    replace(
        both("chosen to have none", None, f"you chose to have none for {SHOP}"),
        chosen={SHOP: None},
        state=EnvironmentState.NONE,
    ),
    replace(
        both("none above, and one nearer", "/envs/other", f"you chose it for {API}"),
        chosen={SHOP: None, API: "/envs/other"},
        file=f"{API}/requirements.txt",
    ),
    replace(
        both(
            "chosen, and gone",
            None,
            f"the environment that you chose for {SHOP}, /gone, does not exist",
        ),
        chosen={SHOP: "/gone"},
        configured="/envs/third",
        variables={"VIRTUAL_ENV": "/envs/third"},
        state=EnvironmentState.UNUSABLE,
    ),
    replace(
        both("`--env` above all", "/envs/third", "`--env` names it"),
        explicit="/envs/third",
        configured="/envs/other",
        chosen={SHOP: None},
        variables={"VIRTUAL_ENV": "/envs/other"},
    ),
    replace(
        both(
            "`--env` that is gone",
            None,
            "the environment that `--env` names, /gone, does not exist",
        ),
        explicit="/gone",
        chosen={SHOP: "/envs/other"},
        state=EnvironmentState.UNUSABLE,
    ),
    replace(
        both("activated, and one beside the file", f"{SHOP}/.venv", nearest(".venv")),
        variables={"VIRTUAL_ENV": "/envs/other"},
    ),
    replace(
        both(
            "activated, and nothing beside the file",
            "/envs/other",
            "it is the activated one (VIRTUAL_ENV)",
        ),
        variables={"VIRTUAL_ENV": "/envs/other"},
        file=f"{HOME}/elsewhere/requirements.txt",
    ),
    replace(
        none("activated, and gone", {}),
        variables={"VIRTUAL_ENV": "/gone"},
        rejected=(("/gone", "is activated, but does not exist"),),
    ),
    replace(
        found(
            "pyenv's by name, before the activated one",
            {
                f"{SHOP}/.python-version": "shop-env",
                **venv(f"{PYENV}/versions/shop-env"),
                **venv("/envs/other"),
            },
            f"{PYENV}/versions/shop-env",
            f"{SHOP}/.python-version names it, and pyenv keeps it",
        ),
        variables={"VIRTUAL_ENV": "/envs/other"},
    ),
]

VENV = venv(f"{SHOP}/.venv")


def asking(name: str, files: Files, *contradictions: str) -> Layout:
    """Return a layout with an environment of Python 3.12.4, and what asks for another."""
    layout = found(name, VENV | files, f"{SHOP}/.venv", nearest(".venv"))
    return replace(layout, contradictions=contradictions)


CONDA = "/opt/conda/envs/shop"
CONDA_FILES = conda_environment(CONDA) | {f"{CONDA}/lib/python3.12/site-packages/x": ""}
CONDA_ROOT = conda_environment("/opt/conda") | {"/opt/conda/lib/python3.12/site-packages/x": ""}
BASE = "is activated, but is conda's base environment, which every shell is started in"


def activated(name: str, files: Files, winner: str | None, reason: str, **said: str) -> Layout:
    """Return a layout with nothing in the project, for a process that has variables."""
    layout = none(name, files) if winner is None else found(name, files, winner, reason)
    return replace(layout, variables=said)


ACTIVATED = [
    activated(
        "conda's, activated by name",
        CONDA_FILES,
        CONDA,
        "it is the activated one (CONDA_PREFIX)",
        CONDA_PREFIX=CONDA,
        CONDA_DEFAULT_ENV="shop",
        CONDA_EXE="/opt/conda/bin/conda",
    ),
    activated(
        "conda's, activated by its path",
        CONDA_FILES,
        CONDA,
        "it is the activated one (CONDA_PREFIX)",
        CONDA_PREFIX=CONDA,
        CONDA_DEFAULT_ENV=CONDA,
    ),
    replace(
        activated(
            "conda's base, by name",
            CONDA_ROOT,
            None,
            NOTHING,
            CONDA_PREFIX="/opt/conda",
            CONDA_DEFAULT_ENV="base",
        ),
        rejected=(("/opt/conda", BASE),),
    ),
    replace(
        activated(
            "conda's base, by the conda in it",
            CONDA_ROOT,
            None,
            NOTHING,
            CONDA_PREFIX="/opt/conda",
            CONDA_EXE="/opt/conda/bin/conda",
        ),
        rejected=(("/opt/conda", BASE),),
    ),
    replace(
        activated(
            "micromamba's root",
            CONDA_ROOT,
            None,
            NOTHING,
            CONDA_PREFIX="/opt/conda",
            MAMBA_ROOT_PREFIX="/opt/conda",
        ),
        rejected=(("/opt/conda", BASE),),
    ),
    activated(
        "a virtual environment inside of conda's",
        CONDA_FILES | venv("/envs/other"),
        "/envs/other",
        "it is the activated one (VIRTUAL_ENV)",
        VIRTUAL_ENV="/envs/other",
        CONDA_PREFIX=CONDA,
    ),
    replace(
        activated(
            "a virtual environment that is gone, inside of conda's",
            CONDA_FILES,
            CONDA,
            "it is the activated one (CONDA_PREFIX)",
            VIRTUAL_ENV="/gone",
            CONDA_PREFIX=CONDA,
        ),
        rejected=(("/gone", "is activated, but does not exist"),),
    ),
    activated("conda's, by a path that is none", CONDA_FILES, None, NOTHING, CONDA_PREFIX="envs"),
    activated(
        "conda's, and one beside the file",
        CONDA_FILES | venv(f"{SHOP}/.venv"),
        f"{SHOP}/.venv",
        nearest(".venv"),
        CONDA_PREFIX=CONDA,
    ),
    activated(
        "pyenv's, by the shell's variable",
        venv(f"{PYENV}/versions/shop-env"),
        f"{PYENV}/versions/shop-env",
        "it is the activated one (PYENV_VERSION)",
        PYENV_VERSION="3.12.4:shop-env",
    ),
    activated(
        "a version of pyenv's, which is no environment",
        base(f"{PYENV}/versions/3.12.4", "3.12.4"),
        None,
        NOTHING,
        PYENV_VERSION="3.12.4",
    ),
    activated(
        "pyenv's, by a name that leads elsewhere",
        venv(f"{HOME}/other"),
        None,
        NOTHING,
        PYENV_VERSION="../../other",
    ),
    activated(
        "`.python-version` before the shell's variable",
        {
            f"{SHOP}/.python-version": "shop-env",
            **venv(f"{PYENV}/versions/shop-env"),
            **venv(f"{PYENV}/versions/other"),
        },
        f"{PYENV}/versions/shop-env",
        f"{SHOP}/.python-version names it, and pyenv keeps it",
        PYENV_VERSION="other",
    ),
    activated(
        "conda's before pyenv's",
        CONDA_FILES | venv(f"{PYENV}/versions/shop-env"),
        CONDA,
        "it is the activated one (CONDA_PREFIX)",
        CONDA_PREFIX=CONDA,
        PYENV_VERSION="shop-env",
    ),
    activated(
        "an interpreter that is first in PATH says nothing",
        venv("/envs/other"),
        None,
        NOTHING,
        PATH="/envs/other/bin",
    ),
]

HATCH_CONFIG = f"{HOME}/.config/hatch/config.toml"
HATCH_PROJECT = {f"{SHOP}/pyproject.toml": '[project]\nname = "My.Shop"\n'}

INSIDE = [
    found(
        "hatch's in the project, the default one first",
        {
            HATCH_CONFIG: '[dirs.env]\nvirtual = ".hatch"\n',
            **HATCH_PROJECT,
            **venv(f"{SHOP}/.hatch/my-shop"),
        },
        f"{SHOP}/.hatch/my-shop",
        f"hatch keeps it for {SHOP}",
    ),
    replace(
        found(
            "hatch's in the project, with others",
            {
                HATCH_CONFIG: '[dirs.env]\nvirtual = ".hatch"\n',
                **HATCH_PROJECT,
                **venv(f"{SHOP}/.hatch/docs"),
                **venv(f"{SHOP}/.hatch/my-shop"),
            },
            f"{SHOP}/.hatch/my-shop",
            f"hatch keeps it for {SHOP}",
        ),
        rejected=(
            (
                f"{SHOP}/.hatch/docs",
                f"hatch keeps it for {SHOP} too, but {SHOP}/.hatch/my-shop comes first",
            ),
        ),
    ),
    replace(
        found(
            "hatch's data folder in the project",
            {**HATCH_PROJECT, **venv(f"{SHOP}/.cache/env/virtual/my-shop")},
            f"{SHOP}/.cache/env/virtual/my-shop",
            f"hatch keeps it for {SHOP}",
        ),
        variables={"HATCH_DATA_DIR": f"{SHOP}/.cache"},
    ),
    found(
        "hatch's in the project, under another name, without metadata",
        {
            HATCH_CONFIG: '[dirs.env]\nvirtual = "build/envs"\n',
            f"{SHOP}/hatch.toml": "",
            **venv(f"{SHOP}/build/envs/{short_hash(SHOP)}-unmanaged"),
        },
        f"{SHOP}/build/envs/{short_hash(SHOP)}-unmanaged",
        f"hatch keeps it for {SHOP}",
    ),
    none(
        "a `.hatch` folder that no setting speaks of",
        {**HATCH_PROJECT, **venv(f"{SHOP}/.hatch/my-shop")},
    ),
    none(
        "a place of hatch's that is not in the project",
        {
            HATCH_CONFIG: '[dirs.env]\nvirtual = "../envs"\n',
            **HATCH_PROJECT,
            **venv(f"{W}/envs/my-shop"),
        },
    ),
]

PINNED = f"{SHOP}/.python-version"
PROJECT = f"{SHOP}/pyproject.toml"
PIPFILE = f"{SHOP}/Pipfile"
HAS = "but the environment has Python 3.12.4"

PYTHONS = [
    asking("the same Python", {PINNED: "3.12\n"}),
    asking("the same to the last number", {PINNED: "3.12.4\n"}),
    asking(
        "another Python",
        {PINNED: "3.11\n"},
        f".python-version:0 `.python-version` asks for `3.11`, {HAS}",
    ),
    asking(
        "another patch",
        {PINNED: "# ours\n\n  3.12.7  \n"},
        f".python-version:2 `.python-version` asks for `3.12.7`, {HAS}",
    ),
    asking("one of several", {PINNED: "3.11.9\n3.12.4 # and this\n"}),
    asking("several on a line", {PINNED: "3.11.9 3.12"}),
    asking(
        "none of several",
        {PINNED: "3.11.9\r\n3.10\r\n"},
        f".python-version:0 `.python-version` asks for `3.11.9` or `3.10`, {HAS}",
    ),
    asking(
        "PyPy",
        {PINNED: "pypy3.10-7.3.12\n"},
        f".python-version:0 `.python-version` asks for `pypy3.10-7.3.12`, {HAS}",
    ),
    asking("a range", {PINNED: ">=3.11, <3.13\n"}),
    asking(
        "a range that it is not in",
        {PINNED: ">=3.13\n"},
        f".python-version:0 `.python-version` asks for `>=3.13`, {HAS}",
    ),
    asking("uv's long name", {PINNED: "cpython-3.12.4-linux-x86_64-gnu\n"}),
    asking("the system's, whatever that is", {PINNED: "system\n"}),
    asking("an environment's name", {PINNED: "shop-env\n"}),
    asking("written by PowerShell", {PINNED: "3.12\r\n".encode("utf-16")}),
    asking("binary", {PINNED: b"\x00\xff\xfe3.11"}),
    asking("requires-python that is met", {PROJECT: '[project]\nrequires-python = ">=3.9"\n'}),
    asking(
        "requires-python that is not met",
        {PROJECT: '[project]\nname = "x"\nrequires-python = "<3.12"\n'},
        f"pyproject.toml:2 `requires-python` is `<3.12`, {HAS}",
    ),
    asking(
        "Poetry's python",
        {PROJECT: '[tool.poetry.dependencies]\npython = "~3.11"\n'},
        f"pyproject.toml:1 `python` is `~3.11`, {HAS}",
    ),
    asking("Poetry's caret", {PROJECT: '[tool.poetry.dependencies]\npython = "^3.8"\n'}),
    asking(
        "setup.cfg",
        {f"{SHOP}/setup.cfg": "[metadata]\nname = x\n[options]\npython_requires = >=3.13\n"},
        f"setup.cfg:3 `python_requires` is `>=3.13`, {HAS}",
    ),
    asking(
        "both",
        {PINNED: "3.13\n", PROJECT: '[project]\nrequires-python = ">=3.13"\n'},
        f".python-version:0 `.python-version` asks for `3.13`, {HAS}",
        f"pyproject.toml:2 `requires-python` is `>=3.13`, {HAS}".replace(":2", ":1"),
    ),
    replace(
        asking("that of a folder nearer", {PINNED: "3.11\n", f"{API}/.python-version": "3.12\n"}),
        file=f"{API}/requirements.txt",
    ),
    replace(
        asking(
            "a choice is compared too",
            {PINNED: "3.11\n", **venv("/envs/other", "3.13.1")},
            ".python-version:0 `.python-version` asks for `3.11`, but the environment has"
            " Python 3.13.1",
        ),
        winner="/envs/other",
        reason=f"you chose it for {SHOP}",
        chosen={SHOP: "/envs/other"},
    ),
    asking(
        "Poetry's alternatives, of which one is met",
        {PROJECT: '[tool.poetry.dependencies]\npython = "~2.7 || ^3.11 || 3.14.*"\n'},
    ),
    asking(
        "Poetry's alternatives, of which none is met",
        {PROJECT: '[tool.poetry.dependencies]\npython = "~3.10 | >=3.13 <4"\n'},
        f"pyproject.toml:1 `python` is `~3.10 | >=3.13 <4`, {HAS}",
    ),
    asking(
        "Poetry's wildcard",
        {PROJECT: '[tool.poetry.dependencies]\npython = "3.11.*"\n'},
        f"pyproject.toml:1 `python` is `3.11.*`, {HAS}",
    ),
    asking(
        "a Pipfile's version",
        {PIPFILE: '[packages]\nflask = "*"\n[requires]\npython_version = "3.11"\n'},
        f"Pipfile:3 `python_version` is `3.11`, {HAS}",
    ),
    asking("a Pipfile's version that is met", {PIPFILE: '[requires]\npython_version = "3.12"\n'}),
    asking(
        "a Pipfile's full version, which counts more",
        {PIPFILE: '[requires]\npython_version = "3.12"\npython_full_version = "3.12.7"\n'},
        f"Pipfile:2 `python_full_version` is `3.12.7`, {HAS}",
    ),
    asking("a Pipfile that says nothing", {PIPFILE: '[requires]\npython_version = "*"\n'}),
    asking("a Pipfile that is none", {PIPFILE: "requires = <<<\n"}),
    asking(
        "a Pipfile beside what the project is for",
        {
            PIPFILE: '[requires]\npython_version = "3.11"\n',
            PROJECT: '[project]\nrequires-python = ">=3.9"\n',
        },
        f"Pipfile:1 `python_version` is `3.11`, {HAS}",
    ),
    replace(
        asking(
            "a Pipfile above another project",
            {
                PIPFILE: '[requires]\npython_version = "3.11"\n',
                f"{API}/pyproject.toml": '[project]\nrequires-python = ">=3.9"\n',
            },
        ),
        file=f"{API}/requirements.txt",
    ),
    asking("a pyproject.toml that is none", {PROJECT: "requires-python = <<<\n"}),
    asking("a range that is none", {PROJECT: '[project]\nrequires-python = "yes"\n'}),
]

LAYOUTS = [*BESIDE, *NESTED, *BROKEN, *LISTED, *KEPT, *INSIDE, *NAMED, *ACTIVATED, *PYTHONS]


def explained(layout: Layout) -> EnvironmentAnswer:
    """Return the answer about a layout's file."""
    files = dict(layout.files)
    for folder, prefix in layout.chosen.items():
        name = hashlib.sha256(folder.encode()).hexdigest()[:32]
        content = {"version": 1, "folder": folder, "environment": prefix}
        files[f"{CHOICES}/{name}.json"] = json.dumps(content)
    files.setdefault(layout.file, "")
    reader = EnvironmentReader(
        filesystem_of(files),
        explicit=_path(layout.explicit),
        home=Path(HOME),
        activated=activated_environments(layout.variables),
        surroundings=Surroundings(home=HOME, variables=layout.variables),
        choices=Path(CHOICES),
    )
    query = EnvironmentQuery(Path(layout.file).parent, Path(layout.stop), _path(layout.configured))
    return reader.explain(query)


def _path(text: str | None) -> Path | None:
    return None if text is None else Path(text)


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_layout(layout: Layout) -> None:
    """The environment, the reason, what was passed over, and what asks for another Python."""
    answer = explained(layout)
    prefix = None if answer.packages is None else str(answer.packages.environment.prefix)

    assert (layout.winner, layout.reason) == (prefix, answer.reason)
    assert (layout.state or EnvironmentState.FOUND) is answer.state
    assert layout.rejected == tuple((str(item.path), item.reason) for item in answer.rejected)
    assert layout.contradictions == tuple(
        f"{item.path.name}:{item.line} {item.message}" for item in answer.contradictions
    )


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_steps(layout: Layout) -> None:
    """The steps of each search end with the one that was taken, if one was, and say the reason."""
    answer = explained(layout)
    taken = [step for step in answer.steps if step.is_taken]

    assert answer.steps
    assert [answer.reason] == [step.outcome for step in taken] or not taken
    assert bool(taken) is (answer.reason != NOTHING)
    assert {item.path for item in answer.rejected} <= {step.path for step in answer.steps}
    assert layout.name


def test_the_table_is_large_enough() -> None:
    """At least sixty layouts, each of its own name."""
    assert len(LAYOUTS) == len({layout.name for layout in LAYOUTS})
    assert len(LAYOUTS) >= 60
