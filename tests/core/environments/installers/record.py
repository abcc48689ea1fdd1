"""Records what pip and uv say when they fail, for :mod:`.test_explaining`.

    python -m tests.core.environments.installers.record FOLDER

makes each failure happen with real tools against an index on loopback, and writes what they said
into FOLDER, a file for each tool and failure, with addresses and paths made the same everywhere.
Needs the package index (for the tools themselves and setuptools), openssl and a C compiler, and to
be run by root, for a full disk and for the permissions of somebody else.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.core.environments.installers.backends import host
from tests.harness.index import (
    Archive,
    FailingIndex,
    Trouble,
    no_zip,
    quiet_variables,
    sdist,
    wheel,
    without_record,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

TOOLS = ("pip==22.3.1", "pip==24.0", "pip==26.3", "uv==0.5.31", "uv==0.13.9")

# It does not run on Python 3.12.
_OLDER_PYTHON = {"pip==22.3.1": "python3.11"}

_GOOD = (
    wheel("shop", "1.0", requires=["money>=2"]),
    wheel("bank", "1.0", requires=["money<2"]),
    wheel("money", "1.0"),
    wheel("money", "2.0"),
    wheel("future", "1.0", requires_python=">=4"),
    wheel("elsewhere", "1.0", tag="cp39-cp39-win_amd64"),
)
_SETUP = """
from setuptools import Extension, setup
setup(name="native", version="1.0", ext_modules=[Extension("native", ["native.c"])])
"""


@dataclass
class Scene:
    """What one failure is made with."""

    folder: Path
    python: Path
    url: str
    variables: dict[str, str]
    requirements: list[str] = field(default_factory=lambda: ["shop"])
    options: list[str] = field(default_factory=list)
    prefix: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Failing:
    """A failure: how the index behaves, and what else is to be done."""

    name: str
    archives: Sequence[Archive] = _GOOD
    trouble: Trouble = Trouble.NONE
    arrange: Callable[[Scene], None] = lambda scene: None
    is_tls: bool = False


def _require(*requirements: str) -> Callable[[Scene], None]:
    def arrange(scene: Scene) -> None:
        scene.requirements = list(requirements)

    return arrange


def _nobody_listens(scene: Scene) -> None:
    scene.url = "http://127.0.0.1:9/simple/"


def _no_such_host(scene: Scene) -> None:
    scene.url = "http://packages.invalid/simple/"


def _dead_proxy(scene: Scene) -> None:
    _behind(scene, "http://127.0.0.1:9")


def _proxy_with_password(scene: Scene) -> None:
    _behind(scene, scene.url.removesuffix("/simple/"))


def _behind(scene: Scene, proxy: str) -> None:
    scene.url = "http://packages.invalid/simple/"
    scene.variables.update({"HTTP_PROXY": proxy, "http_proxy": proxy})


def _wrong_hash(scene: Scene) -> None:
    file = scene.folder / "requirements.txt"
    file.write_text("money==2.0 --hash=sha256:" + "0" * 64 + "\n")
    scene.requirements = ["-r", str(file)]


def _missing_hash(scene: Scene) -> None:
    file = scene.folder / "requirements.txt"
    digest = next(archive.sha256 for archive in _GOOD if archive.filename.startswith("shop"))
    file.write_text(f"shop==1.0 --hash=sha256:{digest}\n")
    scene.options = ["--require-hashes"]
    scene.requirements = ["-r", str(file)]


def _externally_managed(scene: Scene) -> None:
    base = subprocess.run(
        [scene.python, "-I", "-c", "import sysconfig; print(sysconfig.get_path('stdlib'))"],
        capture_output=True,
        check=True,
        text=True,
    )
    copy = scene.folder / "base"
    stdlib = Path(base.stdout.strip())
    copy.mkdir()
    shutil.copytree(stdlib.parents[1], copy / "prefix", symlinks=True)
    (copy / "prefix/lib" / stdlib.name / "EXTERNALLY-MANAGED").write_text(
        "[externally-managed]\nError=This Python belongs to the system.\n"
    )
    scene.python = copy / "prefix/bin/python3"
    scene.variables["LD_LIBRARY_PATH"] = str(stdlib.parent)


def _full_disk(scene: Scene) -> None:
    purelib = next((scene.python.parents[1] / "lib").glob("python3*")) / "site-packages"
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", purelib], check=True)
    scene.requirements = ["heavy"]


def _read_only(scene: Scene) -> None:
    purelib = next((scene.python.parents[1] / "lib").glob("python3*")) / "site-packages"
    os.chown(purelib, 65534, 65534)
    # Root who may not do what others may not.
    scene.prefix = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]


def _no_compiler(scene: Scene) -> None:
    scene.variables["PATH"] = "/nonexistent"
    _native(scene, "#include <stdio.h>\n")


def _no_header(scene: Scene) -> None:
    _native(scene, "#include <ffi_of_nobody.h>\n")


def _native(scene: Scene, source: str) -> None:
    project = scene.folder / "native"
    project.mkdir()
    (project / "native.c").write_text(source)
    (project / "setup.py").write_text(_SETUP)
    (project / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
    )
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "download",
            "-q",
            "-d",
            scene.folder / "tools",
            "--no-deps",
            "setuptools==80.9.0",
        ],
        check=True,
    )
    scene.requirements = [str(project)]
    scene.options = ["--find-links", str(scene.folder / "tools")]


FAILURES = (
    Failing("conflict", arrange=_require("shop", "bank")),
    Failing("conflict-direct", arrange=_require("shop", "money==1.0")),
    Failing("no-such-package", arrange=_require("nowhere-to-be-found")),
    Failing("no-such-version", arrange=_require("money==9")),
    Failing("wrong-python", arrange=_require("future")),
    Failing("wrong-python-told", trouble=Trouble.TELLS_PYTHON, arrange=_require("future")),
    Failing("wrong-platform", arrange=_require("elsewhere")),
    Failing("unauthorized", trouble=Trouble.UNAUTHORIZED),
    Failing("forbidden", trouble=Trouble.FORBIDDEN),
    Failing("server-error", trouble=Trouble.BROKEN),
    Failing("cut", trouble=Trouble.CUT, arrange=_require("money")),
    Failing("wrong-digest", trouble=Trouble.WRONG_HASH, arrange=_require("money")),
    Failing("hash-mismatch", arrange=_wrong_hash),
    Failing("hash-missing", arrange=_missing_hash),
    Failing("certificate", is_tls=True),
    Failing("refused", arrange=_nobody_listens),
    Failing("unknown-host", arrange=_no_such_host),
    Failing("dead-proxy", arrange=_dead_proxy),
    Failing("proxy", trouble=Trouble.PROXY, arrange=_proxy_with_password),
    Failing("no-zip", archives=(no_zip(wheel("money", "1.0")),), arrange=_require("money")),
    Failing(
        "no-record", archives=(without_record(wheel("money", "1.0")),), arrange=_require("money")
    ),
    Failing(
        "build-failed",
        archives=(sdist(wheel("money", "1.0"), failure="raise RuntimeError('no gold today')"),),
        arrange=_require("money"),
    ),
    Failing(
        "build-needs",
        archives=(sdist(wheel("money", "1.0"), build_requires=["nowhere-to-be-found"]),),
        arrange=_require("money"),
    ),
    Failing("no-compiler", arrange=_no_compiler),
    Failing("no-header", arrange=_no_header),
    Failing("externally-managed", arrange=_externally_managed),
    Failing(
        "disk-full",
        archives=(wheel("heavy", "1.0", files={"heavy.txt": os.urandom(200_000).hex()}),),
        arrange=_full_disk,
    ),
    Failing("denied", arrange=_read_only),
)


def _command(tool: str, scene: Scene, base: str, *, is_closer: bool) -> list[str]:
    """Return what is run: once as an operation does, and once as it looks closer."""
    python = host(tool, base)
    if tool.startswith("uv"):
        return [
            *(str(python.with_name("uv")), "--color", "never", "pip", "install"),
            *("--python", str(scene.python), "--default-index", scene.url),
            *scene.options,
            *scene.requirements,
        ]
    return [
        *(str(python), "-I", "-m", "pip", "--python", str(scene.python)),
        *("--disable-pip-version-check", "--no-input", "--no-color", "install"),
        *("--index-url", scene.url, "--trusted-host", "packages.invalid", "--no-cache-dir"),
        *(("-vv", "--dry-run", "--retries", "0") if is_closer else ()),
        *scene.options,
        *scene.requirements,
    ]


def _certificate(folder: Path) -> Path:
    path = folder / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-addext", "basicConstraints=critical,CA:FALSE"),
            *("-keyout", str(path), "-out", str(folder / "own.pem")),
        ],
        check=True,
        capture_output=True,
    )
    with path.open("ab") as file:
        file.write((folder / "own.pem").read_bytes())
    return path


def record(tool: str, failing: Failing, base: str) -> dict[str, str]:
    """Return what *tool* says, in the form that is kept, by the name of the recording."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="recording-")))
        certificate = _certificate(folder) if failing.is_tls else None
        index = stack.enter_context(
            FailingIndex(failing.archives, failing.trouble, certificate=certificate)
        )
        environment = folder / "environment"
        subprocess.run([base, "-I", "-m", "venv", "--without-pip", environment], check=True)
        scene = Scene(folder, environment / "bin/python", index.url, quiet_variables(folder))
        scene.variables["UV_HTTP_RETRIES"] = "0"
        failing.arrange(scene)
        said = _run(_command(tool, scene, base, is_closer=False), scene)
        if said.startswith("exit status 0"):
            # Not every tool looks at everything.
            print(f"{tool} does not fail: {failing.name}", file=sys.stderr)
            return {}
        recordings = {failing.name: said}
        if "from versions: none" in said:
            closer = _command(tool, scene, base, is_closer=True)
            recordings[f"{failing.name}.closer"] = _run(closer, scene)
        subprocess.run(
            ["umount", *folder.glob("environment/lib/python3*/site-packages")],
            capture_output=True,
            check=False,
        )
    return recordings


