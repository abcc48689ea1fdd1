"""The page of what ran for real: whole, true to the tests that it names, and of no one machine."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from docs.generate import TESTED, TESTED_PAGE, kinds_table, page_of_record, read_tested
from pinfold.core.environments.shells import Shell
from pinfold.core.model.installation import Installation, InstallationKind
from tests.harness import tested as plugin
from tests.harness.tested import Witness, pytest_terminal_summary, taken_down

if TYPE_CHECKING:
    from docs.generate import Shown
    from tests.harness.tested import Note

ROOT = Path(__file__).parents[2]
RECORD = read_tested()
K = InstallationKind

MADE_FOR_REAL = {
    K.VENV, K.VIRTUALENV, K.UV, K.SCRIPT, K.PIPENV, K.POETRY, K.HATCH, K.PDM, K.TOX, K.NOX,
    K.VIRTUALENVWRAPPER, K.PYENV_VIRTUALENV,
}  # fmt: skip
"""The tools that come from the package index, or with pyenv."""

ASKED = {K.PYENV, K.SYSTEM}
"""Whose interpreters there are."""

RAN = {Shell.SH, Shell.BASH, Shell.ZSH, Shell.FISH, Shell.TCSH, Shell.XONSH}


def parts() -> list[tuple[str, str, Shown]]:
    """Return each line of the record."""
    return [
        (part, name, shown)
        for part, names in (
            ("environments", RECORD["environments"]),
            ("interpreters", RECORD["interpreters"]),
            ("shells", RECORD["shells"]),
        )
        for name, shown in names.items()
    ]


def named_tests() -> set[str]:
    """Return the tests that the record names."""
    by_tool = [
        tests for *_, shown in parts() for tool in shown["real"].values() for tests in tool.values()
    ]
    return {
        test for tests in [*by_tool, *(shown["layout"] for *_, shown in parts())] for test in tests
    }


def test_every_kind_and_every_shell_is_listed() -> None:
    """In the record, on the page, and in the table of kinds; `other` is nobody's."""
    kinds = {kind.value for kind in InstallationKind} - {"other"}
    shown = {name for part, name, _ in parts() if part != "shells"}
    page = (ROOT / TESTED_PAGE).read_text(encoding="utf-8")
    rows = {row.split("|")[1].strip() for row in kinds_table(RECORD).splitlines()[2:]}

    assert kinds == shown
    assert {shell.value for shell in Shell} == set(RECORD["shells"])
    assert {f"`{kind}`" for kind in kinds} == rows
    assert [] == [name for name in (*kinds, *RECORD["shells"]) if f"`{name}`" not in page]
    assert all(shown["real"] or shown["layout"] for *_, shown in parts())


def test_what_could_run_here_ran_for_real() -> None:
    """None of the tools that can be had has got lost from the record."""
    made, asked, ran = (
        {name for name, shown in names.items() if shown["real"]}
        for names in (RECORD["environments"], RECORD["interpreters"], RECORD["shells"])
    )

    assert {kind.value for kind in MADE_FOR_REAL} == made
    assert {kind.value for kind in ASKED} == asked
    assert {shell.value for shell in RAN} <= ran
    assert {"CPython", "PyPy"} == {
        tool for shown in RECORD["interpreters"].values() for tool in shown["real"]
    }


@pytest.mark.parametrize("name", sorted(named_tests()))
def test_named_tests_take_down_what_they_show(name: str) -> None:
    """Each exists, and has the fixture `tested`, by itself or through one of its module's."""
    path, function = name.split("::")
    declared = {
        node.name: {argument.arg for argument in node.args.args}
        for node in ast.parse((ROOT / path).read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
    }
    needed = declared[function]
    for fixture in tuple(needed):
        needed |= declared.get(fixture, set())

    assert "tested" in needed


def test_page_claims_no_more_than_the_record() -> None:
    """Without its tests a kind is by layout, and without those it is said never to have run."""
    record = json.loads(json.dumps(RECORD))
    record["environments"]["poetry"]["real"] = {}
    del record["environments"]["tox"]
    page, table = page_of_record(record), kinds_table(record)
    real, layout, never = re.split(r"^## (?:On|Never).*$", page, flags=re.MULTILINE)

    assert ("| `poetry` |" in page_of_record(RECORD), "| `poetry` |" in real) == (True, False)
    assert "`poetry`" in layout
    assert ("`tox`" in real, "`tox`" in never) == (False, True)
    assert re.search(r"^\| `poetry` \|.*\| by layout \|$", table, re.MULTILINE)
    assert re.search(r"^\| `tox` \|.*\| never \|$", table, re.MULTILINE)


@pytest.mark.parametrize("name", [TESTED, TESTED_PAGE])
def test_nothing_of_this_machine(name: str) -> None:
    """Versions are fine, paths and names of a machine are not."""
    text = (ROOT / name).read_text(encoding="utf-8")

    assert [] == re.findall(r"(?<![\w:*])/(?:\w+/)+", text.replace("tests/", ""))


def installation(kind: InstallationKind, *, is_base: bool = False) -> Installation:
    """Return an installation, of which only the kind counts here."""
    return Installation(Path("/x"), kind, is_base)


def test_taken_down() -> None:
    """Versions are in order, examples of one test are one, and what is real is never by layout."""
    notes: list[Note] = []
    witness = Witness(lambda _, note: notes.append(cast("Note", note)))
    witness.ran_for_real(installation(K.VENV), "venv", "3.10.1")
    witness.ran_for_real(installation(K.VENV), "venv", "3.9.2")
    witness.by_layout(installation(K.VENV))
    witness.by_layout(installation(K.UV, is_base=True))
    witness.shell_ran(Shell.SH, "dash", None)
    witness.shell_by_text(Shell.CMD)
    record = taken_down(
        (f"t.py::test_{number // 2}[{number}]", note) for number, note in enumerate(notes)
    )

    assert {
        "environments": {
            "venv": {
                "real": {"venv": {"3.9.2": ["t.py::test_0"], "3.10.1": ["t.py::test_0"]}},
                "layout": ["t.py::test_1"],
            }
        },
        "interpreters": {"uv": {"real": {}, "layout": ["t.py::test_1"]}},
        "shells": {
            "cmd": {"real": {}, "layout": ["t.py::test_2"]},
            "sh": {"real": {"dash": {"": ["t.py::test_2"]}}, "layout": []},
        },
    } == {name: value for name, value in record.items() if name not in ("system", "python")}
    venv = cast("dict[str, Any]", record["environments"])["venv"]["real"]["venv"]
    assert ["3.9.2", "3.10.1"] == list(venv)


@pytest.mark.parametrize(("is_wanted", "status"), [(False, 0), (True, 1)])
def test_nothing_is_written_unless_all_is_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int, *, is_wanted: bool
) -> None:
    """Neither without the option, nor after a run in which a test failed."""
    monkeypatch.setattr(plugin, "RECORD", tmp_path / "tested.json")
    reporter = cast(
        "pytest.TerminalReporter", SimpleNamespace(stats={}, write_line=lambda line: None)
    )
    config = cast("pytest.Config", SimpleNamespace(getoption=lambda name: is_wanted))
    pytest_terminal_summary(reporter, status, config)

    assert [] == list(tmp_path.iterdir())
