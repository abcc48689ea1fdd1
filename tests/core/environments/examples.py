"""A machine for each locator, and what it finds there."""

from __future__ import annotations

import json

from pinfold.core.environments.locators import (
    conda,
    hatch,
    macos,
    pdm,
    pipenv,
    poetry,
    pyenv,
    rye,
    system,
    tox_and_nox,
    uv,
    version_managers,
    virtualenvwrapper,
    windows,
)
from pinfold.core.environments.locators import (
    venv as makers,
)
from pinfold.core.environments.locators.locator import short_hash
from pinfold.core.environments.places import Surroundings
from pinfold.core.model.installation import InstallationKind
from tests.core.environments.conformance import (
    HOME,
    PROGRAM,
    Example,
    Expected,
    FakeRegistry,
    bare_base,
    base,
    conda_environment,
    header,
    venv,
)

_PROJECT = f"{HOME}/code/shop"
_UV = f"{HOME}/.local/share/uv/python"
_PYENV = f"{HOME}/.pyenv"
_POETRY = f"{HOME}/.cache/pypoetry/virtualenvs"
_HATCH = f"{HOME}/.local/share/hatch"
_PDM = f"{HOME}/.local/share/pdm"
_MAC = Surroundings(home="/Users/someone", platform="darwin")
_WINDOWS = "/c/Users/someone"
_APPS = f"{_WINDOWS}/AppData/Local/Microsoft/WindowsApps"

_DETAILS = json.dumps(
    {
        "language": {
            "version": "3.14",
            "version_info": {
                "major": 3,
                "minor": 14,
                "micro": 0,
                "releaselevel": "candidate",
                "serial": 2,
            },
        },
        "implementation": {"name": "cpython"},
    }
)

