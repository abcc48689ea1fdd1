// "Report Issue": what helps to find a mistake, in a document that its author reads before it goes
// anywhere.

import { arch, homedir, platform, release } from "node:os";
import * as vscode from "vscode";
import type { ServerSession } from "./session";

export function registerIssueReport(context: vscode.ExtensionContext, session: ServerSession): void {
  const open = async () => {
    const { version } = context.extension.packageJSON as { version: string };
    const content = withoutSecrets(report(session, version));
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument({ language: "markdown", content }));
  };
  context.subscriptions.push(vscode.commands.registerCommand("pinfold.reportIssue", open));
}

function report(session: ServerSession, version: string): string {
  const { appName, remoteName, uiKind } = vscode.env;
  const where = remoteName ?? (uiKind === vscode.UIKind.Web ? "in a browser" : "local");
  return `## What happened, and what did you expect?



## Versions

- Pinfold ${version}, server ${session.version}
- ${appName} ${vscode.version}, ${where}${vscode.workspace.isTrusted ? "" : ", Restricted Mode"}
- ${platform()} ${release()} ${arch()}

## The last lines of the log

Please look through them before you send them.

\`\`\`
${session.lastLines.join("\n")}
\`\`\`
`;
}

/** Replaces what URLs say of a person and what they end with, and the home directory with his name. */
export function withoutSecrets(text: string, home = homedir()): string {
  const told = text.replaceAll(/(?<=:\/\/)[^\s/@]+(?=@)|(?<=:\/\/[^\s?]+\?)[^\s"'<>]+/g, "***");
  // The server writes paths of Windows with slashes. A container's user may live in "/".
  const names = home.length > 1 ? [home, home.replaceAll("\\", "/")] : [];
  return names.reduce((shown, name) => shown.replaceAll(name, "~"), told);
}
