import subprocess
import sys
import tarfile
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

import pinfold
from tests.project.checkout import ROOT, committed_files


@pytest.mark.slow
def test_wheel_holds_the_package_and_nothing_else(tmp_path: Path) -> None:
    """The wheel has every committed module, the type marker and the licence, under one version."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=120,
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        folder = f"pinfold-{pinfold.__version__}.dist-info"
        metadata = Parser().parsestr(archive.read(f"{folder}/METADATA").decode())
        scripts = archive.read(f"{folder}/entry_points.txt").decode()
    server = ROOT / "server"
    package = {
        path.relative_to(server).as_posix()
        for path in committed_files()
        if path.is_relative_to(server)
    }
    written_by_build = {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE"}

    assert package | {f"{folder}/{name}" for name in written_by_build} == names
    assert "pinfold/py.typed" in names
    assert pinfold.__version__ == metadata["Version"]
    assert ">=3.10" == metadata["Requires-Python"]
    assert "pinfold = pinfold.cli.main:main" in scripts


@pytest.mark.slow
def test_source_archive_holds_committed_files_only(tmp_path: Path) -> None:
    """What was fetched or built in the checkout, for the VS Code client above all, stays there."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=120,
    )
    (archive,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        names = {name.partition("/")[2] for name in tar.getnames()}
    committed = {path.relative_to(ROOT).as_posix() for path in committed_files()}

    assert {"PKG-INFO"} == names - committed
    assert {"client-vscode/package.json", "client-vscode/bundled/run.py"} <= names


def test_importing_the_package_is_cheap() -> None:
    """The version is known without asking the installed metadata, or importing anything else."""
    program = (
        "import sys; before = set(sys.modules); import pinfold; pinfold.__version__; "
        "print(*sorted(set(sys.modules) - before))"
    )
    result = subprocess.run(
        [sys.executable, "-S", "-c", program],
        cwd=ROOT / "server",
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert "pinfold" == result.stdout.strip()
