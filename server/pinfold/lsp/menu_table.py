"""Where an editor shows each command: palette, menus, icons; and the commands that are its own.

Owns what a client's manifest says of commands, declared once; their ids, titles and arguments are
:mod:`pinfold.lsp.command_table`'s. The editor is VS Code and whatever is built from it: `when` is a
clause of its, and an icon the name of one of its codicons. Does nothing, and is quick to import.

A command that is about a folder is off where there is neither a folder nor a file to go by. No
command has an `enablement` for trust: one that is off for it stays in the palette, and says why it
is off and how trust is given when somebody invokes it. One that is merely grey would leave him to
guess.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from pinfold.lsp.command_table import COMMANDS, FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterable

CATEGORY = "Pinfold"
"""Stands before each title in the palette."""

VIEW = "pinfold.environments"
"""The id of the view of environments and packages."""

# The server knows nothing of a document that was never saved, or of one side of a comparison. In a
# remote window, clauses are judged where its files have another scheme than where extensions run.
_ON_DISK = "resourceScheme =~ /^(file|vscode-remote)$/"

REQUIREMENTS = f"resourceLangId == pip-requirements && {_ON_DISK}"
"""Of whatever file an editor or the explorer shows, wherever it is."""

ENABLEMENT = f"workspaceFolderCount != 0 || {_ON_DISK}"
"""Where there is something that says which folder is meant."""

EXPLORER_FOLDER = "explorerResourceIsFolder"
IN_VIEW = f"view == {VIEW}"


class Menu(Enum):
    """A menu of the editor; the value is its name in a manifest."""

    EDITOR_TITLE = "editor/title"
    EDITOR_CONTEXT = "editor/context"
    EXPLORER_CONTEXT = "explorer/context"
    VIEW_TITLE = "view/title"
    VIEW_ITEM = "view/item/context"


@dataclass(frozen=True, slots=True)
class Entry:
    """A command's place in a menu; `group` is how the editor orders them."""

    menu: Menu
    when: str
    group: str


@dataclass(frozen=True, slots=True)
class Shown:
    """How a command is shown.

    `palette` says when the palette has it: empty for always, ``None`` for never.
    """

    icon: str
    entries: tuple[Entry, ...] = ()
    palette: str | None = ""


@dataclass(frozen=True, slots=True)
class ClientCommand:
    """A command that the client carries out itself; the server never hears of it."""

    id: str
    title: str
    shown: Shown
    is_about_folder: bool = False


def _requirements_file(order: int) -> tuple[Entry, ...]:
    """Return the places of what is done with a requirements file."""
    return (
        Entry(Menu.EDITOR_CONTEXT, REQUIREMENTS, f"pinfold@{order}"),
        Entry(Menu.EXPLORER_CONTEXT, REQUIREMENTS, f"pinfold@{order}"),
    )


def _view_title(group: str) -> Entry:
    return Entry(Menu.VIEW_TITLE, IN_VIEW, group)


def _node(group: str, kinds: str, mark: str = "", *, but: str = "", when: str = "") -> Entry:
    """Return a place at the nodes of the view of some *kinds*, with a *mark*, and *but* without.

    What a node is called there, its context value, are words: its kind, and then its marks.
    """
    clauses = [IN_VIEW, f"viewItem =~ /^({kinds})\\b/"]
    if mark:
        clauses.append(f"viewItem =~ /\\b{mark}\\b/")
    if but:
        clauses.append(f"!(viewItem =~ /\\b{but}\\b/)")
    return Entry(Menu.VIEW_ITEM, " && ".join([*clauses, *([when] if when else [])]), group)


_READ_ONLY = "readonly"
"""The mark of packages of which every change would be refused: a button is no trap."""

_HAS_PYTHON_EXTENSION = "pinfold.hasPythonExtension"

