"""What the manifest of the VS Code client says of commands, menus and settings."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from docs.generate import (
    CLIENT_COMMANDS,
    MANIFEST,
    client_commands,
    refreshed_manifest,
    stale_pages,
)
from pinfold.lsp.command_table import COMMANDS, COMMANDS_BY_ID
from pinfold.lsp.editor_settings import EDITOR_SETTINGS, Scope, editor_settings_reference
from pinfold.lsp.handshake import Client
from pinfold.lsp.menu_table import (
    CLIENT_COMMANDS as OWN_COMMANDS,
)
from pinfold.lsp.menu_table import (
    SHOWN,
    Menu,
    contributed_commands,
    contributed_menus,
)
from tests.project.checkout import ROOT


def manifest() -> Any:
    """Return the manifest as it is."""
    return json.loads((ROOT / MANIFEST).read_text(encoding="utf-8"))


def test_manifest_is_not_stale() -> None:
    """Manifest and list of commands are as `make docs` would write them now."""
    stale = stale_pages()

    assert {MANIFEST, CLIENT_COMMANDS}.isdisjoint(stale)


def test_a_stale_manifest_is_seen() -> None:
    """What was declared is written anew, whatever stood there; all other keys stay in place."""
    written = {
        "name": "x",
        "contributes": {"menus": {"old": []}, "views": {"a": [1]}, "commands": []},
        "capabilities": {"untrustedWorkspaces": {"supported": "limited"}},
        "zebra": "ü",
    }
    refreshed = refreshed_manifest(json.dumps(written))
    read = json.loads(refreshed)

    assert list(written) == list(read)
    assert ["menus", "views", "commands", "configuration"] == list(read["contributes"])
    assert contributed_menus() == read["contributes"]["menus"]
    assert {"a": [1]} == read["contributes"]["views"]
    assert refreshed.endswith("}\n")
    assert '  "zebra": "ü"' in refreshed
    assert refreshed == refreshed_manifest(refreshed)


def test_each_command_for_people_is_in_the_palette() -> None:
    """With title, category and icon, under ids that the server and the client do not share."""
    people = [command.id for command in COMMANDS if command.is_for_people]
    contributed = contributed_commands()
    own = [command.id for command in OWN_COMMANDS]

    assert sorted(people) == sorted(SHOWN)
    assert [*people, *own] == [one["command"] for one in contributed]
    assert set() == set(own) & COMMANDS_BY_ID.keys()
    assert [] == [
        one
        for one in contributed
        if one["category"] != "Pinfold" or not re.fullmatch(r"\$\([a-z-]+\)", one["icon"])
    ]
    assert people == re.findall(r'"([\w.]+)"', client_commands())


def test_commands_for_programs_are_not_for_menus() -> None:
    """What is of no use to people stands in no menu, and so not in the palette either."""
    shown = {entry["command"] for entries in contributed_menus().values() for entry in entries}
    programs = {command.id for command in COMMANDS if not command.is_for_people}

    assert set() == programs & shown
    assert shown <= {one["command"] for one in contributed_commands()}


def test_menus_where_a_hand_expects_them() -> None:
    """Requirements files have theirs in editor and explorer, folders in the explorer."""
    menus = contributed_menus()
    of_files = ["pinfold.installRequirements", "pinfold.syncEnvironment", "pinfold.pinAll"]

    def commands(menu: Menu, clause: str) -> list[str]:
        return [one["command"] for one in menus[menu.value] if clause in one["when"]]

    for menu in (Menu.EDITOR_TITLE, Menu.EDITOR_CONTEXT, Menu.EXPLORER_CONTEXT):
        assert sorted(of_files) == sorted(commands(menu, "pip-requirements"))
    assert ["pinfold.createEnvironmentHere", "pinfold.openTerminal"] == commands(
        Menu.EXPLORER_CONTEXT, "explorerResourceIsFolder"
    )


def test_menus_of_files_are_for_those_on_disk() -> None:
    """A document that was never saved has nothing that could be installed."""
    menus = contributed_menus()
    clauses = {
        one["when"]
        for menu in (Menu.EDITOR_TITLE, Menu.EDITOR_CONTEXT, Menu.EXPLORER_CONTEXT)
        for one in menus[menu.value]
        if "pip-requirements" in one["when"]
    }

    assert {"resourceLangId == pip-requirements && resourceScheme =~ /^(file|vscode-remote)$/"} == (
        clauses
    )


def test_what_is_about_a_folder_is_off_without_one() -> None:
    """What is about nothing that could be missing is never off."""
    always = [one["command"] for one in contributed_commands() if "enablement" not in one]

    assert [
        "pinfold.refresh",
        "pinfold.revealEnvironment",
        "pinfold.copyEnvironmentPath",
        "pinfold.installWanted",
        "pinfold.showLog",
        "pinfold.restart",
        "pinfold.reportIssue",
    ] == always


def test_welcome_texts_wait_for_the_server() -> None:
    """That there is no environment is said by who has looked; one that is off says that it is."""
    clauses = [one["when"] for one in manifest()["contributes"]["viewsWelcome"]]

    assert [
        "workspaceFolderCount == 0",
        "workspaceFolderCount != 0 && pinfold.state == running && !isWorkspaceTrusted",
        "workspaceFolderCount != 0 && pinfold.state == running && isWorkspaceTrusted",
        "workspaceFolderCount != 0 && pinfold.state == off",
    ] == clauses


def test_what_is_inline_is_in_the_menu_too() -> None:
    """A keyboard reaches no button of a line, but the menu of the line."""
    items = contributed_menus()[Menu.VIEW_ITEM.value]
    inline = {one["command"] for one in items if one["group"].startswith("inline")}
    others = {one["command"] for one in items if not one["group"].startswith("inline")}

    assert inline <= others


def offered_on(node: str) -> set[str]:
    """Return what the menu of a node of the view has, by the words that the node is known by."""
    found = set()
    for entry in contributed_menus()[Menu.VIEW_ITEM.value]:
        clauses = re.findall(r"(!\()?viewItem =~ /(.+?)/", entry["when"])
        if all(bool(re.search(pattern, node)) is not bool(no) for no, pattern in clauses):
            found.add(entry["command"].removeprefix("pinfold."))
    return found


def test_packages_that_cannot_be_changed() -> None:
    """What would be refused is not offered; what only looks is."""
    looking = {"explainPackage", "showDependencyTree"}
    changing = {"upgradePackages", "uninstallPackages"}

    assert looking | changing == offered_on("package")
    assert looking | changing | {"installWanted"} == offered_on("wrong")
    assert {"installWanted"} == offered_on("missing")
    assert looking == offered_on("package readonly") == offered_on("wrong readonly")
    assert set() == offered_on("missing readonly")


@pytest.mark.parametrize("setting", EDITOR_SETTINGS, ids=lambda setting: setting.name)
def test_settings_of_the_editor(setting: Any) -> None:
    """A default is one of the values; what says which program is run needs trust."""
    shape = manifest()["contributes"]["configuration"]["properties"][setting.key]
    restricted = manifest()["capabilities"]["untrustedWorkspaces"]["restrictedConfigurations"]

    assert setting.default == shape["default"]
    assert setting.default in shape.get("enum", [setting.default])
    assert setting.needs_trust is (setting.key in restricted)
    assert not setting.needs_trust or setting.scope is Scope.MACHINE
    assert f"### `{setting.key}`\n" in editor_settings_reference()


def test_defaults_are_those_of_the_server() -> None:
    """A client that sends every setting as it is gets what one gets that sends none."""
    sent = {setting.name: setting.default for setting in EDITOR_SETTINGS}
    told, untold = Client.of({"initializationOptions": sent}), Client.of({})

    assert (untold.debounce_ms, untold.judges_closed_files, untold.tools) == (
        told.debounce_ms,
        told.judges_closed_files,
        told.tools,
    )