EXAMPLES = (
    Example(
        "uv's managed interpreters, minor-version links skipped",
        uv.UV_PYTHONS,
        {
            **base(f"{_UV}/cpython-3.12.4-linux-x86_64-gnu", "3.12.4"),
            f"{_UV}/cpython-3.12.4-linux-x86_64-gnu/lib/python3.12/EXTERNALLY-MANAGED": "",
            f"{_UV}/cpython-3.12-linux-x86_64-gnu": "->cpython-3.12.4-linux-x86_64-gnu",
            **bare_base(f"{_UV}/cpython-3.13.1+freethreaded-linux-x86_64-gnu", "3.13"),
            f"{_UV}/pypy-3.10.14-linux-x86_64-gnu/bin/pypy3.10": PROGRAM,
            f"{_UV}/pypy-3.10.14-linux-x86_64-gnu/bin/python": "->pypy3.10",
            f"{_UV}/pypy-3.10.14-linux-x86_64-gnu/include/pypy3.10/patchlevel.h": (
                header("3.10.14") + '#define PYPY_VERSION "7.3.17"\n'
            ),
            f"{_UV}/.lock": "",
            f"{_UV}/.temp/x": "",
        },
        (
            Expected(
                f"{_UV}/cpython-3.12.4-linux-x86_64-gnu",
                InstallationKind.UV,
                "3.12.4",
                is_base=True,
                name="cpython-3.12.4-linux-x86_64-gnu",
            ),
            Expected(
                f"{_UV}/cpython-3.13.1+freethreaded-linux-x86_64-gnu",
                InstallationKind.UV,
                "3.13.1",
                is_base=True,
                name="cpython-3.13.1+freethreaded-linux-x86_64-gnu",
            ),
            Expected(
                f"{_UV}/pypy-3.10.14-linux-x86_64-gnu",
                InstallationKind.UV,
                "3.10.14",
                is_base=True,
                name="pypy-3.10.14-linux-x86_64-gnu",
                implementation="pypy",
            ),
        ),
        kept=_UV,
    ),
    Example(
        "uv's environments of scripts",
        uv.SCRIPTS,
        venv(f"{HOME}/.cache/uv/environments-v2/report-1a2b3c4d5e6f7a8b", keys="uv = 0.13.9\n"),
        (
            Expected(
                f"{HOME}/.cache/uv/environments-v2/report-1a2b3c4d5e6f7a8b",
                InstallationKind.SCRIPT,
                "3.12.4",
                name="report",
            ),
        ),
        kept=f"{HOME}/.cache/uv/environments-v2",
    ),
    Example(
        "conda: an install, its environments, others from environments.txt and condarc",
        conda.CONDA,
        {
            **conda_environment(f"{HOME}/miniconda3", "3.12.4", "constructor"),
            f"{HOME}/miniconda3/condabin/conda": "",
            **conda_environment(f"{HOME}/miniconda3/envs/web", "3.11.9"),
            f"{HOME}/.conda/environments.txt": f"{HOME}/miniconda3\n/data/envs/lab\n\nrelative\n",
            **conda_environment(
                "/data/envs/lab", "3.10.2", "/opt/mamba/bin/mamba create -p /data/envs/lab"
            ),
            f"{HOME}/.condarc": f"channels:\n  - x\nenvs_dirs:\n  - {HOME}/far # a comment\n",
            f"{HOME}/far/no-python/conda-meta/history": "",
        },
        (
            Expected(f"{HOME}/miniconda3", InstallationKind.CONDA, "3.12.4", name="base"),
            Expected(f"{HOME}/miniconda3/envs/web", InstallationKind.CONDA, "3.11.9", name="web"),
            Expected("/data/envs/lab", InstallationKind.CONDA, "3.10.2", name="lab"),
            Expected(f"{HOME}/far/no-python", InstallationKind.CONDA),
        ),
        kept=f"{HOME}/miniconda3/envs",
    ),
    Example(
        "micromamba, by its variable",
        conda.CONDA,
        {
            f"{HOME}/mm/conda-meta/history": "",
            **conda_environment(f"{HOME}/mm/envs/sci", "3.12.1", "micromamba create -n sci"),
        },
        (
            Expected(f"{HOME}/mm", InstallationKind.CONDA, name="base"),
            Expected(f"{HOME}/mm/envs/sci", InstallationKind.CONDA, "3.12.1", name="sci"),
        ),
        Surroundings(home=HOME, variables={"MAMBA_ROOT_PREFIX": f"{HOME}/mm"}),
    ),
    Example(
        "pixi: a project's environments and the global ones",
        conda.PIXI,
        {
            **conda_environment(f"{_PROJECT}/.pixi/envs/default", "3.12.4"),
            f"{_PROJECT}/.pixi/envs/default/conda-meta/pixi": "{}",
            **conda_environment(f"{HOME}/.pixi/envs/black", "3.11.0"),
        },
        (
            Expected(
                f"{_PROJECT}/.pixi/envs/default",
                InstallationKind.PIXI,
                "3.12.4",
                name="default",
                project=_PROJECT,
            ),
            Expected(f"{HOME}/.pixi/envs/black", InstallationKind.PIXI, "3.11.0", name="black"),
        ),
        Surroundings(home=HOME, projects=(_PROJECT,)),
        kept=f"{HOME}/.pixi/envs",
    ),
    Example(
        "poetry: an environment of a project by its computed name, and another",
        poetry.POETRY,
        {
            f"{_PROJECT}/pyproject.toml": '[tool.poetry]\nname = "Big_Shop"\n',
            **venv(f"{_POETRY}/big-shop-{short_hash(_PROJECT)}-py3.12", keys="virtualenv = 20\n"),
            **venv(f"{_POETRY}/other-AbCd_-12-py3.11", "3.11.2"),
            **venv(f"{_POETRY}/no-such-name", "3.11.2"),
            f"{_POETRY}/envs.toml": "",
            **bare_base(f"{HOME}/.local/share/pypoetry/python/cpython@3.13.2", "3.13"),
        },
        (
            Expected(
                f"{_POETRY}/big-shop-{short_hash(_PROJECT)}-py3.12",
                InstallationKind.POETRY,
                "3.12.4",
                name=f"big-shop-{short_hash(_PROJECT)}-py3.12",
                project=_PROJECT,
            ),
            Expected(
                f"{_POETRY}/other-AbCd_-12-py3.11",
                InstallationKind.POETRY,
                "3.11.2",
                name="other-AbCd_-12-py3.11",
            ),
            Expected(
                f"{HOME}/.local/share/pypoetry/python/cpython@3.13.2",
                InstallationKind.POETRY,
                "3.13.2",
                is_base=True,
            ),
        ),
        Surroundings(home=HOME, projects=(_PROJECT,)),
        kept=_POETRY,
    ),
    Example(
        "poetry: a place of one's own in its settings",
        poetry.POETRY,
        {
            f"{HOME}/.config/pypoetry/config.toml": (
                'cache-dir = "/big/poetry"\n[virtualenvs]\npath = "{cache-dir}/envs"\n'
            ),
            **venv("/big/poetry/envs/shop-AbCd_-12-py3.12"),
        },
        (
            Expected(
                "/big/poetry/envs/shop-AbCd_-12-py3.12",
                InstallationKind.POETRY,
                "3.12.4",
                name="shop-AbCd_-12-py3.12",
            ),
        ),
    ),
    Example(
        "pipenv: by the Pipfile that .project leads to",
        pipenv.PIPENV,
        {
            f"{_PROJECT}/Pipfile": "",
            **venv(f"{HOME}/.local/share/virtualenvs/shop-AbCd_-12"),
            f"{HOME}/.local/share/virtualenvs/shop-AbCd_-12/.project": f"{_PROJECT}\n",
            **venv(f"{HOME}/.local/share/virtualenvs/gone-ABCDEFGH"),
            f"{HOME}/.local/share/virtualenvs/gone-ABCDEFGH/.project": "/no/longer",
            **venv(f"{HOME}/.virtualenvs/wrapper-ABCDEFGH"),
            f"{HOME}/.virtualenvs/wrapper-ABCDEFGH/.project": "/no/longer",
        },
        (
            Expected(
                f"{HOME}/.local/share/virtualenvs/shop-AbCd_-12",
                InstallationKind.PIPENV,
                "3.12.4",
                name="shop-AbCd_-12",
                project=_PROJECT,
            ),
            Expected(
                f"{HOME}/.local/share/virtualenvs/gone-ABCDEFGH",
                InstallationKind.PIPENV,
                "3.12.4",
                name="gone-ABCDEFGH",
                project="/no/longer",
            ),
        ),
        kept=f"{HOME}/.local/share/virtualenvs",
    ),
    Example(
        "hatch: environments of a project, of another, and an interpreter",
        hatch.HATCH,
        {
            **venv(f"{_HATCH}/env/virtual/shop/{short_hash(_PROJECT)}/shop"),
            **venv(f"{_HATCH}/env/virtual/shop/{short_hash(_PROJECT)}/docs"),
            **venv(f"{_HATCH}/env/virtual/other/AbCd_-12/lint"),
            **base(f"{_HATCH}/pythons/3.12/python", "3.12.9"),
        },
        (
            Expected(
                f"{_HATCH}/env/virtual/shop/{short_hash(_PROJECT)}/shop",
                InstallationKind.HATCH,
                "3.12.4",
                name="default",
                project=_PROJECT,
            ),
            Expected(
                f"{_HATCH}/env/virtual/shop/{short_hash(_PROJECT)}/docs",
                InstallationKind.HATCH,
                "3.12.4",
                name="docs",
                project=_PROJECT,
            ),
            Expected(
                f"{_HATCH}/env/virtual/other/AbCd_-12/lint",
                InstallationKind.HATCH,
                "3.12.4",
                name="lint",
            ),
            Expected(
                f"{_HATCH}/pythons/3.12/python", InstallationKind.HATCH, "3.12.9", is_base=True
            ),
        ),
        Surroundings(home=HOME, projects=(_PROJECT,)),
        kept=f"{_HATCH}/env/virtual",
    ),
    Example(
        "hatch: environments inside of the project, as its settings say",
        hatch.HATCH,
        {
            f"{HOME}/.config/hatch/config.toml": '[dirs.env]\nvirtual = "build/envs"\n',
            f"{_PROJECT}/pyproject.toml": '[project]\nname = "The_Shop"\n',
            **venv(f"{_PROJECT}/build/envs/the-shop"),
            **venv(f"{_PROJECT}/build/envs/docs"),
        },
        (
            Expected(
                f"{_PROJECT}/build/envs/the-shop",
                InstallationKind.HATCH,
                "3.12.4",
                name="default",
                project=_PROJECT,
            ),
            Expected(
                f"{_PROJECT}/build/envs/docs",
                InstallationKind.HATCH,
                "3.12.4",
                name="docs",
                project=_PROJECT,
            ),
        ),
        Surroundings(home=HOME, projects=(_PROJECT,)),
        kept=f"{_PROJECT}/build/envs",
    ),
    Example(
        "pdm: what .pdm-python names, and an interpreter",
        pdm.PDM,
        {
            f"{_PROJECT}/.pdm-python": f"{_PDM}/venvs/shop-AbCd_-12-3.12/bin/python",
            **venv(f"{_PDM}/venvs/shop-AbCd_-12-3.12"),
            **venv(f"{_PDM}/venvs/other-ABCDEFGH-test"),
            **base(f"{_PDM}/python/cpython@3.12.7", "3.12.7"),
        },
        (
            Expected(
                f"{_PDM}/venvs/shop-AbCd_-12-3.12",
                InstallationKind.PDM,
                "3.12.4",
                name="3.12",
                project=_PROJECT,
            ),
            Expected(
                f"{_PDM}/venvs/other-ABCDEFGH-test", InstallationKind.PDM, "3.12.4", name="test"
            ),
            Expected(f"{_PDM}/python/cpython@3.12.7", InstallationKind.PDM, "3.12.7", is_base=True),
        ),
        Surroundings(home=HOME, projects=(_PROJECT,)),
        kept=f"{_PDM}/venvs",
    ),
    Example(
        "rye: toolchains, old and new",
        rye.RYE,
        {
            **bare_base(f"{HOME}/.rye/py/cpython@3.12.3", "3.12"),
            **bare_base(f"{HOME}/.rye/py/cpython@3.10.1/install", "3.10"),
        },
        (
            Expected(
                f"{HOME}/.rye/py/cpython@3.12.3",
                InstallationKind.RYE,
                "3.12.3",
                is_base=True,
                name="cpython@3.12.3",
            ),
            Expected(
                f"{HOME}/.rye/py/cpython@3.10.1/install",
                InstallationKind.RYE,
                "3.10.1",
                is_base=True,
                name="cpython@3.10.1",
            ),
        ),
        kept=f"{HOME}/.rye/py",
    ),
    Example(
        "pyenv: versions, environments, conda, and never a shim",
        pyenv.PYENV,
        {
            **base(f"{_PYENV}/versions/3.12.4", "3.12.4"),
            **bare_base(f"{_PYENV}/versions/3.11.2", "3.11"),
            f"{_PYENV}/versions/pypy3.10-7.3.12/bin/pypy3.10": PROGRAM,
            f"{_PYENV}/versions/pypy3.10-7.3.12/bin/python3": "->pypy3.10",
            **venv(f"{_PYENV}/versions/3.12.4/envs/blog", keys="virtualenv = 20\n"),
            f"{_PYENV}/versions/blog": f"->{_PYENV}/versions/3.12.4/envs/blog",
            **conda_environment(f"{_PYENV}/versions/miniforge3-24.1", "3.12.1"),
            f"{_PYENV}/shims/python": "#!/usr/bin/env bash\n",
        },
        (
            Expected(
                f"{_PYENV}/versions/3.12.4",
                InstallationKind.PYENV,
                "3.12.4",
                is_base=True,
                name="3.12.4",
            ),
            Expected(
                f"{_PYENV}/versions/3.11.2",
                InstallationKind.PYENV,
                "3.11.2",
                is_base=True,
                name="3.11.2",
            ),
            Expected(
                f"{_PYENV}/versions/pypy3.10-7.3.12",
                InstallationKind.PYENV,
                "3.10",
                is_base=True,
                name="pypy3.10-7.3.12",
                implementation="pypy",
            ),
            Expected(
                f"{_PYENV}/versions/3.12.4/envs/blog",
                InstallationKind.PYENV_VIRTUALENV,
                "3.12.4",
                name="blog",
            ),
            Expected(
                f"{_PYENV}/versions/blog",
                InstallationKind.PYENV_VIRTUALENV,
                "3.12.4",
                name="blog",
            ),
            Expected(
                f"{_PYENV}/versions/miniforge3-24.1",
                InstallationKind.PYENV,
                "3.12.1",
                name="miniforge3-24.1",
            ),
        ),
        kept=f"{_PYENV}/versions",
    ),
    Example(
        "virtualenvwrapper: everything in WORKON_HOME",
        virtualenvwrapper.VIRTUALENVWRAPPER,
        {
            **venv("/data/envs/blog"),
            "/data/envs/blog/.project": f"{_PROJECT}\n",
            "/data/envs/postactivate": "",
        },
        (
            Expected(
                "/data/envs/blog",
                InstallationKind.VIRTUALENVWRAPPER,
                "3.12.4",
                name="blog",
                project=_PROJECT,
            ),
        ),
        Surroundings(home=HOME, variables={"WORKON_HOME": "/data/envs"}),
        kept="/data/envs",
    ),
    Example(
        "virtualenvwrapper: by its hooks in the usual folder",
        virtualenvwrapper.VIRTUALENVWRAPPER,
        {
            **venv(f"{HOME}/.virtualenvs/blog"),
            f"{HOME}/.virtualenvs/blog/bin/postactivate": "",
            **venv(f"{HOME}/.virtualenvs/plain"),
        },
        (
            Expected(
                f"{HOME}/.virtualenvs/blog",
                InstallationKind.VIRTUALENVWRAPPER,
                "3.12.4",
                name="blog",
            ),
        ),
        kept=f"{HOME}/.virtualenvs",
    ),
    Example("tox: nothing outside of projects", tox_and_nox.TOX, {}, ()),
    Example("nox: nothing outside of projects", tox_and_nox.NOX, {}, ()),
    Example(
        "asdf: installs, links of short versions skipped",
        version_managers.ASDF,
        {
            **base(f"{HOME}/.asdf/installs/python/3.12.4", "3.12.4"),
            f"{HOME}/.asdf/installs/python/3.12": "->3.12.4",
            f"{HOME}/.asdf/shims/python": "#!/usr/bin/env bash\n",
        },
        (
            Expected(
                f"{HOME}/.asdf/installs/python/3.12.4",
                InstallationKind.ASDF,
                "3.12.4",
                is_base=True,
                name="3.12.4",
            ),
        ),
        kept=f"{HOME}/.asdf/installs/python",
    ),
    Example(
        "mise: installs",
        version_managers.MISE,
        {
            **bare_base(f"{HOME}/.local/share/mise/installs/python/3.13.1", "3.13"),
            f"{HOME}/.local/share/mise/installs/python/latest": "->3.13.1",
        },
        (
            Expected(
                f"{HOME}/.local/share/mise/installs/python/3.13.1",
                InstallationKind.MISE,
                "3.13.1",
                is_base=True,
                name="3.13.1",
            ),
        ),
        kept=f"{HOME}/.local/share/mise/installs/python",
    ),
    Example(
        "Homebrew on macOS and on Linux",
        macos.HOMEBREW,
        {
            **bare_base(
                "/opt/homebrew/Cellar/python@3.12/3.12.4_1/Frameworks/Python.framework/Versions/3.12",
                "3.12",
            ),
            "/opt/homebrew/bin/python3.12": "->../Cellar/python@3.12/3.12.4_1/bin/python3.12",
            **base("/home/linuxbrew/.linuxbrew/Cellar/python@3.11/3.11.9", "3.11.9"),
            "/opt/homebrew/Cellar/python-tk@3.12/3.12.4/x": "",
        },
        (
            Expected(
                "/opt/homebrew/Cellar/python@3.12/3.12.4_1/Frameworks/Python.framework/Versions/3.12",
                InstallationKind.HOMEBREW,
                "3.12.4",
                is_base=True,
                name="python@3.12",
            ),
            Expected(
                "/home/linuxbrew/.linuxbrew/Cellar/python@3.11/3.11.9",
                InstallationKind.HOMEBREW,
                "3.11.9",
                is_base=True,
                name="python@3.11",
            ),
        ),
        kept="/opt/homebrew/Cellar",
    ),
    Example(
        "python.org's framework",
        macos.PYTHON_ORG,
        {
            **base("/Library/Frameworks/Python.framework/Versions/3.12", "3.12.4"),
            "/Library/Frameworks/Python.framework/Versions/Current": "->3.12",
        },
        (
            Expected(
                "/Library/Frameworks/Python.framework/Versions/3.12",
                InstallationKind.PYTHON_ORG,
                "3.12.4",
                is_base=True,
            ),
        ),
        _MAC,
        kept="/Library/Frameworks/Python.framework/Versions",
    ),
    Example(
        "Xcode and the command line tools",
        macos.XCODE,
        {
            **{
                path: content
                for path, content in base(
                    "/Library/Developer/CommandLineTools/Library/Frameworks/Python3.framework"
                    "/Versions/3.9",
                    "3.9.6",
                ).items()
                if "/include/" not in path
            },
            "/Library/Developer/CommandLineTools/Library/Frameworks/Python3.framework/Versions/3.9"
            "/Headers/patchlevel.h": header("3.9.6"),
            **base("/Applications/Xcode.app/Contents/Developer/usr", "3.9.6"),
        },
        (
            Expected(
                "/Library/Developer/CommandLineTools/Library/Frameworks/Python3.framework"
                "/Versions/3.9",
                InstallationKind.XCODE,
                "3.9.6",
                is_base=True,
            ),
            Expected(
                "/Applications/Xcode.app/Contents/Developer/usr",
                InstallationKind.XCODE,
                "3.9.6",
                is_base=True,
            ),
        ),
        _MAC,
    ),
    Example(
        "the registry, with any company, without the Store's and conda's",
        windows.REGISTRY,
        {
            "/c/Python312/python.exe": PROGRAM,
            "/c/Python312/include/patchlevel.h": header("3.12.4"),
            "/c/Python312/Lib/os.py": "",
            "/c/acme/python.exe": PROGRAM,
            **conda_environment("/c/anaconda3"),
            "/c/anaconda3/python.exe": PROGRAM,
        },
        (
            Expected(
                "/c/Python312",
                InstallationKind.REGISTRY,
                "3.12.4",
                is_base=True,
                name="Python 3.12 (64-bit)",
            ),
            Expected(
                "/c/acme", InstallationKind.REGISTRY, "3.11.5", is_base=True, name="Acme 3.11-x"
            ),
        ),
        Surroundings(
            home=_WINDOWS,
            platform="win32",
            registry=FakeRegistry(
                {
                    "HKEY_CURRENT_USER\\Software\\Python\\PythonCore\\3.12": {
                        "DisplayName": "Python 3.12 (64-bit)",
                        "Version": "3.12.4",
                    },
                    "HKEY_CURRENT_USER\\Software\\Python\\PythonCore\\3.12\\InstallPath": {
                        "": "/c/Python312/",
                        "ExecutablePath": "/c/Python312/python.exe",
                    },
                    "HKEY_LOCAL_MACHINE\\Software\\Python\\Acme\\3.11-x": {"Version": "3.11.5"},
                    "HKEY_LOCAL_MACHINE\\Software\\Python\\Acme\\3.11-x\\InstallPath": {
                        "ExecutablePath": "/c/acme/python.exe"
                    },
                    "HKEY_LOCAL_MACHINE\\Software\\Python\\ContinuumAnalytics\\A\\InstallPath": {
                        "": "/c/anaconda3"
                    },
                    "HKEY_CURRENT_USER\\Software\\Python\\PythonCore\\3.10\\InstallPath": {
                        "": "/c/Program Files/WindowsApps/Python.3.10"
                    },
                    "HKEY_CURRENT_USER\\Software\\Python\\PyLauncher\\x\\InstallPath": {
                        "": "/c/Python312"
                    },
                    "HKEY_CURRENT_USER\\Software\\Python\\PythonCore\\3.6": {},
                }
            ),
        ),
    ),
    Example(
        "the Store's packages, and not its stubs",
        windows.STORE,
        {
            f"{_APPS}/PythonSoftwareFoundation.Python.3.12_qbz5n2kfra8p0/python.exe": "",
            f"{_APPS}/python.exe": "",
            f"{_APPS}/PythonSoftwareFoundation.PythonManager_qbz5n2kfra8p0/python.exe": "",
        },
        (
            Expected(
                f"{_APPS}/PythonSoftwareFoundation.Python.3.12_qbz5n2kfra8p0",
                InstallationKind.STORE,
                "3.12",
                is_base=True,
                name="Python 3.12 (Microsoft Store)",
            ),
        ),
        Surroundings(home=_WINDOWS, platform="win32"),
        kept=_APPS,
    ),
    Example(
        "WinPython, by the names of its folders",
        windows.WINPYTHON,
        {
            f"{_WINDOWS}/WPy64-31241/python-3.12.4.amd64/python.exe": PROGRAM,
            f"{_WINDOWS}/WPy64-31241/python-3.12.4.amd64/Lib/os.py": "",
        },
        (
            Expected(
                f"{_WINDOWS}/WPy64-31241/python-3.12.4.amd64",
                InstallationKind.WINPYTHON,
                "3.12.4",
                is_base=True,
                name="WPy64-31241",
            ),
        ),
        Surroundings(home=_WINDOWS, platform="win32"),
        kept=_WINDOWS,
    ),
    Example("uv's environments are found by others", makers.UV_ENVIRONMENTS, {}, ()),
    Example("virtualenv's environments are found by others", makers.VIRTUALENV, {}, ()),
    Example(
        "collected environments, by who made them",
        makers.VENV,
        {
            **venv(f"{HOME}/.venvs/plain"),
            **venv(f"{HOME}/.venvs/by-virtualenv", keys="virtualenv = 20.1\n"),
            **venv(f"{HOME}/.venvs/by-uv", "3.12", keys="uv = 0.13\nprompt = Fine\n"),
            f"{HOME}/.venvs/old/bin/activate_this.py": "",
            f"{HOME}/.venvs/old/bin/python2.7": PROGRAM,
            f"{HOME}/.venvs/old/lib/python2.7/site-packages/x": "",
        },
        (
            Expected(f"{HOME}/.venvs/plain", InstallationKind.VENV, "3.12.4"),
            Expected(f"{HOME}/.venvs/by-virtualenv", InstallationKind.VIRTUALENV, "3.12.4"),
            Expected(f"{HOME}/.venvs/by-uv", InstallationKind.UV, "3.12", name="Fine"),
            Expected(f"{HOME}/.venvs/old", InstallationKind.VIRTUALENV),
        ),
        kept=f"{HOME}/.venvs",
    ),
    Example(
        "the system's: several at one prefix, links, shims, and a build under /opt",
        system.SYSTEM,
        {
            "/usr/bin/python3.11": PROGRAM,
            "/usr/bin/python3": "->python3.11",
            "/usr/bin/python3.12": PROGRAM,
            "/usr/bin/python3-config": "#!/bin/sh\n",
            "/usr/lib/python3.11/os.py": "",
            "/usr/include/python3.12/patchlevel.h": header("3.12.8+"),
            "/var/lib/dpkg/status": (
                "Package: python3.11-minimal\nStatus: install ok installed\n"
                "Version: 3.11.2-6+deb12u6\n\nPackage: x\nVersion: 1\n"
            ),
            "/bin": "->usr/bin",
            f"{HOME}/.local/bin/python3.13": "->/opt/py313/bin/python3.13",
            **base("/opt/py313", "3.13.0"),
            "/opt/py314/bin/python3.14": PROGRAM,
            "/opt/py314/lib/python3.14/build-details.json": _DETAILS,
            f"{_PYENV}/shims/python3": "#!/usr/bin/env bash\n",
            f"{HOME}/tools/python": "#!/bin/sh\nexec python3\n",
            f"{HOME}/mise/python3": "->/usr/bin/mise",
            "/usr/bin/mise": PROGRAM,
            "/usr/local/bin/pypy3": "->../lib/pypy3.9/pypy3.9",
            "/usr/local/lib/pypy3.9/pypy3.9": PROGRAM,
            "/usr/local/lib/pypy3.9/os.py": "",
            **venv(f"{_PROJECT}/.venv"),
        },
        (
            Expected("/usr", InstallationKind.SYSTEM, "3.11.2", is_base=True),
            Expected("/usr", InstallationKind.SYSTEM, "3.12.8", is_base=True),
            Expected("/opt/py313", InstallationKind.SYSTEM, "3.13.0", is_base=True),
            Expected("/opt/py314", InstallationKind.SYSTEM, "3.14.0rc2", is_base=True),
            Expected(
                "/usr/local",
                InstallationKind.SYSTEM,
                "3.9",
                is_base=True,
                implementation="pypy",
            ),
        ),
        Surroundings(
            home=HOME,
            variables={
                "PATH": f"{_PROJECT}/.venv/bin:{_PYENV}/shims:{HOME}/tools:{HOME}/mise:relative:"
                f":/missing:/usr/bin:/bin:/usr/bin/:{HOME}/.local/bin"
            },
        ),
        kept="/opt",
    ),
)
