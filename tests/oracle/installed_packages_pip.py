"""What pip 26.3 and ``importlib.metadata`` say of the distributions in some folders.

Run as a program it answers questions, one JSON object a line: it is a process of its own, so that
its Python is that of the environment and nothing of it is kept from one folder to the next.
`Pip` is its other end. It knows nothing of Pinfold.

`check` runs the code of ``pip check`` itself. Only the folders are put in the place of
``sys.path``, and all of them count as local, as they do where pip runs in the environment;
`test_installed_packages` holds that against ``pip --python``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


class Pip:
    """A process that asks pip; give it *python*, and its answers are those for that Python."""

    def __init__(self, python: str = sys.executable) -> None:
        import pip

        site = Path(pip.__file__).parents[1]
        # Below Python 3.11, pip takes setuptools' way unless it is told otherwise.
        variables = os.environ | {"_PIP_USE_IMPORTLIB_METADATA": "1", "PYTHONWARNINGS": "ignore"}
        self._process = subprocess.Popen(
            [python, "-I", "-X", "utf8", __file__, str(site)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="ascii",
            env=variables,
        )

    def __enter__(self) -> Pip:
        return self

    def __exit__(self, *_raised: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=30)
        self._process.stdout.close()

    def check(self, folders: Sequence[Path]) -> tuple[list[str], str | None]:
        """Return the lines of ``pip check``, and the kind of error that ended it, if one did."""
        answer = self._ask("check", folders)
        return answer["lines"], answer["error"]

    def inspect(self, folders: Sequence[Path]) -> list[dict[str, Any]]:
        """Return what ``pip inspect`` says of each distribution."""
        found: list[dict[str, Any]] = self._ask("inspect", folders)
        return found

    def importlib_metadata(self, folders: Sequence[Path]) -> list[dict[str, Any]]:
        """Return what ``importlib.metadata`` says of each, those that others shadow included."""
        found: list[dict[str, Any]] = self._ask("importlib_metadata", folders)
        return found

    def markers(self) -> dict[str, str]:
        """Return the values of the variables of a marker."""
        found: dict[str, str] = self._ask("markers", ())
        return found

    def _ask(self, question: str, folders: Sequence[Path]) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(
            json.dumps([question, [str(folder) for folder in folders]]),
            file=self._process.stdin,
            flush=True,
        )
        return json.loads(self._process.stdout.readline())


def _check(folders: list[str]) -> dict[str, Any]:
    from unittest import mock

    from pip._internal.commands import check as command
    from pip._internal.metadata import base, get_environment
    from pip._internal.operations import check as operation

    lines: list[str] = []
    error = None
    environment = get_environment(folders)
    with (
        mock.patch.object(base, "is_local", return_value=True),
        mock.patch.object(command, "get_default_environment", return_value=environment),
        mock.patch.object(operation, "get_default_environment", return_value=environment),
        mock.patch.object(command, "write_output", lambda text, *args: lines.append(text % args)),
    ):
        try:
            command.CheckCommand.run(mock.Mock(), mock.Mock(), [])
        except Exception as raised:  # noqa: BLE001 - which ones pip lets through is the question
            error = type(raised).__name__
    return {"lines": lines, "error": error}


def _inspect(folders: list[str]) -> list[dict[str, Any]]:
    from unittest import mock

    from pip._internal.commands.inspect import InspectCommand
    from pip._internal.metadata import get_environment

    found = get_environment(folders).iter_installed_distributions(local_only=False, skip=())
    described = []
    for distribution in found:
        description = InspectCommand._dist_to_dict(mock.Mock(), distribution)
        description["version"] = str(distribution.version)
        description["key"] = distribution.canonical_name
        description["dependencies"] = [str(r) for r in distribution.iter_dependencies()]
        description["provided"] = list(distribution.iter_provided_extras())
        files = distribution.iter_declared_entries()
        description["files"] = None if files is None else list(files)
        # The long text is nobody's subject here.
        description["metadata"].pop("description", None)
        described.append(description)
    return described


def _importlib_metadata(folders: list[str]) -> list[dict[str, Any]]:
    import importlib.metadata

    described = []
    distribution: (
        Any  # For its folder, and for what is missing in a message, typeshed has no words.
    )
    for distribution in importlib.metadata.distributions(path=folders):
        has_record = distribution.read_text("RECORD") is not None
        fields = {
            "folder": str(distribution._path),
            "name": distribution.metadata.get("Name"),
            "version": distribution.metadata.get("Version"),
            "requires": distribution.requires,
            "requires_python": distribution.metadata.get("Requires-Python"),
            "extras": distribution.metadata.get_all("Provides-Extra"),
            "installer": distribution.read_text("INSTALLER"),
            "files": [str(file) for file in distribution.files or ()] if has_record else None,
        }
        described.append(fields)
    return described


def _markers(_: list[str]) -> dict[str, str]:
    from pip._vendor.packaging.markers import default_environment

    return {key: str(value) for key, value in default_environment().items()}


def _main() -> None:
    import logging

    sys.path.insert(0, sys.argv[1])
    logging.disable(logging.CRITICAL)
    answers = {
        "check": _check,
        "inspect": _inspect,
        "importlib_metadata": _importlib_metadata,
        "markers": _markers,
    }
    for line in sys.stdin:
        question, folders = json.loads(line)
        print(json.dumps(answers[question](folders)), flush=True)


if __name__ == "__main__":
    _main()
