import subprocess
import sys
from pathlib import Path

import pytest

from tests.project.checkout import ROOT

pytestmark = pytest.mark.slow

LAYERS = (
    *("", "cli", "lsp", "features", "core"),
    *("core/workspace", "core/rules", "core/environments", "core/formats", "core/model"),
)


def lint_imports(server: Path, cache: Path) -> subprocess.CompletedProcess[str]:
    """Judge the package under *server* by the contracts in pyproject.toml."""
    program = (
        "import sys; sys.path.insert(0, sys.argv.pop(1)); "
        "from importlinter.cli import lint_imports_command; lint_imports_command()"
    )
    return subprocess.run(
        [
            *(sys.executable, "-c", program, str(server)),
            *("--config", str(ROOT / "pyproject.toml"), "--cache-dir", str(cache)),
        ],
        cwd=cache,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def make_package(server: Path) -> Path:
    """Write a package with all the layers and nothing in them but a `target` each."""
    package = server / "pinfold"
    for folder in LAYERS:
        (package / folder).mkdir(parents=True, exist_ok=True)
        (package / folder / "__init__.py").touch()
        (package / folder / "target.py").touch()
    return package


def test_layers_hold(tmp_path: Path) -> None:
    """No module imports against the direction of the layers."""
    result = lint_imports(ROOT / "server", tmp_path)

    assert 0 == result.returncode, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("core/model/astray.py", "import pinfold.core.formats.target"),
        ("core/formats/astray.py", "import pinfold.core.rules.target"),
        ("core/rules/astray.py", "import pinfold.core.workspace.target"),
        ("core/rules/astray.py", "import pinfold.core.environments.target"),
        ("core/astray.py", "import pinfold.features.target"),
        ("core/astray.py", "import lsprotocol.types"),
        ("features/astray.py", "import pygls.uris"),
        ("features/astray.py", "import pinfold.cli.target"),
        ("cli/astray.py", "import pinfold.lsp.target"),
        ("lsp/astray.py", "import pinfold.cli.target"),
    ],
)
def test_an_import_astray_is_found(tmp_path: Path, module: str, line: str) -> None:
    """Each direction that the contracts forbid is one that they notice."""
    package = make_package(tmp_path / "server")
    (package / module).write_text(f"{line}\n", encoding="utf-8")

    result = lint_imports(tmp_path / "server", tmp_path)

    assert 1 == result.returncode, result.stdout + result.stderr
    assert "astray" in result.stdout


def test_the_command_line_may_start_the_server(tmp_path: Path) -> None:
    """Of all imports between the hosts, the one that `pinfold server` needs is allowed."""
    package = make_package(tmp_path / "server")
    (package / "lsp" / "server.py").write_text("import pygls\n", encoding="utf-8")
    (package / "cli" / "main.py").write_text("import pinfold.lsp.server\n", encoding="utf-8")

    result = lint_imports(tmp_path / "server", tmp_path)

    assert 0 == result.returncode, result.stdout + result.stderr
