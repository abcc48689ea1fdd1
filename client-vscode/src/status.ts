// The status bar and the language status of dependency files: which environment is for what the
// person looks at. What they say comes from the server.

import * as vscode from "vscode";
import { SERVER_COMMANDS } from "./generated/commands";
import type { EnvironmentChanged } from "./generated/protocol";
import type { ServerSession } from "./session";

const { Error, Information, Warning } = vscode.LanguageStatusSeverity;
const SEVERITIES = {
  ok: { icon: "", severity: Information },
  info: { icon: "", severity: Information },
  warning: { icon: "$(warning) ", severity: Warning },
  error: { icon: "$(error) ", severity: Error },
};
const DEPENDENCY_FILES = [{ language: "pip-requirements" }, { pattern: "**/{pyproject,pinfold}.toml" }];
const SELECT = { title: "Select Environment", command: "pinfold.selectEnvironment" };
const START = { title: "Start", command: "pinfold.restart" };

export function registerStatus(context: vscode.ExtensionContext, session: ServerSession): void {
  const item = vscode.window.createStatusBarItem("pinfold.environment", vscode.StatusBarAlignment.Right, 100);
  const status = vscode.languages.createLanguageStatusItem("pinfold.environment", DEPENDENCY_FILES);
  item.name = status.name = "Python Environment (Pinfold)";
  const broken = new vscode.ThemeColor("statusBarItem.warningBackground");

  const show = () => {
    const { label, markdown, severity, text } = shown(session);
    item.text = SEVERITIES[severity].icon + text;
    item.tooltip = label;
    if (markdown !== undefined) {
      item.tooltip = new vscode.MarkdownString(markdown, true);
      item.tooltip.isTrusted = { enabledCommands: SERVER_COMMANDS };
    }
    item.command = status.command = session.state === "off" ? START : SELECT;
    item.accessibilityInformation = { label, role: "button" };
    item.backgroundColor = severity === "error" ? broken : undefined;
    if (session.activeFile ?? vscode.workspace.workspaceFolders?.[0]) {
      item.show();
    } else {
      // In an empty window there is nothing that an environment would be for.
      item.hide();
    }
    void vscode.commands.executeCommand("setContext", "pinfold.state", session.state);
    status.text = text;
    status.busy = session.state === "starting";
    status.severity = SEVERITIES[severity].severity;
    status.accessibilityInformation = { label };
  };
  context.subscriptions.push(item, status, session.onDidChangeState(show), session.onDidChangeEnvironment(show));
  show();
}

type Shown = Pick<EnvironmentChanged, "label" | "severity" | "text"> & { readonly markdown?: string };

function shown({ activeFile, environments, state }: ServerSession): Shown {
  if (state === "starting") {
    return { text: "$(loading~spin) Pinfold", label: "Pinfold is starting", severity: "info" };
  }
  if (state === "off") {
    return { text: "Pinfold is off", label: "Pinfold is off: start it", severity: "warning" };
  }
  const folder = activeFile ? vscode.Uri.joinPath(activeFile, "..") : vscode.workspace.workspaceFolders?.[0]?.uri;
  const unknown: Shown = { text: "$(search) Python", label: "Select a Python environment", severity: "info" };
  return environments.get(String(folder)) ?? unknown;
}
