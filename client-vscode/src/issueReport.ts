// "Report Issue": what helps to find a mistake, in a document that its author reads before it goes
// anywhere.

import { arch, homedir, platform, release } from "node:os";
import * as vscode from "vscode";
import type { ServerSession } from "./session";

const REMOTES = ["attached-container", "codespaces", "dev-container", "ssh-remote", "tunnel", "wsl"];
const OTHERS = ["ms-python.python", "ms-python.vscode-python-envs"];

export function registerIssueReport(context: vscode.ExtensionContext, session: ServerSession): void {
  const open = async () => {
    const { version } = context.extension.packageJSON as { version: string };
    const content = withoutSecrets(report(session, version));
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument({ language: "markdown", content }));
  };
  context.subscriptions.push(vscode.commands.registerCommand("pinfold.reportIssue", open));
}

function versionOf(id: string): string {
  const { version } = (vscode.extensions.getExtension(id)?.packageJSON ?? {}) as { version?: string };
  return version === undefined ? "" : `- ${id} ${version}\n`;
}

function report(session: ServerSession, version: string): string {
  const { appName, remoteName, uiKind } = vscode.env;
  // Else it is the name of a machine.
  const remote = REMOTES.find((kind) => kind === remoteName) ?? (remoteName && "remote");
  const where = remote ?? (uiKind === vscode.UIKind.Web ? "in a browser" : "local");
  return `## What happened, and what did you expect?



## Versions

- Pinfold ${version}, server ${session.version}, ${session.program}
- ${appName} ${vscode.version}, ${where}${vscode.workspace.isTrusted ? "" : ", Restricted Mode"}
- ${platform()} ${release()} ${arch()}
${OTHERS.map(versionOf).join("")}
## The last lines of the log

Please look through them before you send them.

\`\`\`
${session.lastLines.join("\n")}
\`\`\`
`;
}

const SECRETS = [
  // What URLs say of a person, and what they end with.
  /(?<=:\/\/)[^\s/]+(?=@)|(?<=:\/\/[^\s?#]+[?#])[^\s"'<>]+/g,
  // `Authorization: Bearer x`, `--token x`, `API_KEY=x`, `"password": "x"`
  /(?<=\b(?:basic|bearer)\s+|--[\w-]*(?:token|password|secret|key)[\s=])[^\s"']+/gi,
  /(?<=(?:token|password|secret|key)["']?\s?[:=]\s?["']?)[^\s"']+/gi,
];

/** Replaces secrets, and the home directory with a person's name. */
export function withoutSecrets(text: string, home = homedir()): string {
  const told = SECRETS.reduce((shown, secret) => shown.replaceAll(secret, "***"), text);
  // The server writes paths of Windows with slashes, VS Code its drives with small letters.
  const folders = home.split(/[\\/]/).map((folder) => folder.replaceAll(/\W/g, "\\$&"));
  const name = new RegExp(`${folders.join("[\\\\/]")}(?!\\w)`, home.includes("\\") ? "gi" : "g");
  // A container's user may live in "/".
  return home.length > 1 ? told.replaceAll(name, "~") : told;
}
