"""Every setting of the editor, declared once: what is a matter of this machine, or of taste.

Owns their types, defaults, bounds, scopes and documentation; the client's manifest and the
reference are made from this. What changes findings is none of them: that is a setting of the
project, which :mod:`pinfold.core.settings` declares. Does nothing, and is quick to import.

A client sends what is set as `initializationOptions`, by the names without ``pinfold.``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

PREFIX = "pinfold"

INSTALLERS = ("auto", "uv", "pip")
OPEN_FILES_ONLY = "openFilesOnly"
DIAGNOSTIC_MODES = ("workspace", OPEN_FILES_ONLY)


class Scope(Enum):
    """Where an editor lets somebody set something; the value is its name in a manifest."""

    MACHINE = "machine-overridable"
    WINDOW = "window"
    FOLDER = "resource"


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the values that a setting may have."""

    value: str
    doc: str


@dataclass(frozen=True, slots=True)
class EditorSetting:
    """A setting; its type is that of its `default`.

    `choices` are its only values. One that `needs_trust` counts in a workspace only where that is
    trusted, for it says what is run. One that is not `is_for_server` is the client's own business,
    though it may be sent along.
    """

    name: str
    default: str | bool
    scope: Scope
    doc: str
    choices: tuple[Choice, ...] = ()
    needs_trust: bool = False
    is_for_server: bool = True

    @property
    def key(self) -> str:
        """What it is called in an editor's settings."""
        return f"{PREFIX}.{self.name}"


_ON, _OFF = True, False

EDITOR_SETTINGS: tuple[EditorSetting, ...] = (
    EditorSetting(
        "path",
        "",
        Scope.MACHINE,
        "The `pinfold` command that is used as the server, instead of the one that the extension"
        " brings along. An absolute path; `~/` at the start is the home directory.",
        needs_trust=True,
        is_for_server=False,
    ),
    EditorSetting(
        "python",
        "",
        Scope.MACHINE,
        "The Python that runs the server: an absolute path of an interpreter, 3.10 or newer. Empty:"
        " the first that is found outside of the workspace. It has no bearing on which environment"
        " files are judged against.",
        needs_trust=True,
        is_for_server=False,
    ),
    EditorSetting(
        "installer",
        "auto",
        Scope.WINDOW,
        "What makes environments and installs packages.",
        choices=(
            Choice("auto", "uv where it is found, else pip and venv."),
            Choice("uv", "uv, and nothing else."),
            Choice("pip", "pip and venv, though uv may be there."),
        ),
    ),
    EditorSetting(
        "uvPath",
        "",
        Scope.MACHINE,
        "Where uv is, if it is not where it is looked for: `PATH`, `~/.local/bin`, `~/.cargo/bin`"
        " and the environment itself. An absolute path.",
        needs_trust=True,
    ),
    EditorSetting(
        "diagnosticMode",
        "workspace",
        Scope.WINDOW,
        "Which requirements files are judged.",
        choices=(
            Choice("workspace", "All of the workspace, whether they are open or not."),
            Choice(OPEN_FILES_ONLY, "Only those that are open."),
        ),
    ),
    EditorSetting(
        "terminal.activate",
        _ON,
        Scope.FOLDER,
        "Whether new terminals have the environment of their workspace folder active. That is done"
        " by variables: nothing is typed into a shell, and no start-up file is edited.",
        is_for_server=False,
    ),
    EditorSetting(
        "pythonExtension.publish",
        _OFF,
        Scope.FOLDER,
        "Whether what is selected here is selected in Microsoft's Python extensions, too.",
        is_for_server=False,
    ),
    EditorSetting(
        "trace.server",
        "off",
        Scope.WINDOW,
        "What is written of the messages between editor and server, for whoever looks for a mistake"
        " in them. They hold whatever is in the files.",
        choices=(
            Choice("off", "Nothing."),
            Choice("messages", "Which message goes which way."),
            Choice("verbose", "All of it."),
        ),
        is_for_server=False,
    ),
)


def contributed_configuration() -> dict[str, object]:
    """Return `contributes.configuration` of the client's manifest."""
    properties = {
        setting.key: _property(setting, order) for order, setting in enumerate(EDITOR_SETTINGS)
    }
    return {"title": "Pinfold", "properties": properties}


def restricted_settings() -> list[str]:
    """Return the settings that a workspace which is not trusted must not set."""
    return [setting.key for setting in EDITOR_SETTINGS if setting.needs_trust]


def editor_settings_reference() -> str:
    """Return the section on the editor's settings in Markdown, one sentence a line."""
    return _REFERENCE_START + "".join(map(_reference, EDITOR_SETTINGS))


_REFERENCE_START = """
## Settings of the editor

What is a matter of the machine, or of taste, is set in the editor.
These are the settings of the extension for VS Code.
Any other editor passes what it has a use for as [options](language-server.md#options).
A workspace that is not trusted cannot set what says which program is run.
Of several workspace folders, each has its own value only where that is said below.
"""

_SCOPES = {
    Scope.MACHINE: "the machine, or a workspace",
    Scope.WINDOW: "the person, or a workspace",
    Scope.FOLDER: "the person, a workspace, or a folder of it",
}


def _property(setting: EditorSetting, order: int) -> dict[str, object]:
    kinds = {str: "string", bool: "boolean"}
    shape: dict[str, object] = {
        "type": kinds[type(setting.default)],
        "default": setting.default,
        "scope": setting.scope.value,
        "order": order,
        "markdownDescription": setting.doc,
    }
    if setting.choices:
        shape["enum"] = [choice.value for choice in setting.choices]
        shape["markdownEnumDescriptions"] = [choice.doc for choice in setting.choices]
    return shape


def _reference(setting: EditorSetting) -> str:
    doc = setting.doc.replace(". ", ".\n")
    lines = [f"\n### `{setting.key}`\n\n{doc}\n"]
    if setting.choices:
        lines.append(f"- Values: {', '.join(f'`{choice.value}`' for choice in setting.choices)}")
    else:
        lines.append(f"- Type: {'true or false' if setting.default in (True, False) else 'a path'}")
    shown = {True: "`true`", False: "`false`", "": "empty"}.get(setting.default)
    lines.append(f"- Default: {shown or f'`{setting.default}`'}")
    trust = "; the workspace only if it is trusted" if setting.needs_trust else ""
    lines.append(f"- Set by {_SCOPES[setting.scope]}{trust}")
    lines += ["", *(f"- `{choice.value}`: {choice.doc}" for choice in setting.choices)]
    return "\n".join(lines).rstrip("\n") + "\n"
