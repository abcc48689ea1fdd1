"""The protocol's life cycle on top of pygls: who may ask what when, and what an error looks like.

Takes over from pygls what concerns text (its own store breaks lines at form feeds and spends more
on an edit than judging it costs), the handshake, and every answer to what cannot be understood.
Requests about documents go to :mod:`pinfold.lsp.requests`, which is imported with the first.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.protocol import (
    JsonRPCNotification,
    JsonRPCRequestMessage,
    LanguageServerProtocol,
    lsp_method,
)

from pinfold import __version__
from pinfold.lsp.convert import InvalidChange, path_of_uri
from pinfold.lsp.diagnostics import Diagnostics
from pinfold.lsp.documents import Documents
from pinfold.lsp.handshake import Client, ToolSettings, folder_names, folders
from pinfold.lsp.late_answers import LateAnswers
from pinfold.lsp.parent import watch_parent
from pinfold.lsp.plain_text import as_shown
from pinfold.lsp.reports import OpenReports

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cattrs import Converter
    from pygls.lsp.server import LanguageServer

    from pinfold.features.environment_status import OtherSelection
    from pinfold.features.environments import Json
    from pinfold.lsp.command_table import Command
    from pinfold.lsp.commands import Commands, Handler
    from pinfold.lsp.documents import OpenFile
    from pinfold.lsp.install_failures import FailedLine
    from pinfold.lsp.pulling import Puller
    from pinfold.lsp.status import StatusTeller

_LOGGER = logging.getLogger("pinfold.lsp")

# Handed to our methods as they came: building pygls' objects for them costs more than they do.
_RAW_METHODS = frozenset(
    {
        types.INITIALIZE,
        types.TEXT_DOCUMENT_DID_OPEN,
        types.TEXT_DOCUMENT_DID_CHANGE,
        types.TEXT_DOCUMENT_DID_CLOSE,
        types.TEXT_DOCUMENT_DID_SAVE,
        types.WORKSPACE_DID_CHANGE_CONFIGURATION,
        types.WORKSPACE_DID_CHANGE_WATCHED_FILES,
        types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS,
    }
)

IDLE_S = 2.0
"""How long after the handshake it is looked for what an earlier session has left half-way.

First diagnostics go before that, and nothing waits for it."""

# pygls has a handler for these, but nothing here has notebooks, progress or traces; commands and
# what is cancelled go another way.
_NOT_OURS = frozenset(
    {
        types.CANCEL_REQUEST,
        types.SET_TRACE,
        types.NOTEBOOK_DOCUMENT_DID_OPEN,
        types.NOTEBOOK_DOCUMENT_DID_CHANGE,
        types.NOTEBOOK_DOCUMENT_DID_CLOSE,
        types.WORKSPACE_EXECUTE_COMMAND,
        types.WINDOW_WORK_DONE_PROGRESS_CANCEL,
    }
)


class Refusal(JsonRpcException):
    """A request that cannot be served, with the protocol's code for the reason."""