SHOWN: dict[str, Shown] = {
    "pinfold.selectEnvironment": Shown(
        "check",
        (
            _node("inline@1", "environment", but="selected"),
            _node("1_use@1", "environment", but="selected"),
            _view_title("1_choose@1"),
        ),
    ),
    "pinfold.adoptEnvironment": Shown("inbox", palette=_HAS_PYTHON_EXTENSION),
    "pinfold.explainEnvironment": Shown("question", (_view_title("3_look@1"),)),
    "pinfold.diagnoseEnvironment": Shown(
        "pulse", (_node("3_care@1", "environment|interpreter"), _view_title("3_look@2"))
    ),
    "pinfold.createEnvironment": Shown(
        "add",
        (
            _view_title("navigation@1"),
            _node("inline@1", "interpreter"),
            _node("1_use@1", "interpreter"),
        ),
    ),
    "pinfold.removeEnvironment": Shown("trash", (_node("3_care@4", "environment"),)),
    "pinfold.rebuildEnvironment": Shown(
        "tools",
        (
            _node("inline@3", "environment", "broken"),
            _node("3_care@2", "environment"),
        ),
    ),
    "pinfold.installRequirements": Shown(
        "cloud-download",
        (
            Entry(Menu.EDITOR_TITLE, REQUIREMENTS, "navigation@1"),
            *_requirements_file(1),
            _node("2_change@1", "environment"),
        ),
    ),
    "pinfold.installPackages": Shown(
        "desktop-download",
        (_node("2_change@3", "environment"), _view_title("1_choose@2")),
    ),
    "pinfold.uninstallPackages": Shown(
        "trash",
        (
            _node("inline@3", "package|wrong", but=_READ_ONLY),
            _node("1_use@3", "package|wrong", but=_READ_ONLY),
        ),
    ),
    "pinfold.upgradePackages": Shown(
        "arrow-up",
        (
            _node("inline@2", "package|wrong", but=_READ_ONLY),
            _node("1_use@2", "package|wrong", but=_READ_ONLY),
            _node("2_change@4", "environment"),
        ),
    ),
    "pinfold.syncEnvironment": Shown(
        "sync",
        (
            Entry(Menu.EDITOR_TITLE, REQUIREMENTS, "pinfold@2"),
            *_requirements_file(2),
            _node("2_change@2", "environment"),
        ),
    ),
    "pinfold.freeze": Shown("save-as", (_node("4_look@1", "environment"),)),
    "pinfold.pinAll": Shown(
        "pin",
        (Entry(Menu.EDITOR_TITLE, REQUIREMENTS, "pinfold@3"), *_requirements_file(3)),
    ),
    "pinfold.undo": Shown("discard", (_node("3_care@3", "environment"), _view_title("2_undo@1"))),
    "pinfold.showHistory": Shown("history", (_view_title("2_undo@2"),)),
    "pinfold.showDependencyTree": Shown(
        "list-tree",
        (_node("2_look@2", "package|wrong"), _node("4_look@2", "environment")),
    ),
    "pinfold.explainPackage": Shown("question", (_node("2_look@1", "package|wrong"),)),
    "pinfold.refresh": Shown("refresh", (_view_title("navigation@2"),)),
}
"""How each command for people is shown."""

CLIENT_COMMANDS: tuple[ClientCommand, ...] = (
    # Create Environment by another title, for a folder that somebody points at.
    ClientCommand(
        "pinfold.createEnvironmentHere",
        "Create Environment Here...",
        Shown("add", (Entry(Menu.EXPLORER_CONTEXT, EXPLORER_FOLDER, "pinfold@1"),), palette=None),
        is_about_folder=True,
    ),
    ClientCommand(
        "pinfold.openTerminal",
        "Open Terminal in This Environment",
        Shown(
            "terminal",
            (
                Entry(Menu.EXPLORER_CONTEXT, EXPLORER_FOLDER, "pinfold@2"),
                _node("inline@2", "environment"),
                _node("1_use@2", "environment"),
            ),
        ),
        is_about_folder=True,
    ),
    ClientCommand(
        "pinfold.revealEnvironment",
        "Reveal Folder",
        Shown("folder-opened", (_node("9_path@1", "environment|interpreter"),), palette=None),
    ),
    ClientCommand(
        "pinfold.copyEnvironmentPath",
        "Copy Path",
        Shown("copy", (_node("9_path@2", "environment|interpreter"),), palette=None),
    ),
    ClientCommand(
        "pinfold.publishEnvironment",
        "Use This Environment in the Python Extension Too",
        Shown(
            "export",
            (_node("1_use@3", "environment", when=_HAS_PYTHON_EXTENSION),),
            palette=_HAS_PYTHON_EXTENSION,
        ),
        is_about_folder=True,
    ),
    ClientCommand(
        "pinfold.installWanted",
        "Install What Is Asked For",
        Shown(
            "desktop-download",
            (
                _node("inline@1", "missing|wrong", but=_READ_ONLY),
                _node("1_use@1", "missing|wrong", but=_READ_ONLY),
            ),
            palette=None,
        ),
    ),
    ClientCommand("pinfold.showLog", "Show Log", Shown("output")),
    ClientCommand("pinfold.restart", "Restart Server", Shown("debug-restart")),
    ClientCommand("pinfold.reportIssue", "Report Issue...", Shown("bug")),
)
"""What the client does by itself."""


def contributed_commands() -> list[dict[str, str]]:
    """Return `contributes.commands` of the client's manifest."""
    return [
        {
            "command": command,
            "title": title,
            "category": CATEGORY,
            "icon": f"$({shown.icon})",
            **({"enablement": ENABLEMENT} if is_about_folder else {}),
        }
        for command, title, shown, is_about_folder in _all()
    ]


def contributed_menus() -> dict[str, list[dict[str, str]]]:
    """Return `contributes.menus` of the client's manifest."""
    palette = [
        {"command": command, "when": "false" if shown.palette is None else shown.palette}
        for command, _, shown, _ in _all()
        if shown.palette != ""
    ]
    menus = {"commandPalette": palette}
    for menu in Menu:
        found = [
            (entry.group, {"command": command, "when": entry.when, "group": entry.group})
            for command, _, shown, _ in _all()
            for entry in shown.entries
            if entry.menu is menu
        ]
        menus[menu.value] = [shape for _, shape in sorted(found, key=lambda pair: pair[0])]
    return {menu: entries for menu, entries in menus.items() if entries}


def _all() -> Iterable[tuple[str, str, Shown, bool]]:
    """Return every command that a person may see, with its title, and if it is about a folder."""
    for command in COMMANDS:
        if command.is_for_people:
            yield command.id, command.title, SHOWN[command.id], FOLDER in command.arguments
    for own in CLIENT_COMMANDS:
        yield own.id, own.title, own.shown, own.is_about_folder
