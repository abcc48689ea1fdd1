// "Report Issue": what helps to find a mistake, in a document that its author reads before it goes
// anywhere.

import { arch, homedir, platform, release } from "node:os";
import * as vscode from "vscode";
import type { ServerSession } from "./session";

export function registerIssueReport(context: vscode.ExtensionContext, session: ServerSession): void {
  const open = async () => {
    const { version } = context.extension.packageJSON as { version: string };
    const content = report(session.version, version, session.lastLines);
    const document = await vscode.workspace.openTextDocument({ language: "markdown", content });
    await vscode.window.showTextDocument(document);
  };
  context.subscriptions.push(vscode.commands.registerCommand("pinfold.reportIssue", open));
}

function report(server: string, version: string, lastLines: readonly string[]): string {
  const { appName, remoteName, uiKind } = vscode.env;
  const where = remoteName ?? (uiKind === vscode.UIKind.Web ? "in a browser" : "local");
  return withoutSecrets(`## What happened, and what did you expect?



## Versions

- Pinfold ${version}, server ${server}
- ${appName} ${vscode.version}, ${where}${vscode.workspace.isTrusted ? "" : ", Restricted Mode"}
- ${platform()} ${release()} ${arch()}

## The last lines of the log

Please look through them before you send them.

\`\`\`
${lastLines.join("\n")}
\`\`\`
`);
}

/** Replaces what stands before the @ of a URL, and the home directory with the person's name. */
export function withoutSecrets(text: string): string {
  return text.replaceAll(/(?<=:\/\/)[^\s/@]+(?=@)/g, "***").replaceAll(homedir(), "~");
}