def _run(command: list[str], scene: Scene) -> str:
    ran = subprocess.run(
        [*scene.prefix, *command],
        cwd="/",
        env=scene.variables,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    output, errors = (_made_the_same(text, scene.folder) for text in (ran.stdout, ran.stderr))
    return f"exit status {ran.returncode}\n--- stdout\n{output}--- stderr\n{errors}"


def _made_the_same(text: str, folder: Path) -> str:
    text = text.replace(str(folder), "/env")
    text = re.sub(r"127\.0\.0\.1:[0-9]{2,5}|port=[0-9]{2,5}", _port, text)
    # Where interpreters and tools are, and what is made for the moment.
    text = re.sub(
        r"/(?:root|home|work|usr|tmp/s)/[^\s'\"`:]*/((?:lib|bin|include)/)", r"/python/\1", text
    )
    text = re.sub(r"/tmp/(?:pip-[a-z-]+-|tmp)?[A-Za-z0-9_]+", "/tmp/temporary", text)
    text = re.sub(r"0x[0-9a-f]{6,}", "0x7f0000000000", text)
    text = re.sub(r"in [0-9.]+m?s\b", "in 1ms", text)
    text = re.sub(r"(sdists|builds|archive|environments)-v[0-9]+/\S*/", r"\1/", text)
    return re.sub(r"[0-9.]+ (?:MB|kB)/s\b[^\n]*", "1.0 MB/s", text)


def _port(match: re.Match[str]) -> str:
    return "port=8080" if match[0].startswith("port") else "127.0.0.1:8080"


def main() -> None:
    """Record everything, or what is named."""
    folder = Path(sys.argv[1])
    names = sys.argv[2:]
    for tool in TOOLS:
        base = _OLDER_PYTHON.get(tool, sys.executable)
        for failing in FAILURES:
            if names and not {failing.name, tool}.intersection(names):
                continue
            for name, text in record(tool, failing, base).items():
                path = folder / tool.replace("==", "-") / f"{name}.txt"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, "utf-8")
                print(path)


if __name__ == "__main__":
    main()
