"""What ran for real and what ran on files that only look like it, written down by the tests.

A pytest plugin. A test that holds our answer against a real tool, interpreter or shell hands that
in through the fixture `tested`, and so does one that has a description of a machine instead. Only
tests that pass count. With ``--tested-page``, docs/tested.json and the pages that show it are
written at the end of a run in which nothing failed; ``make tested`` does that. No path of the
machine gets into any of them.
"""

from __future__ import annotations

import json
import platform
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, cast

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pinfold.core.environments.shells import Shell
    from pinfold.core.model.installation import Installation

RECORD = Path(__file__).parents[2] / "docs" / "tested.json"
OPTION = "--tested-page"

_PROPERTY = "tested"
_ENVIRONMENTS = "environments"
_INTERPRETERS = "interpreters"
_SHELLS = "shells"


class Note(TypedDict):
    """One thing that a test has shown; without a `tool` it had only files or texts."""

    part: str
    name: str
    tool: str | None
    version: str


class Witness:
    """Takes down what one test has shown."""

    def __init__(self, record: Callable[[str, object], None]) -> None:
        self._record = record

    def ran_for_real(self, installation: Installation, tool: str, version: str) -> None:
        """A *tool* of a *version* has made *installation*, and what we say of it is true."""
        self._note(_part(installation), installation.kind.value, tool, version)

    def by_layout(self, installation: Installation) -> None:
        """Files that a test has written, in the layout of a tool, are read as they should be."""
        self._note(_part(installation), installation.kind.value)

    def shell_ran(self, shell: Shell, program: str, version: str | None) -> None:
        """A real shell has done what our text says."""
        self._note(_SHELLS, shell.value, program, version or "")

    def shell_by_text(self, shell: Shell) -> None:
        """The text for a shell is what it should be, which no shell has confirmed."""
        self._note(_SHELLS, shell.value)

    def _note(self, part: str, name: str, tool: str | None = None, version: str = "") -> None:
        self._record(_PROPERTY, {"part": part, "name": name, "tool": tool, "version": version})


@pytest.fixture
def tested(record_property: Callable[[str, object], None]) -> Witness:
    """Takes down what this test has shown."""
    return Witness(record_property)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the option."""
    parser.addoption(
        OPTION, action="store_true", help="write docs/tested.json and the pages that show it"
    )


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config
) -> None:
    """Write the pages, if they are wanted and every test has passed."""
    if not config.getoption(OPTION):
        return
    if exitstatus:
        terminalreporter.write_line(f"{OPTION}: nothing is written, since not every test passed")
        return
    record = taken_down(_notes(terminalreporter))
    RECORD.write_text(f"{json.dumps(record, indent=2, ensure_ascii=False)}\n", encoding="utf-8")
    # Late: it imports all of Pinfold, and most runs write nothing.
    from docs.generate import write_tested_pages

    terminalreporter.write_line(f"wrote docs/{RECORD.name}")
    write_tested_pages()


def taken_down(notes: Iterable[tuple[str, Note]]) -> dict[str, object]:
    """Return what tests have shown, sorted: by part, by name, what ran and which tests say so.

    A note comes with the test's name. ``real`` has the tests of each version of each tool,
    ``layout`` those that had only files, or texts, to compare with.
    """
    real: dict[tuple[str, str], dict[tuple[str, str], set[str]]] = {}
    layout: dict[tuple[str, str], set[str]] = {}
    for test, note in notes:
        subject = note["part"], note["name"]
        # All the examples of one test are one test here.
        function = test.partition("[")[0]
        layout.setdefault(subject, set())
        if note["tool"] is None:
            layout[subject].add(function)
        else:
            by = note["tool"], note["version"]
            real.setdefault(subject, {}).setdefault(by, set()).add(function)
    record: dict[str, object] = {
        "system": platform.system(),
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
    }
    for part in (_ENVIRONMENTS, _INTERPRETERS, _SHELLS):
        record[part] = {
            subject[1]: {
                "real": _by_tool(real.get(subject, {})),
                "layout": sorted(layout[subject]),
            }
            for subject in sorted(layout)
            if subject[0] == part
        }
    return record


def _by_tool(tests: Mapping[tuple[str, str], set[str]]) -> dict[str, dict[str, list[str]]]:
    tools: dict[str, dict[str, list[str]]] = {}
    for tool, version in sorted(tests, key=lambda by: (by[0], _in_order(by[1]))):
        tools.setdefault(tool, {})[version] = sorted(tests[tool, version])
    return tools


def _in_order(version: str) -> tuple[tuple[int, str], ...]:
    # A shell's may be no version as packaging knows it (93u+m/1.0.4).
    return tuple((int(part or 0), other) for part, other in re.findall(r"([0-9]*)(\D*)", version))


def _part(installation: Installation) -> str:
    return _INTERPRETERS if installation.is_base else _ENVIRONMENTS


def _notes(terminalreporter: pytest.TerminalReporter) -> Iterable[tuple[str, Note]]:
    # A worker sends its reports, properties included, to the process that prints.
    for report in terminalreporter.stats.get("passed", ()):
        if report.when == "call":
            for name, value in report.user_properties:
                if name == _PROPERTY:
                    yield report.nodeid, cast("Note", value)
