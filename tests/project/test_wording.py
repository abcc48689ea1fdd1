"""No text that an editor may show tells people to run `pinfold`."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pinfold

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(pinfold.__file__).parent
SEEN_BY_BOTH = [
    path
    for path in PACKAGE.rglob("*.py")
    # What a command and a setting are is said in the documentation, which is about both hosts.
    if path.relative_to(PACKAGE).parts[0] != "cli" and path.name != "command_table.py"
]


def named_commands(source: str) -> Iterator[str]:
    """Yield the texts in *source* that name a command, save docstrings and words for one host."""
    tree = ast.parse(source)
    left_out: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            left_out.add(id(node.value))
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Wording":
            left_out.update(map(id, ast.walk(node.args[0])))
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or id(node) in left_out:
            continue
        if isinstance(node.value, str) and "`pinfold " in node.value:
            yield node.value


def test_what_is_found() -> None:
    """A text is found wherever it stands, unless it is what the command line alone says."""
    source = '''
        """See `pinfold check`."""
        bad = f"see `pinfold history`; {next}"
        good = Wording(f"see `pinfold history`; {next}", "see what Show History says")
        worse = Wording("see it", "see `pinfold env list`")
    '''

    assert ["see `pinfold history`; ", "see `pinfold env list`"] == list(
        named_commands("if 1:\n" + source)
    )


def test_no_command_in_what_an_editor_shows() -> None:
    """Whoever has only an editor may have no `pinfold` to run: see `core/model/wording.py`."""
    found = {path.name: list(named_commands(path.read_text())) for path in SEEN_BY_BOTH}

    assert {} == {name: texts for name, texts in found.items() if texts}
