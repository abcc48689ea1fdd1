"""Requests about a document: convert, call, convert.

Every handler recomputes from the workspace as it is now, and believes nothing that a client sends
back of what it was once told. Handlers are plain functions, so that they see exactly the edits that
came before them.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lsprotocol import types

from pinfold.core.files import Unreadable
from pinfold.core.model.text import TextRange
from pinfold.features.code_actions import has_safe_fixes, quick_fixes
from pinfold.features.command_actions import command_actions
from pinfold.features.document_links import document_links
from pinfold.features.hover import hover
from pinfold.lsp.command_table import COMMANDS_BY_ID, UNTRUSTED_AND_HOW
from pinfold.lsp.convert import expressible, to_offset, to_position, uri_of_path
from pinfold.lsp.documents import judged

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pinfold.core.formats.document import Document
    from pinfold.core.model.finding import Edit, Finding
    from pinfold.features.code_actions import QuickFix
    from pinfold.features.command_actions import CommandAction
    from pinfold.lsp.documents import Documents, OpenFile
    from pinfold.lsp.protocol import PinfoldProtocol

FIX_ALL = "source.fixAll.pinfold"


def on_code_action(
    protocol: PinfoldProtocol, params: types.CodeActionParams
) -> list[types.CodeAction]:
    """Offer what mends or silences the findings in a range, and all safe fixes at once."""
    found = _document_and_file(protocol, params.text_document.uri)
    if found is None:
        return []
    documents, file, document = found
    findings = documents.judge(file).findings
    only = params.context.only
    actions: list[types.CodeAction] = []
    if _wants(only, types.CodeActionKind.QuickFix.value):
        span = _span(documents, document, params.range)
        fixes = quick_fixes(document, findings, span)
        for quick_fix in fixes:
            if not quick_fix.silences:
                actions += _quick_fix(protocol, file, document, quick_fix, params.context)
        if protocol.client.executes_commands and file.is_local:
            actions += _command_actions(protocol, file, document, span, params.context)
        # Last, as an editor preselects the first: what is silenced is out of sight, and still so.
        for quick_fix in fixes:
            if quick_fix.silences:
                actions += _quick_fix(protocol, file, document, quick_fix, params.context)
    if _wants(only, FIX_ALL) and has_safe_fixes(findings):
        action = types.CodeAction(
            title="Fix all safe findings of Pinfold",
            kind=FIX_ALL,
            data={"uri": file.uri},
        )
        if protocol.client.can_resolve_edits:
            actions.append(action)
        elif (resolved := _with_all_fixes(protocol, action, file)) is not None:
            actions.append(resolved)
    return actions


def on_code_action_resolve(protocol: PinfoldProtocol, action: types.CodeAction) -> types.CodeAction:
    """Work out the edit that applies all safe fixes to the document as it is now."""
    uri = action.data.get("uri") if isinstance(action.data, dict) else None
    found = _document_and_file(protocol, uri) if isinstance(uri, str) else None
    if found is None or action.kind != FIX_ALL:
        return action
    return _with_all_fixes(protocol, action, found[1]) or action


def on_document_link(
    protocol: PinfoldProtocol, params: types.DocumentLinkParams
) -> list[types.DocumentLink]:
    """Give the places that a document leads to."""
    found = _document_and_file(protocol, params.text_document.uri)
    if found is None:
        return []
    documents, file, document = found
    links: list[types.DocumentLink] = []
    for link in document_links(documents.snapshot, file.path):
        if isinstance(link.target, str):
            target = link.target
        elif file.is_local:
            opened = documents.of(link.target)
            target = uri_of_path(link.target) if opened is None else opened.uri
        else:
            # Nobody knows what a path in a document means that stands nowhere.
            continue
        links.append(
            types.DocumentLink(
                range=_range(documents, document, link.range), target=target, tooltip=link.tooltip
            )
        )
    return links


def on_hover(protocol: PinfoldProtocol, params: types.HoverParams) -> types.Hover | None:
    """Say something of the place under the cursor."""
    found = _document_and_file(protocol, params.text_document.uri)
    if found is None:
        return None
    documents, file, document = found
    offset = _offset(documents, document, params.position)
    said = hover(document, documents.judge(file).findings, offset)
    if said is None:
        return None
    formats = protocol.client.capability("textDocument", "hover", "contentFormat")
    if isinstance(formats, list) and types.MarkupKind.Markdown.value in formats:
        contents = types.MarkupContent(types.MarkupKind.Markdown, said.content.markdown)
    else:
        contents = types.MarkupContent(types.MarkupKind.PlainText, said.content.plain)
    return types.Hover(contents, _range(documents, document, said.range))


def _quick_fix(
    protocol: PinfoldProtocol,
    file: OpenFile,
    document: Document,
    quick_fix: QuickFix,
    context: types.CodeActionContext,
) -> Iterator[types.CodeAction]:
    """Yield the action for a fix, unless the client cannot take its edit."""
    edit = _workspace_edit(protocol, file, quick_fix.edits)
    if edit is not None:
        assert protocol.documents is not None
        yield types.CodeAction(
            title=quick_fix.title,
            kind=types.CodeActionKind.QuickFix,
            diagnostics=_mended(protocol.documents, document, quick_fix.finding, context),
            is_preferred=True if quick_fix.is_preferred else None,
            edit=edit,
        )


def _command_actions(
    protocol: PinfoldProtocol,
    file: OpenFile,
    document: Document,
    span: TextRange,
    context: types.CodeActionContext,
) -> Iterator[types.CodeAction]:
    """Yield what can be done beside the file; what is off is left out, or says why."""
    documents = protocol.documents
    assert documents is not None
    answer = documents.snapshot.facts_of(file.path).environment
    judgement = documents.judge(file)
    for action in command_actions(
        document, file.path, judgement.role, judgement.findings, span, answer, documents.roots
    ):
        is_off = COMMANDS_BY_ID[action.command].needs_trust and protocol.is_trusted is False
        if is_off and not protocol.client.shows_disabled_actions:
            continue
        yield types.CodeAction(
            title=action.title,
            kind=types.CodeActionKind.QuickFix,
            diagnostics=_mended(documents, document, action.finding, context),
            disabled=types.CodeActionDisabled(f"It {UNTRUSTED_AND_HOW}") if is_off else None,
            command=types.Command(action.title, action.command, arguments=[_argument(action)]),
        )


def _argument(action: CommandAction) -> dict[str, object]:
    return {name: _plain(value) for name, value in action.arguments.items()}


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return value.as_posix() if isinstance(value, Path) else value


def _document_and_file(
    protocol: PinfoldProtocol, uri: str
) -> tuple[Documents, OpenFile, Document] | None:
    """Return the judged document called *uri*; ``None`` where there is nothing to say of it."""
    documents = protocol.documents
    file = documents.at(uri) if documents is not None else None
    if documents is None or file is None or not file.is_judged:
        return None
    opened = documents.snapshot.documents.get(file.path)
    return None if opened is None else (documents, file, opened.document)


def _wants(only: Sequence[types.CodeActionKind | str] | None, kind: str) -> bool:
    """Return whether a client that wants *only* these kinds, or their sub-kinds, wants *kind*."""
    if only is None:
        return True
    names = [name.value if isinstance(name, types.CodeActionKind) else name for name in only]
    return any(name in ("", kind) or kind.startswith(f"{name}.") for name in names)


def _with_all_fixes(
    protocol: PinfoldProtocol, action: types.CodeAction, file: OpenFile
) -> types.CodeAction | None:
    from pinfold.features.fixing import fix_all

    assert protocol.documents is not None
    snapshot = protocol.documents.snapshot
    opened = snapshot.documents[file.path]

    def judge(document: Document) -> tuple[Finding, ...]:
        scratch = replace(opened, document=document)
        documents = {**snapshot.documents, file.path: scratch}
        return judged(replace(snapshot, documents=documents), file).findings

    outcome = fix_all(judge, opened.document, unsafe=False)
    edit = _workspace_edit(protocol, file, outcome.edits) if outcome.edits else None
    if edit is None:
        return None
    return types.CodeAction(title=action.title, kind=FIX_ALL, edit=edit, data=action.data)


def _workspace_edit(
    protocol: PinfoldProtocol, file: OpenFile, edits: Iterable[Edit]
) -> types.WorkspaceEdit | None:
    """Return *edits* in the form that the client takes; ``None`` if a file cannot be read."""
    assert protocol.documents is not None
    documents = protocol.documents
    by_path: dict[Path, list[Edit]] = {}
    for edit in edits:
        by_path.setdefault(edit.path or file.path, []).append(edit)
    changes: list[types.TextDocumentEdit] = []
    for path, own in by_path.items():
        document = documents.snapshot.document(path)
        if isinstance(document, Unreadable):
            return None
        opened = documents.of(path)
        uri, version = (uri_of_path(path), None) if opened is None else (opened.uri, opened.version)
        changes.append(
            types.TextDocumentEdit(
                types.OptionalVersionedTextDocumentIdentifier(uri, version),
                [_text_edit(documents, document, edit) for edit in own],
            )
        )
    if protocol.client.capability("workspace", "workspaceEdit", "documentChanges") is True:
        return types.WorkspaceEdit(document_changes=changes)
    return types.WorkspaceEdit(
        changes={
            change.text_document.uri: [
                edit for edit in change.edits if isinstance(edit, types.TextEdit)
            ]
            for change in changes
        }
    )


def _text_edit(documents: Documents, document: Document, edit: Edit) -> types.TextEdit:
    span, text = expressible(document, edit.range, edit.text)
    return types.TextEdit(_range(documents, document, span), text)


def _mended(
    documents: Documents,
    document: Document,
    finding: Finding,
    context: types.CodeActionContext,
) -> list[types.Diagnostic]:
    """Return those of the client's diagnostics that are the finding which an action is about."""
    span = _range(documents, document, finding.range)
    return [
        diagnostic
        for diagnostic in context.diagnostics
        if diagnostic.code == finding.rule and diagnostic.range == span
    ]


def _offset(documents: Documents, document: Document, position: types.Position) -> int:
    return to_offset(document, position.line, position.character, documents.encoding)


def _span(documents: Documents, document: Document, span: types.Range) -> TextRange:
    start = _offset(documents, document, span.start)
    return TextRange(start, max(start, _offset(documents, document, span.end)))


def _range(documents: Documents, document: Document, span: TextRange) -> types.Range:
    return types.Range(
        types.Position(*to_position(document, span.start, documents.encoding)),
        types.Position(*to_position(document, span.end, documents.encoding)),
    )