class PinfoldProtocol(LanguageServerProtocol):
    """One session with one client.

    `end` is called with the exit status when the session is over. Properties are avoided: pygls
    asks for every attribute of this class while it sets itself up.
    """

    def __init__(self, server: LanguageServer, converter: Converter) -> None:
        self.send_text: Callable[[str], None] = _not_connected
        self.end: Callable[[int], None] = _never_started
        self.has_input: Callable[[], bool] = _never_more
        self.reads_environments = True
        self.documents: Documents | None = None
        self.diagnostics: Diagnostics | None = None
        self.client = Client.of(None)
        self.late_answers = LateAnswers(self._send_text)
        self._puller: Puller | None = None
        self._requests_sent = 0
        self._on_answer: dict[str, Callable[[Mapping[str, Any]], None]] = {}
        self._commands: Commands | None = None
        self._status: StatusTeller | None = None
        self.more_commands: Mapping[Command, Handler] = {}
        # What the client says of the workspace; ``None`` if it says nothing.
        self.is_trusted: bool | None = None
        self.tools = ToolSettings()
        # What other programs have selected, by folder; it never counts, and is only told.
        self.other_selections: Mapping[Path, OtherSelection] = {}
        self._idle_handle: asyncio.TimerHandle | None = None
        super().__init__(server, converter)

    # What comes in.

    def receive(self, body: bytes | None) -> None:
        """Handle one message; whatever it is, an answer is given to what asks for one."""
        if body is None:
            self._refuse(None, _PARSE_ERROR, "header without a readable Content-Length")
            return
        try:
            data = json.loads(body)
        except (ValueError, RecursionError):
            self._refuse(None, _PARSE_ERROR, "message is not JSON")
            return
        if not isinstance(data, dict) or data.get("jsonrpc") != "2.0":
            self._refuse(_id_of(data), _INVALID_REQUEST, "message is not JSON-RPC 2.0")
            return
        method = data.get("method")
        if method is None:
            self._receive_response(data)
        elif not isinstance(method, str) or ("id" in data and _id_of(data) is None):
            self._refuse(_id_of(data), _INVALID_REQUEST, "message has no proper method and id")
        elif "id" in data:
            self._receive_request(data, method)
        else:
            self._receive_notification(data, method)

    def structure_message(self, data: dict[str, Any]) -> Any:
        """Return *data* as what handlers get; the parameters of our own stay as they are."""
        method: str = data["method"]
        kind = None if method in _RAW_METHODS else self.get_message_type(method)
        if kind is not None:
            try:
                return self._converter.structure(data, kind)
            except Exception as error:
                # Not by pygls' own way, which fills the log with its insides.
                raise Refusal(f"invalid parameters of {method}", _INVALID_PARAMS) from error
        if "id" in data:
            return JsonRPCRequestMessage(data["id"], method, "2.0", data.get("params"))
        return JsonRPCNotification(method, "2.0", data.get("params"))

    def _receive_request(self, data: dict[str, Any], method: str) -> None:
        identifier = data["id"]
        if self._shutdown:
            self._refuse(identifier, _INVALID_REQUEST, "the server is shutting down")
        elif self.documents is None and method != types.INITIALIZE:
            self._refuse(identifier, _NOT_INITIALIZED, "the server is not initialized")
        elif method in _LATE_METHODS and self._puller is not None:
            self._receive_pull(identifier, method, data.get("params"))
        elif method == types.WORKSPACE_EXECUTE_COMMAND:
            self._receive_command(identifier, data.get("params"))
        elif method == VALIDATE_INPUT and self._commands is not None:
            self._commands.validate_input(identifier, data.get("params"))
        elif not self._handles(method):
            self._refuse(identifier, _METHOD_NOT_FOUND, f"there is no method {method:.100}")
        else:
            try:
                message = self.structure_message(data)
            except JsonRpcException as error:
                self._refuse(identifier, error.code, error.message)
            else:
                self.handle_message(message)

    def _receive_pull(self, identifier: int | str, method: str, params: object) -> None:
        assert self._puller is not None
        params = params if isinstance(params, dict) else {}
        answer = self.late_answers.begin(identifier)
        if method == types.TEXT_DOCUMENT_DIAGNOSTIC:
            uri = _uri_of(params)
            if uri is not None:
                self._puller.pull_document(answer, uri, _string(params, "previousResultId"))
                return
        else:
            known, token = _known_results(params), params.get("partialResultToken")
            if known is not None and (token is None or isinstance(token, (str, int))):
                if self.diagnostics is not None:
                    # Whoever asks is ready, though it may have forgotten to say so.
                    self.diagnostics.start()
                self._puller.pull_workspace(answer, known, token)
                return
        answer.refuse(_INVALID_PARAMS, f"invalid parameters of {method}")

    def _receive_command(self, identifier: int | str, params: object) -> None:
        self._commands_of_session().execute(identifier, params)

    def _commands_of_session(self) -> Commands:
        if self._commands is None:
            from pinfold.lsp.commands import Abilities, Commands

            assert self.documents is not None
            client = self.client
            abilities = Abilities(
                has_ui=client.has_ui,
                has_preview=client.has_preview,
                has_progress=client.has_progress,
                shows_documents=client.shows_documents,
                applies_edits=client.applies_edits,
                has_versions=client.has_versioned_edits,
                creates_files=client.creates_files,
                deletes_files=client.deletes_files,
            )
            self._commands = Commands(
                self,
                self,
                self.documents,
                self.late_answers,
                abilities,
                self.more_commands,
                recovers=self.reads_environments,
            )
        return self._commands

    def _read_variables(self, prefix: Path, take: Callable[[Sequence[Json]], None]) -> None:
        self._commands_of_session().read_variables(prefix, take)

    def _recover(self) -> None:
        if not self._shutdown:
            self._commands_of_session().recover()

    def _receive_notification(self, data: dict[str, Any], method: str) -> None:
        if method == types.EXIT:
            self.end(0 if self._shutdown else 1)
            return
        if self._shutdown or self.documents is None:
            return
        if method == types.CANCEL_REQUEST:
            self._cancel(data.get("params"))
            return
        if method == types.WINDOW_WORK_DONE_PROGRESS_CANCEL:
            self._cancel_progress(data.get("params"))
            return
        if method == TRUST_CHANGED:
            self._trust_changed(data.get("params"))
            return
        if method == ACTIVE_EDITOR_CHANGED:
            self._active_editor_changed(data.get("params"))
            return
        if method == OTHER_SELECTION:
            self._selected_elsewhere(data.get("params"))
            return
        if not self._handles(method):
            return
        if method == types.TEXT_DOCUMENT_DID_CHANGE:
            # The one that comes with every key goes the shortest way.
            self.lsp_text_document__did_change(data.get("params"))
            return
        try:
            message = self.structure_message(data)
        except JsonRpcException:
            _LOGGER.warning("ignored %s, whose parameters are malformed", method)
            return
        self.handle_message(message)

    def _cancel(self, params: object) -> None:
        identifier = _id_of(params)
        if identifier is not None:
            self.late_answers.cancel(identifier)

    def _cancel_progress(self, params: object) -> None:
        token = params.get("token") if isinstance(params, dict) else None
        if self._commands is not None and isinstance(token, (int, str)):
            self._commands.cancel_progress(token)

    def _trust_changed(self, params: object) -> None:
        is_trusted = params.get("trusted") if isinstance(params, dict) else None
        if isinstance(is_trusted, bool):
            self.is_trusted = is_trusted
            if self._commands is not None:
                self._commands.trust_changed()
        else:
            _LOGGER.warning("ignored %s, whose parameters are malformed", TRUST_CHANGED)

    def _active_editor_changed(self, params: object) -> None:
        uri = params.get("uri") if isinstance(params, dict) else None
        if self._status is not None and (uri is None or isinstance(uri, str)):
            self._status.show(uri)

    def _selected_elsewhere(self, params: object) -> None:
        from pinfold.features.environment_status import OtherSelection

        folder, environment = _path_of(params, "folder"), _path_of(params, "environment")
        source = _string(params, "source")
        if folder is None or source is None:
            _LOGGER.warning("ignored %s, whose parameters are malformed", OTHER_SELECTION)
            return
        others = {known: other for known, other in self.other_selections.items() if known != folder}
        if environment is not None:
            others[folder] = OtherSelection(source, environment)
        self.other_selections = others
        if self._status is not None:
            self._status.changed()

    def _receive_response(self, data: dict[str, Any]) -> None:
        identifier = _id_of(data)
        if identifier is None or not ("result" in data or "error" in data):
            self._refuse(None, _INVALID_REQUEST, "message is neither a request nor a response")
            return
        on_answer = self._on_answer.pop(str(identifier), None)
        if on_answer is not None:
            on_answer(data)
            return
        future = self._request_futures.pop(identifier, None)
        self._result_types.pop(identifier, None)
        if future is None:
            return
        if "error" in data:
            future.set_exception(JsonRpcException(f"the client refused: {data['error']!r:.200}"))
        else:
            future.set_result(data["result"])

    def _handles(self, method: str) -> bool:
        return method in self.fm.builtin_features and method not in _NOT_OURS

    # What goes out.

    def _send_text(self, text: str) -> None:
        self.send_text(text)

    def _send_data(self, data: Any) -> None:
        if data:
            self.send_text(json.dumps(data, default=self._serialize_message, separators=(",", ":")))

    def _send_response(
        self, msg_id: Any, result: Any | None = None, error: types.ResponseError | None = None
    ) -> None:
        if error is not None:
            message = error.message
            if error.code == _INTERNAL_ERROR:
                # What went wrong in here is for the log; the message may hold anything.
                message = "internal error; the log of the server says more"
            self._refuse(msg_id, error.code, message)
            return
        self._send_data({"jsonrpc": "2.0", "id": msg_id, "result": _plain(self, result)})

    def _refuse(self, identifier: int | str | None, code: int, message: str) -> None:
        error = {"code": code, "message": message}
        self._send_data({"jsonrpc": "2.0", "id": identifier, "error": error})

    # The life of a session.

    @lsp_method(types.INITIALIZE)
    def lsp_initialize(  # type: ignore[override]  # pygls' is a generator, to call a second handler
        self, params: Any
    ) -> dict[str, Any]:
        """Shake hands; the answer says what this server can do."""
        if self.documents is not None:
            raise Refusal("the server is initialized already", code=_INVALID_REQUEST)
        self.client = client = Client.of(params)
        self.is_trusted, self.tools = client.is_trusted, client.tools
        self.documents = Documents(client.encoding, client.roots, client.root_names)
        reports = OpenReports(self.documents, client.diagnostics)
        self.diagnostics = Diagnostics(
            self.documents,
            reports,
            has_watcher=client.can_watch,
            judges_closed_files=client.judges_closed_files,
            reads_environments=self.reads_environments,
        )
        if client.pulls:
            from pinfold.lsp.pulling import Puller

            self._puller = self.diagnostics.channel = Puller(
                self.documents,
                reports,
                self.send_text,
                refresh=self._refresh if client.can_refresh else None,
                is_settled=self.diagnostics.is_settled,
            )
        else:
            from pinfold.lsp.publishing import Publisher

            self.diagnostics.channel = Publisher(
                self.documents,
                reports,
                self.send_text,
                debounce_ms=client.debounce_ms,
                has_input=self.has_input,
            )
        if client.has_ui:
            from pinfold.lsp.status import StatusTeller

            self._status = StatusTeller(
                self.documents,
                reports,
                self.diagnostics,
                self.tell,
                lambda: self.other_selections,
                has_links=client.has_command_links,
                read_variables=self._read_variables if client.has_terminals else None,
            )
        watch_parent(client.process_id, self.end)
        return {
            "capabilities": client.server_capabilities(self.more_commands),
            "serverInfo": {"name": self._server.name, "version": self._server.version},
        }

    @lsp_method(types.INITIALIZED)
    def lsp_initialized(self, _params: Any) -> None:
        """Register what the client wants to be told now, and begin to look around."""
        registrations = self.client.registrations()
        if registrations:
            self._request("client/registerCapability", {"registrations": registrations})
        if self.client.has_ui:
            # What a report of a mistake begins with; such a client has a log that people see.
            self.tell(types.WINDOW_LOG_MESSAGE, {"type": 3, "message": _about(self.client.roots)})
        if self.diagnostics is not None:
            self.diagnostics.start()
        if self.reads_environments and self._idle_handle is None:
            loop = asyncio.get_running_loop()
            self._idle_handle = loop.call_later(IDLE_S, self._recover)

    @lsp_method(types.SHUTDOWN)
    def lsp_shutdown(  # type: ignore[override]  # as above
        self, *_arguments: Any
    ) -> None:
        """Stop all work; only `exit` is listened to from now on."""
        if self.diagnostics is not None:
            self.diagnostics.stop()
        self.late_answers.cancel_all()
        if self._commands is not None:
            self._commands.stop()
        if self._status is not None:
            self._status.stop()
        self._shutdown = True

    async def finish(self, timeout_s: float) -> bool:
        """End what is under way; return whether it came to its end in time."""
        return self._commands is None or await self._commands.finish(timeout_s)

    # Text.

    @lsp_method(types.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: Any) -> None:
        """Take in a document's text."""
        document = params.get("textDocument") if isinstance(params, dict) else None
        if isinstance(document, dict) and self.documents and self.diagnostics:
            uri, text = document.get("uri"), document.get("text")
            language = document.get("languageId")
            if isinstance(uri, str) and isinstance(text, str):
                language = language if isinstance(language, str) else ""
                file = self.documents.open(uri, language, _version(document), text)
                if file is not None:
                    self.diagnostics.opened(file)
                return
        _LOGGER.warning("ignored didOpen, whose parameters are malformed")

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: Any) -> None:
        """Apply edits, each to what the one before it left."""
        document = params.get("textDocument") if isinstance(params, dict) else None
        changes = params.get("contentChanges") if isinstance(params, dict) else None
        uri = document.get("uri") if isinstance(document, dict) else None
        if not isinstance(uri, str) or not isinstance(changes, list) or self.documents is None:
            _LOGGER.warning("ignored didChange, whose parameters are malformed")
            return
        assert isinstance(document, dict)
        try:
            file = self.documents.edit(uri, _version(document), changes)
        except InvalidChange as error:
            _LOGGER.warning("ignored a change of a document: %s", error)
            file = self.documents.at(uri)
        self._changed(file)

    @lsp_method(types.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: Any) -> None:
        """Let go of a document."""
        uri = _uri_of(params)
        file = self.documents.close(uri) if self.documents and uri is not None else None
        if file is not None and self.diagnostics:
            self.diagnostics.closed(file)

    @lsp_method(types.TEXT_DOCUMENT_DID_SAVE)
    def lsp_text_document__did_save(self, params: Any) -> None:
        """Look at the file on disk again; its bytes may say what its text does not."""
        uri = _uri_of(params)
        if uri is None or self.documents is None or self.diagnostics is None:
            return
        self.documents.saved(uri)
        self.diagnostics.saved(path_of_uri(uri))

    def _changed(self, file: OpenFile | None) -> None:
        if file is not None and self.diagnostics is not None:
            self.diagnostics.changed(file)

    # The workspace.

    @lsp_method(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def lsp_workspace__did_change_watched_files(self, params: Any) -> None:
        """Read again what changed on disk."""
        changes = params.get("changes") if isinstance(params, dict) else None
        uris = [_string(change, "uri") for change in changes] if isinstance(changes, list) else []
        paths = [path for uri in uris if uri is not None and (path := path_of_uri(uri))]
        if paths and self.diagnostics:
            self.diagnostics.changed_on_disk(paths)

    @lsp_method(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    def lsp_workspace__did_change_configuration(self, params: Any) -> None:
        """Take in what a person has set of installers, of a client that sends it along."""
        settings = params.get("settings") if isinstance(params, dict) else None
        if isinstance(settings, dict) and isinstance(settings.get("pinfold"), dict):
            self.tools = ToolSettings.of(settings["pinfold"])

    @lsp_method(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    def lsp_workspace__did_change_workspace_folders(self, params: Any) -> None:
        """Add and remove workspace folders."""
        event = params.get("event") if isinstance(params, dict) else None
        if isinstance(event, dict) and self.documents and self.diagnostics:
            added, removed = event.get("added"), event.get("removed")
            self.documents.change_roots(folders(added), folders(removed), folder_names(added))
            self.diagnostics.roots_changed()

    # What is asked about a document.

    @lsp_method(types.TEXT_DOCUMENT_CODE_ACTION)
    def lsp_text_document__code_action(self, params: types.CodeActionParams) -> Any:
        """Offer what mends or silences the findings at a place."""
        from pinfold.lsp.requests import on_code_action

        return on_code_action(self, params)

    @lsp_method(types.CODE_ACTION_RESOLVE)
    def lsp_code_action__resolve(self, action: types.CodeAction) -> Any:
        """Work out the edit of an action that was offered without one."""
        from pinfold.lsp.requests import on_code_action_resolve

        return on_code_action_resolve(self, action)

    @lsp_method(types.TEXT_DOCUMENT_DOCUMENT_LINK)
    def lsp_text_document__document_link(self, params: types.DocumentLinkParams) -> Any:
        """Give the places that a document leads to."""
        from pinfold.lsp.requests import on_document_link

        return on_document_link(self, params)

    @lsp_method(types.TEXT_DOCUMENT_HOVER)
    def lsp_text_document__hover(self, params: types.HoverParams) -> Any:
        """Say something of the place under the cursor."""
        from pinfold.lsp.requests import on_hover

        return on_hover(self, params)

    # What is asked of the client.

    def look_again(self) -> None:
        """Look at the environments now, instead of when the time has come."""
        if self.diagnostics is not None:
            self.diagnostics.look_again()

    def tell_failures(self, failures: Mapping[Path, Sequence[FailedLine]]) -> None:
        """Show these lines as those at which an installation has failed, and no others."""
        if self.diagnostics is not None:
            self.diagnostics.tell_failures(failures)

    async def ask(self, method: str, params: Mapping[str, Any]) -> object:
        """Return the client's answer to a request, which is withdrawn if nobody waits any more.

        Raises:
            ClientRefused: the client answered with an error.
        """
        from pinfold.lsp.ui import ClientRefused

        answered: asyncio.Future[Mapping[str, Any]] = asyncio.get_running_loop().create_future()

        def take(response: Mapping[str, Any]) -> None:
            if not answered.done():
                answered.set_result(response)

        identifier = self._request(method, _masked(as_shown(method, params)), take)
        try:
            response = await answered
        except asyncio.CancelledError:
            self._on_answer.pop(identifier, None)
            self.tell(types.CANCEL_REQUEST, {"id": identifier})
            raise
        if "error" in response:
            raise ClientRefused(f"the client refused {method}")
        return response.get("result")

    def tell(self, method: str, params: Mapping[str, Any]) -> None:
        """Send a notification."""
        shown = _masked(as_shown(method, params))
        self._send_data({"jsonrpc": "2.0", "method": method, "params": shown})

    def _refresh(self, on_answer: Callable[[], None]) -> None:
        self._request(types.WORKSPACE_DIAGNOSTIC_REFRESH, None, lambda _response: on_answer())

    def _request(
        self,
        method: str,
        params: Mapping[str, Any] | None,
        on_answer: Callable[[Mapping[str, Any]], None] | None = None,
    ) -> str:
        """Ask the client for something; return the id by which that can be withdrawn."""
        self._requests_sent += 1
        identifier = f"pinfold-{self._requests_sent}"
        if on_answer is not None:
            self._on_answer[identifier] = on_answer
        request = {"jsonrpc": "2.0", "id": identifier, "method": method}
        self._send_data(request if params is None else {**request, "params": params})
        return identifier


ACTIVE_EDITOR_CHANGED = "pinfold/activeEditorChanged"
OTHER_SELECTION = "pinfold/otherSelection"
TRUST_CHANGED = "pinfold/trustChanged"
VALIDATE_INPUT = "pinfold/validateInput"

_PARSE_ERROR = -32700
_INVALID_REQUEST = -32600
_INVALID_PARAMS = -32602
_INTERNAL_ERROR = -32603
_METHOD_NOT_FOUND = -32601
_NOT_INITIALIZED = -32002

_LATE_METHODS = frozenset({types.TEXT_DOCUMENT_DIAGNOSTIC, types.WORKSPACE_DIAGNOSTIC})


def _about(roots: Sequence[Path]) -> str:
    """Return who is speaking, and on what."""
    implementation = sys.implementation.name
    python = ".".join(map(str, sys.version_info[:3]))
    folders = ", ".join(map(str, roots)) or "none"
    return (
        f"Pinfold {__version__} on {implementation} {python} ({sys.executable}), {sys.platform};"
        f" workspace folders: {folders}"
    )


def _masked(params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return *params* without the passwords of URLs, which files may have brought into a reason."""
    text = json.dumps(params)
    if "://" not in text:
        return params
    from pinfold.core.formats.secrets import masked

    known: Mapping[str, Any] = json.loads(masked(text))
    return known


def _not_connected(_text: str) -> None:
    raise RuntimeError("the protocol is not connected to a client")


def _never_more() -> bool:
    return False


def _never_started(_status: int) -> None:
    raise RuntimeError("the session has not begun")


def _plain(protocol: LanguageServerProtocol, result: Any) -> Any:
    return protocol._converter.unstructure(result)  # noqa: SLF001 - its own


def _id_of(data: object) -> int | str | None:
    identifier = data.get("id") if isinstance(data, dict) else None
    return identifier if isinstance(identifier, (int, str)) else None


def _string(data: object, key: str) -> str | None:
    value = data.get(key) if isinstance(data, dict) else None
    return value if isinstance(value, str) else None


def _path_of(params: object, key: str) -> Path | None:
    """Return what is under *key*, an absolute path or a file URI."""
    text = _string(params, key)
    if text is None or "\0" in text:
        return None
    if text.startswith("file:"):
        return path_of_uri(text)
    path = Path(text)
    return path if path.is_absolute() else None


def _uri_of(params: object) -> str | None:
    return _string(params.get("textDocument") if isinstance(params, dict) else None, "uri")


def _version(document: Mapping[str, Any]) -> int | None:
    version = document.get("version")
    return version if isinstance(version, int) else None


def _known_results(params: Mapping[str, Any]) -> dict[str, str] | None:
    """Return the result ids that a client has, by URI; ``None`` if they are malformed."""
    previous = params.get("previousResultIds", [])
    if not isinstance(previous, list):
        return None
    pairs = [(_string(known, "uri"), _string(known, "value")) for known in previous]
    known = {uri: value for uri, value in pairs if uri is not None and value is not None}
    return known if len(known) == len({uri for uri, _ in pairs}) else None
