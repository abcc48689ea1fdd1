"""`pinfold` as tests run it: through `main`, or as a process of its own."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

import jsonschema
from referencing import Registry, Resource

from pinfold.cli.main import main
from tests.project.checkout import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pytest

SCHEMAS = ROOT / "docs" / "schemas"


@dataclass(frozen=True, slots=True)
class Result:
    """How a run ended and what it wrote."""

    status: int
    out: str
    err: str

    def json(self, schema: str = "check") -> Any:
        """Return standard output as JSON, held against a schema; it must be ASCII."""
        assert self.out.isascii()
        shape = json.loads(self.out)
        validate(shape, schema)
        return shape


def validate(shape: object, schema: str) -> None:
    """Hold *shape* against one of the schemas in docs/schemas."""
    name = f"{schema}.schema.json"
    jsonschema.Draft202012Validator({"$ref": name}, registry=_registry()).validate(shape)


@cache
def _registry() -> Registry:
    """Return all schemas, some of which refer to others."""
    read = {
        path.name: json.loads(path.read_text(encoding="utf-8"))
        for path in SCHEMAS.glob("*.schema.json")
    }
    resources = [(name, Resource.from_contents(schema)) for name, schema in read.items()]
    return Registry().with_resources(resources)


class Runner:
    """Runs `pinfold` in a folder of its own."""

    def __init__(
        self,
        folder: Path,
        capture: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        self.folder = folder
        self._capture = capture
        self._monkeypatch = monkeypatch
        self.looks_for_environments = False

    def __call__(self, *arguments: str, stdin: bytes = b"") -> Result:
        """Run `main` with *arguments*; a check without environments, unless it is about them."""
        self._monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        self._capture.readouterr()
        given = list(arguments) if self.looks_for_environments else _alone(arguments)
        status = main(given)
        captured = self._capture.readouterr()
        return Result(status, captured.out, captured.err)

    def write(self, name: str, content: str | bytes) -> Path:
        """Write a file, with line ends as they are in *content*."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def read(self, name: str) -> bytes:
        """Return what a file holds."""
        return (self.folder / name).read_bytes()

    def findings(self, *arguments: str, stdin: bytes = b"") -> list[tuple[str, int, int, str]]:
        """Return path, line, column and rule of each finding of a check."""
        shape = self("check", "--format", "json", *arguments, stdin=stdin).json()
        return [
            (file["path"], finding["line"], finding["column"], finding["rule"])
            for file in shape["files"]
            for finding in file["findings"]
        ]


Argument = TypeVar("Argument", bound=str | bytes)


def _alone(arguments: Sequence[Argument]) -> list[Argument | str]:
    """Return *arguments* with `--no-env` for a check.

    Most tests are about something else, and in their folders there is no environment to be found.
    """
    if arguments and arguments[0] == "check":
        return ["check", "--no-env", *arguments[1:]]
    return list(arguments)


def process(
    arguments: Sequence[str | bytes],
    folder: Path,
    *,
    stdin: bytes = b"",
    environment: Mapping[str, str] | None = None,
    looks_for_environments: bool = False,
) -> subprocess.CompletedProcess[bytes]:
    """Run `python -m pinfold` as a process, with *environment* beside what is needed."""
    given = arguments if looks_for_environments else _alone(arguments)
    inherited = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-m", "pinfold", *given],
        cwd=folder,
        input=stdin,
        env={
            **inherited,
            "PYTHONPATH": str(ROOT / "server"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PINFOLD_STRICT": "1",
            **(environment or {}),
        },
        capture_output=True,
        timeout=120,
        check=False,
    )
