"""What a client says of itself in `initialize`, and what the answer says of the server.

Owns the reading of parameters that may be missing or malformed, and every capability that is
announced. Whatever a client leaves out has a default.
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from pinfold.lsp.command_table import COMMANDS
from pinfold.lsp.convert import chosen_encoding, path_of_uri
from pinfold.lsp.diagnostic_texts import ClientDiagnostics
from pinfold.lsp.editor_settings import INSTALLERS, OPEN_FILES_ONLY

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pinfold.lsp.command_table import Command
    from pinfold.lsp.convert import PositionEncoding

_LOGGER = logging.getLogger("pinfold.lsp")

DEFAULT_DEBOUNCE_MS = 20
MAX_DEBOUNCE_MS = 10_000

_WATCHED = ("**/*.txt", "**/*.in", "**/pyproject.toml", "**/pinfold.toml", "**/.gitignore")

_DIAGNOSTIC_OPTIONS = {
    "identifier": "pinfold",
    "interFileDependencies": True,
    "workspaceDiagnostics": True,
}


@dataclass(frozen=True, slots=True)
class ToolSettings:
    """What a person has set of installers: which one, ``auto`` for uv where it is, and where uv is.

    That is a matter of the machine and not of the project, so the editor's settings have it.
    """

    installer: str = "auto"
    uv: Path | None = None

    @classmethod
    def of(cls, found: object) -> ToolSettings:
        """Read `installer` and `uvPath`; what is malformed has its default."""
        found = found if isinstance(found, dict) else {}
        installer, uv = found.get("installer"), found.get("uvPath")
        path = Path(os.path.expanduser(uv)) if isinstance(uv, str) and uv.strip() else None  # noqa: PTH111
        is_usable = path is None or (path.is_absolute() and "\0" not in str(path))
        if installer not in (None, *INSTALLERS) or not is_usable:
            _LOGGER.warning("ignored settings of installers, which are malformed")
        return cls(
            installer if isinstance(installer, str) and installer in INSTALLERS else "auto",
            path if is_usable else None,
        )


@dataclass(frozen=True, slots=True)
class Client:
    """What is known of the client once it has shaken hands."""

    capabilities: Mapping[str, Any]
    options: Mapping[str, Any]
    roots: tuple[Path, ...]
    root_names: Mapping[Path, str]
    process_id: int | None

    @classmethod
    def of(cls, params: object) -> Client:
        """Read the parameters of `initialize`, as they came."""
        params = params if isinstance(params, dict) else {}
        capabilities = params.get("capabilities")
        options = params.get("initializationOptions")
        process_id = params.get("processId")
        return cls(
            capabilities if isinstance(capabilities, dict) else {},
            options if isinstance(options, dict) else {},
            tuple(_roots(params)),
            folder_names(params.get("workspaceFolders")),
            process_id if isinstance(process_id, int) else None,
        )

    def capability(self, *names: str) -> Any:
        """Return one of the client's capabilities by its path, ``None`` where it says nothing."""
        found: Any = self.capabilities
        for name in names:
            found = found.get(name) if isinstance(found, dict) else None
        return found

    @property
    def encoding(self) -> PositionEncoding:
        """What columns are counted in."""
        return chosen_encoding(self.capability("general", "positionEncodings"))

    @property
    def diagnostics(self) -> ClientDiagnostics:
        """What the client understands of a diagnostic."""
        pushed = self.capability("textDocument", "publishDiagnostics")
        if self.pulls:
            return ClientDiagnostics.of(self.capability("textDocument", "diagnostic"), pushed)
        return ClientDiagnostics.of(pushed)

    @property
    def pulls(self) -> bool:
        """Whether the client asks for diagnostics, so that none are published."""
        return isinstance(self.capability("textDocument", "diagnostic"), dict)

    @property
    def registers_pulls(self) -> bool:
        """Whether the client wants to be told after the handshake that it may ask."""
        found = self.capability("textDocument", "diagnostic", "dynamicRegistration")
        return self.pulls and found is True

    @property
    def can_refresh(self) -> bool:
        """Whether the client can be asked to ask again for diagnostics."""
        return self.capability("workspace", "diagnostics", "refreshSupport") is True

    @property
    def can_watch(self) -> bool:
        """Whether the client watches files for us."""
        found = self.capability("workspace", "didChangeWatchedFiles", "dynamicRegistration")
        return found is True

    @property
    def can_resolve_edits(self) -> bool:
        """Whether a code action may be offered without its edit."""
        resolvable = self.capability("textDocument", "codeAction", "resolveSupport", "properties")
        has_data = self.capability("textDocument", "codeAction", "dataSupport") is True
        return has_data and isinstance(resolvable, list) and "edit" in resolvable

    @property
    def executes_commands(self) -> bool:
        """Whether the client asks for commands that a code action names.

        One with an interface for our commands does, though it may register them by itself.
        """
        return self.has_ui or isinstance(self.capability("workspace", "executeCommand"), dict)

    @property
    def shows_disabled_actions(self) -> bool:
        """Whether a code action may say why it is off."""
        return self.capability("textDocument", "codeAction", "disabledSupport") is True

    @property
    def has_ui(self) -> bool:
        """Whether the client has pickers and a status bar of its own."""
        found = self.capability("experimental", "pinfold", "ui")
        return found is True or isinstance(found, dict)

    @property
    def has_preview(self) -> bool:
        """Whether the client can show what a command would do."""
        return self.capability("experimental", "pinfold", "ui", "preview") is True

    @property
    def has_terminals(self) -> bool:
        """Whether it sets variables for the terminals that it opens."""
        return self.capability("experimental", "pinfold", "ui", "terminals") is True

    @property
    def has_command_links(self) -> bool:
        """Whether links that run commands may stand in what the client shows."""
        return self.capability("experimental", "pinfold", "ui", "commandLinks") is True

    @property
    def has_progress(self) -> bool:
        """Whether the client shows progress that the server begins."""
        return self.capability("window", "workDoneProgress") is True

    @property
    def shows_documents(self) -> bool:
        """Whether the client can be asked to show a file."""
        return self.capability("window", "showDocument", "support") is True

    @property
    def applies_edits(self) -> bool:
        """Whether the client can be asked to change files."""
        return self.capability("workspace", "applyEdit") is True

    @property
    def has_versioned_edits(self) -> bool:
        """Whether an edit may say of which version of a document it is."""
        return self.capability("workspace", "workspaceEdit", "documentChanges") is True

    @property
    def creates_files(self) -> bool:
        """Whether an edit may make a file."""
        return self._may("create")

    @property
    def deletes_files(self) -> bool:
        """Whether an edit may take a file away."""
        return self._may("delete")

    def _may(self, operation: str) -> bool:
        found = self.capability("workspace", "workspaceEdit", "resourceOperations")
        return self.has_versioned_edits and isinstance(found, list) and operation in found

    @property
    def tools(self) -> ToolSettings:
        """What is set of installers to begin with."""
        return ToolSettings.of(self.options)

    @property
    def is_trusted(self) -> bool | None:
        """Whether the workspace is trusted to begin with, ``None`` if the client says nothing."""
        found = self.options.get("trusted")
        return found if isinstance(found, bool) else None

    @property
    def debounce_ms(self) -> int:
        """How long it is waited after an edit of what takes long to judge."""
        found = self.options.get("debounceMs")
        if not isinstance(found, int) or isinstance(found, bool):
            return DEFAULT_DEBOUNCE_MS
        return max(0, min(found, MAX_DEBOUNCE_MS))

    @property
    def judges_closed_files(self) -> bool:
        """Whether the files of the workspace are judged that are not open."""
        return self.options.get("diagnosticMode") != OPEN_FILES_ONLY

    def registrations(self) -> list[Mapping[str, Any]]:
        """Return what is registered with the client after the handshake."""
        registrations: list[Mapping[str, Any]] = []
        if self.can_watch:
            registrations.append(
                {
                    "id": "pinfold-watched-files",
                    "method": types.WORKSPACE_DID_CHANGE_WATCHED_FILES,
                    "registerOptions": {
                        "watchers": [{"globPattern": pattern} for pattern in _WATCHED]
                    },
                }
            )
        if self.registers_pulls:
            registrations.append(
                {
                    "id": "pinfold-diagnostics",
                    "method": types.TEXT_DOCUMENT_DIAGNOSTIC,
                    "registerOptions": {"documentSelector": None, **self._diagnostic_options()},
                }
            )
        return registrations

    def server_capabilities(self, more_commands: Iterable[Command] = ()) -> dict[str, Any]:
        """Return what the server can do for this client."""
        capabilities: dict[str, Any] = {
            "positionEncoding": self.encoding.value,
            "textDocumentSync": {
                "openClose": True,
                "change": types.TextDocumentSyncKind.Incremental.value,
                "save": {"includeText": False},
            },
            "codeActionProvider": {
                "codeActionKinds": ["quickfix", "source.fixAll.pinfold"],
                "resolveProvider": self.can_resolve_edits,
            },
            "documentLinkProvider": {"resolveProvider": False},
            "executeCommandProvider": {
                "commands": [command.id for command in (*COMMANDS, *more_commands)],
                "workDoneProgress": True,
            },
            "hoverProvider": True,
            "workspace": {"workspaceFolders": {"supported": True, "changeNotifications": True}},
        }
        if self.has_ui:
            people = [command.id for command in COMMANDS if command.is_for_people]
            capabilities["experimental"] = {"pinfold": {"commands": people}}
        if self.pulls and not self.registers_pulls:
            capabilities["diagnosticProvider"] = self._diagnostic_options()
        return capabilities

    def _diagnostic_options(self) -> dict[str, Any]:
        return {**_DIAGNOSTIC_OPTIONS, "workspaceDiagnostics": self.judges_closed_files}


def folders(found: object) -> list[Path]:
    """Return the local paths of workspace folders, as they came."""
    if not isinstance(found, list):
        return []
    uris = [folder.get("uri") if isinstance(folder, dict) else None for folder in found]
    return [path for uri in uris if isinstance(uri, str) and (path := path_of_uri(uri))]


def folder_names(found: object) -> dict[Path, str]:
    """Return what workspace folders are called, of those that have a name, as they came."""
    names: dict[Path, str] = {}
    for folder in found if isinstance(found, list) else ():
        name = folder.get("name") if isinstance(folder, dict) else None
        if isinstance(name, str) and name.strip():
            names.update(dict.fromkeys(folders([folder]), name))
    return names


def _roots(params: Mapping[str, Any]) -> list[Path]:
    roots = folders(params.get("workspaceFolders"))
    if roots:
        return roots
    root_uri = params.get("rootUri")
    root = path_of_uri(root_uri) if isinstance(root_uri, str) else None
    if root is not None:
        return [root]
    root_path = params.get("rootPath")
    if isinstance(root_path, str) and os.path.isabs(root_path):  # noqa: PTH117 - not yet a path
        return [Path(root_path)]
    return []
