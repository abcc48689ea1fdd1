// Texts that a person reads: shown in a read-only document, Markdown rendered.

import * as vscode from "vscode";
import type { Document } from "./generated/protocol";

const SCHEME = "pinfold";
const GONE = "This text is gone: run its command again.\n";
const texts = new Map<string, string>();
const changed = new vscode.EventEmitter<vscode.Uri>();

export function registerDocuments(context: vscode.ExtensionContext): void {
  const provideTextDocumentContent = (uri: vscode.Uri) => texts.get(uri.path) ?? GONE;
  const provider = { onDidChange: changed.event, provideTextDocumentContent };
  context.subscriptions.push(vscode.workspace.registerTextDocumentContentProvider(SCHEME, provider));
}

/** Shows a text, in place of one of the same name. */
export async function showDocument({ name, text }: Document): Promise<void> {
  const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${name}` });
  texts.set(uri.path, text);
  changed.fire(uri);
  if (name.endsWith(".md")) {
    await vscode.commands.executeCommand("markdown.showPreview", uri);
  } else {
    await vscode.window.showTextDocument(uri, { preview: true });
  }
}
