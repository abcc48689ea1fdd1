from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pinfold.core.environments.installers.pip_configuration import (
    PipConfiguration,
    read_pip_configuration,
)
from pinfold.core.environments.places import Surroundings
from pinfold.core.files import LocalFileSystem, MemoryFileSystem

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# What pip's own parser makes of it for `pip install`.
_EFFECTIVE = """
import json
from pip._internal.commands import create_command
options, _ = create_command("install").parse_args([])
print(json.dumps({
    "index-url": options.index_url, "extra-index-url": options.extra_index_urls,
    "find-links": options.find_links, "no-index": options.no_index,
    "trusted-host": options.trusted_hosts, "timeout": options.timeout, "proxy": options.proxy,
    "constraint": options.constraints, "cert": options.cert,
    "no-build-isolation": not options.build_isolation,
    "require-hashes": options.require_hashes, "keyring-provider": options.keyring_provider,
}))
"""

FILES = {
    "xdg/pip/pip.conf": (
        "[global]\nindex-url = http://127.0.0.1/system\ntimeout = 5\nfind-links = zero\n"
    ),
    "home/.pip/pip.conf": "[global]\nindex_url = http://127.0.0.1/legacy\ntimeout = 6\n",
    "home/.config/pip/pip.conf": (
        "[global]\nextra-index-url =\n    http://127.0.0.1/a\n    http://127.0.0.1/b\n"
        "[install]\nfind-links = one two\n[freeze]\ntimeout = 99\n"
    ),
    "environment/pip.conf": "[global]\ntrusted-host = 127.0.0.1\n",
    "named.conf": "[global]\nproxy = http://127.0.0.1:3128\nindex-url = http://127.0.0.1/named\n",
}

CASES: list[tuple[list[str], dict[str, str]]] = [
    ([], {}),
    (["xdg/pip/pip.conf"], {}),
    (["xdg/pip/pip.conf", "home/.pip/pip.conf"], {}),
    (list(FILES), {}),
    (list(FILES), {"PIP_CONFIG_FILE": "named.conf"}),
    (list(FILES), {"PIP_CONFIG_FILE": "missing.conf"}),
    (list(FILES), {"PIP_CONFIG_FILE": os.devnull}),
    (list(FILES), {"PIP_INDEX_URL": "http://127.0.0.1/variable", "PIP_FIND_LINKS": "three"}),
    (list(FILES), {"PIP_DEFAULT_TIMEOUT": "44", "PIP_INDEX_URL": ""}),
    ([], {"PIP_NO_INDEX": "1", "PIP_CONSTRAINT": "a.txt b.txt", "PIP_REQUIRE_HASHES": "yes"}),
    ([], {"PIP_NO_BUILD_ISOLATION": "0", "PIP_NO_INDEX": "off"}),
    ([], {"PIP_NO_BUILD_ISOLATION": "1", "PIP_KEYRING_PROVIDER": "subprocess"}),
    ([], {"PIP__INDEX_URL": "x", "PIP_PYPI_URL": "http://127.0.0.1/alias", "PIP_CERT": "a.pem"}),
]


def effective(configuration: PipConfiguration) -> dict[str, object]:
    """Return what we take pip to go by, in the form of `_EFFECTIVE`."""

    def value(name: str, default: object = None) -> object:
        setting = configuration.get(name)
        return default if setting is None else setting.value

    isolation = configuration.get("no-build-isolation")
    return {
        **{
            name: [word for word, _ in configuration.words(name)]
            for name in ("extra-index-url", "find-links", "trusted-host", "constraint")
        },
        **{name: value(name) for name in ("index-url", "cert")},
        "proxy": value("proxy"),
        "keyring-provider": value("keyring-provider", "auto"),
        "timeout": float(str(value("timeout", "15"))),
        "no-index": configuration.is_on("no-index"),
        "require-hashes": configuration.is_on("require-hashes"),
        "no-build-isolation": isolation is not None
        and not configuration.is_on("no-build-isolation"),
    }


@pytest.mark.slow
@pytest.mark.parametrize(("names", "variables"), CASES)
def test_pip_goes_by_what_we_read(
    names: list[str], variables: dict[str, str], tmp_path: Path
) -> None:
    """Files, their order, sections and variables are to us what they are to pip."""
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(FILES[name])
    variables = {
        "HOME": str(tmp_path / "home"),
        "XDG_CONFIG_DIRS": str(tmp_path / "xdg"),
        **variables,
    }
    named = variables.get("PIP_CONFIG_FILE", "")
    if named.endswith(".conf"):
        variables["PIP_CONFIG_FILE"] = str(tmp_path / named)
    prefix = tmp_path / "environment"

    assert effective(ours(prefix, variables)) == theirs(prefix, variables)


def theirs(prefix: Path, variables: Mapping[str, str]) -> object:
    """Return what pip says, as if it were in the environment at *prefix*."""
    ran = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.prefix = {str(prefix)!r}\n{_EFFECTIVE}"],
        env=dict(variables),
        capture_output=True,
        check=True,
        timeout=60,
    )
    told = json.loads(ran.stdout)
    if told["index-url"] == default_index():
        told["index-url"] = None
    return told


def default_index() -> str:
    """Return the index that pip takes where none is set up."""
    from pip._internal.models.index import PyPI

    return str(PyPI.simple_url)


def ours(prefix: Path, variables: Mapping[str, str]) -> PipConfiguration:
    """Return what we read; the system's own file, which a test cannot move, aside."""
    surroundings = Surroundings(variables["HOME"], variables, sys.platform)
    return read_pip_configuration(prefix, surroundings, LocalFileSystem())


def test_who_has_set_it_is_told() -> None:
    """A value comes with the file or the variable that it is from."""
    files = MemoryFileSystem(
        {
            "/home/me/.config/pip/pip.conf": "[global]\nindex-url = http://127.0.0.1/\n",
            "/etc/pip.conf": "[install]\nproxy = http://127.0.0.1:1\n",
        }
    )
    surroundings = Surroundings("/home/me", {"PIP_FIND_LINKS": "a"}, "linux")
    configuration = read_pip_configuration(None, surroundings, files)
    origins = []
    for name in ("index-url", "proxy", "find-links"):
        setting = configuration.get(name)
        assert setting is not None
        origins.append(setting.origin)

    assert ["/home/me/.config/pip/pip.conf", "/etc/pip.conf", "PIP_FIND_LINKS"] == origins


@pytest.mark.parametrize("text", ["no section\n", "[a]\nb = 1\nb = 2\n", b"[a]\nb = \xff\xfe\n"])
def test_a_file_that_pip_stumbles_over_is_told(text: str | bytes) -> None:
    """It is passed over, and said to be broken."""
    files = MemoryFileSystem({"/etc/pip.conf": text})
    configuration = read_pip_configuration(None, Surroundings("/home/me"), files)

    assert ("pip cannot read its configuration /etc/pip.conf",) == configuration.problems
    assert {} == configuration.values


@pytest.mark.parametrize(
    ("platform", "path"),
    [
        ("darwin", "/Library/Application Support/pip/pip.conf"),
        ("darwin", "/home/me/.config/pip/pip.conf"),
        ("linux", "/etc/xdg/pip/pip.conf"),
    ],
)
def test_other_places_of_other_systems(platform: str, path: str) -> None:
    """Each platform has places of its own."""
    files = MemoryFileSystem({path: "[global]\ntimeout = 3\n"})
    setting = read_pip_configuration(None, Surroundings("/home/me", {}, platform), files).get(
        "timeout"
    )

    assert setting is not None
    assert path == setting.origin
