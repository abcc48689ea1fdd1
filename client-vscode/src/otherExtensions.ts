// Microsoft's Python extensions, where one of them is there: the server is told what is selected
// there, and what is selected here is selected there, too, if the person wants that. Nothing depends
// on them, and what is selected there never counts as a choice made here.

import type { PythonEnvironmentApi } from "@vscode/python-environments";
import type { PythonExtension } from "@vscode/python-extension";
import * as vscode from "vscode";
import { argumentOf, withMessage } from "./commands";
import type { EnvironmentChanged, TerminalActivation } from "./generated/protocol";
import type { Session } from "./session";

interface OtherExtension {
  readonly name: string;
  /** The interpreter that is selected for a folder, or its environment's folder. */
  selected(folder: vscode.Uri): Promise<string | undefined>;
  select(folder: vscode.Uri, python: string): Promise<void>;
  onDidChange(listener: () => void): vscode.Disposable;
}

const PUBLISH = "pythonExtension.publish";

export function registerOtherExtensions(context: vscode.ExtensionContext, session: Session): void {
  const others = new OtherExtensions(session);
  context.subscriptions.push(
    others,
    session.onDidStart(() => others.look()),
    vscode.extensions.onDidChange(() => others.look()),
    session.onDidChangeEnvironment((environment) => others.follow(environment)),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration(`pinfold.${PUBLISH}`)) {
        session.environments.forEach((environment) => void others.follow(environment));
      }
    }),
    vscode.commands.registerCommand("pinfold.adoptEnvironment", () => others.adopt()),
    vscode.commands.registerCommand("pinfold.publishEnvironment", (...args: unknown[]) =>
      withMessage(others.publish(args)),
    ),
  );
}

class OtherExtensions implements vscode.Disposable {
  private other: OtherExtension | undefined;
  private listening: vscode.Disposable | undefined;

  constructor(private readonly session: Session) {}

  dispose(): void {
    this.listening?.dispose();
  }

  /** Finds the other extension, once the server is there to be told. */
  async look(): Promise<void> {
    if (!this.session.isRunning) {
      return;
    }
    const other = await connected();
    this.listening?.dispose();
    this.other = other;
    this.listening = other?.onDidChange(() => void this.tell());
    await vscode.commands.executeCommand("setContext", "pinfold.hasPythonExtension", other !== undefined);
    await this.tell();
  }

  /** Selects there what is selected here, if the person has said so once. */
  async follow({ folder, prefix, executable }: EnvironmentChanged): Promise<void> {
    const uri = vscode.Uri.file(folder);
    const isFolder = vscode.workspace.workspaceFolders?.some((one) => one.uri.toString() === uri.toString());
    const isWanted = vscode.workspace.getConfiguration("pinfold", uri).get(PUBLISH) === true;
    const python = executable ?? prefix;
    if (isFolder && isWanted && vscode.workspace.isTrusted && python !== null) {
      await this.other?.select(uri, python);
    }
  }

  async publish(args: readonly unknown[]): Promise<void> {
    const argument = argumentOf(args, this.session.activeFile);
    const found = await this.session.run<TerminalActivation | null>("pinfold.terminalActivation", argument);
    const folder = found && vscode.workspace.getWorkspaceFolder(vscode.Uri.file(found.folder));
    if (!found || !folder || this.other === undefined) {
      throw new Error("there is no Python extension, or no folder for which it selects an environment");
    }
    await this.other.select(folder.uri, found.executable ?? found.prefix);
    const always = "Always in This Workspace";
    const settings = vscode.workspace.getConfiguration("pinfold", folder);
    const said = `${this.other.name} uses ${vscode.workspace.asRelativePath(found.prefix)} for ${folder.name} now.`;
    const offers = settings.get(PUBLISH) === true ? [] : [always];
    if ((await vscode.window.showInformationMessage(said, ...offers)) === always) {
      await settings.update(PUBLISH, true, vscode.ConfigurationTarget.Workspace);
    }
  }

  /** Selects here what is selected there. */
  async adopt(): Promise<unknown> {
    const { activeFile } = this.session;
    const ofFile = activeFile && vscode.workspace.getWorkspaceFolder(activeFile);
    const folder = (ofFile ?? vscode.workspace.workspaceFolders?.[0])?.uri;
    const environment = folder && (await this.other?.selected(folder));
    if (environment === undefined) {
      const name = this.other?.name ?? "The Python extension";
      return vscode.window.showInformationMessage(`${name} has no environment for this folder.`);
    }
    return vscode.commands.executeCommand("pinfold.selectEnvironment", { folder: folder?.fsPath, environment });
  }

  private async tell(): Promise<void> {
    for (const { uri } of vscode.workspace.workspaceFolders ?? []) {
      const environment = (await this.other?.selected(uri)) ?? null;
      const source = this.other?.name ?? "";
      this.session.notify("pinfold/otherSelection", { folder: uri.fsPath, source, environment });
    }
  }
}

/** Returns the extension that decides: the newer one, unless it is switched off. */
async function connected(): Promise<OtherExtension | undefined> {
  const environments = await exportsOf<PythonEnvironmentApi>("ms-python.vscode-python-envs");
  if (environments !== undefined) {
    return {
      name: "Python Environments",
      selected: async (folder) => (await environments.getEnvironment(folder))?.environmentPath.fsPath,
      select: async (folder, python) => {
        const environment = await environments.resolveEnvironment(vscode.Uri.file(python));
        if (environment !== undefined) {
          await environments.setEnvironment(folder, environment);
        }
      },
      onDidChange: (listener) => environments.onDidChangeEnvironment(listener),
    };
  }
  const python = (await exportsOf<PythonExtension>("ms-python.python"))?.environments;
  return (
    python && {
      name: "Python",
      selected: (folder) => Promise.resolve(python.getActiveEnvironmentPath(folder).path || undefined),
      select: (folder, path) => python.updateActiveEnvironmentPath(path, folder),
      onDidChange: (listener) => python.onDidChangeActiveEnvironmentPath(listener),
    }
  );
}

/** An extension that is switched off by a setting of its own gives nothing. */
async function exportsOf<T>(id: string): Promise<T | undefined> {
  try {
    return await vscode.extensions.getExtension<T | undefined>(id)?.activate();
  } catch {
    // One that cannot be activated says so itself; for us it is not there.
    return undefined;
  }
}
