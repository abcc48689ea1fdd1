// The status bar and the language status of dependency files: which environment is for what the
// person looks at. What they say comes from the server.

import * as vscode from "vscode";
import { SERVER_COMMANDS } from "./generated/commands";
import type { EnvironmentChanged } from "./generated/protocol";
import { DOCUMENTS, type ServerSession } from "./session";

const { Error, Information, Warning } = vscode.LanguageStatusSeverity;
const SEVERITIES = {
  ok: { icon: "", severity: Information },
  info: { icon: "", severity: Information },
  warning: { icon: "$(warning) ", severity: Warning },
  error: { icon: "$(error) ", severity: Error },
};

type Shown = Pick<EnvironmentChanged, "label" | "severity" | "text"> & {
  readonly command: vscode.Command;
  readonly tooltip?: vscode.MarkdownString;
};

export function registerStatus(context: vscode.ExtensionContext, session: ServerSession): void {
  const item = vscode.window.createStatusBarItem("pinfold.environment", vscode.StatusBarAlignment.Right, 100);
  const status = vscode.languages.createLanguageStatusItem("pinfold.environment", DOCUMENTS);
  item.name = status.name = "Python Environment (Pinfold)";
  const broken = new vscode.ThemeColor("statusBarItem.warningBackground");

  const show = () => {
    const { command, label, severity, text, tooltip } = shown(session);
    item.text = SEVERITIES[severity].icon + text;
    item.tooltip = tooltip ?? label;
    item.command = status.command = command;
    item.accessibilityInformation = { label, role: "button" };
    item.backgroundColor = severity === "error" ? broken : undefined;
    item.show();
    status.text = text;
    status.busy = session.isStarting;
    status.severity = SEVERITIES[severity].severity;
    status.accessibilityInformation = { label };
  };
  context.subscriptions.push(item, status, session.onDidChangeState(show), session.onDidChangeEnvironment(show));
  show();
}

function shown({ activeFile, environments, isRunning, isStarting }: ServerSession): Shown {
  const select = { title: "Select Environment", command: "pinfold.selectEnvironment" };
  const restart = { title: "Start", command: "pinfold.restart" };
  if (isStarting) {
    return { text: "$(loading~spin) Pinfold", label: "Pinfold is starting", severity: "info", command: select };
  }
  if (!isRunning) {
    return { text: "Pinfold is off", label: "Pinfold is off: start it", severity: "warning", command: restart };
  }
  const folder = activeFile ? vscode.Uri.joinPath(activeFile, "..") : vscode.workspace.workspaceFolders?.[0]?.uri;
  const environment = folder && environments.get(folder.toString());
  if (environment === undefined) {
    return { text: "$(search) Python", label: "Select a Python environment", severity: "info", command: select };
  }
  const tooltip = new vscode.MarkdownString(environment.markdown, true);
  tooltip.isTrusted = { enabledCommands: SERVER_COMMANDS };
  return { ...environment, tooltip, command: select };
}
