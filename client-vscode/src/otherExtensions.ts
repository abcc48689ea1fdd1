// Microsoft's Python extensions, where one of them is there: the server is told what is selected
// there, and what is selected here is selected there, too, if the person wants that. Nothing depends
// on them, and what is selected there never counts as a choice made here.

import type { PythonEnvironmentApi } from "@vscode/python-environments";
import type { PythonExtension } from "@vscode/python-extension";
import * as vscode from "vscode";
import { argumentOf, withMessage } from "./commands";
import type { TerminalActivation } from "./generated/protocol";
import type { ServerSession } from "./session";

interface OtherExtension {
  readonly name: string;
  /** The interpreter that is selected for a folder, or its environment's folder. */
  selected(folder: vscode.Uri): Promise<string | undefined> | string | undefined;
  select(folder: vscode.Uri, python: string): Promise<void>;
  onDidChange(listener: () => void): vscode.Disposable;
}

const PUBLISH = "pythonExtension.publish";
const ALWAYS = "Always in This Workspace";

export function registerOtherExtensions(context: vscode.ExtensionContext, session: ServerSession): void {
  let other: OtherExtension | undefined;
  let listening: vscode.Disposable | undefined;
  /** What was selected there last, by folder: whoever then selects another one there has it stay. */
  const published = new Map<string, string>();

  /** Asks the other extension for something that nobody waits for; its failures are in the log. */
  const attempt = async <T>(ask: () => T): Promise<Awaited<T> | undefined> => {
    try {
      return await ask();
    } catch (error) {
      session.log.warn(`${other?.name ?? ""}: ${String(error)}`);
      return undefined;
    }
  };
  /** Tells the server what is selected there. */
  const tell = async () => {
    for (const { uri } of vscode.workspace.workspaceFolders ?? []) {
      const environment = (await attempt(() => other?.selected(uri))) ?? null;
      const source = other?.name ?? "";
      session.notify("pinfold/otherSelection", { folder: uri.fsPath, source, environment });
    }
  };
  /** Selects there what is selected here, if the person has said so once. */
  const follow = async () => {
    for (const { uri } of vscode.workspace.workspaceFolders ?? []) {
      const { executable, prefix } = session.environments.get(uri.toString()) ?? {};
      const python = executable ?? prefix;
      const isWanted = vscode.workspace.isTrusted && publishes(uri);
      if (isWanted && other && python && published.get(uri.toString()) !== python) {
        published.set(uri.toString(), python);
        await attempt(() => other?.select(uri, python));
      }
    }
  };
  /** Finds the other extension, once the server is there to be told. */
  const look = async () => {
    if (session.state !== "running") {
      return;
    }
    const found = await connected();
    if (found?.name !== other?.name) {
      published.clear();
    }
    listening?.dispose();
    other = found;
    // It may tell of a change before it has made it.
    try {
      listening = other?.onDidChange(() => setImmediate(() => void tell()));
    } catch (error) {
      // At once and not by `attempt`: whoever looks meanwhile has to find what listens.
      session.log.warn(`${other?.name ?? ""}: ${String(error)}`);
    }
    await vscode.commands.executeCommand("setContext", "pinfold.hasPythonExtension", other !== undefined);
    await tell();
    await follow();
  };
  context.subscriptions.push(
    { dispose: () => { listening?.dispose(); } },
    session.onDidStart(look),
    vscode.extensions.onDidChange(look),
    vscode.workspace.onDidChangeWorkspaceFolders(look),
    session.onDidChangeEnvironment(follow),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration(`pinfold.${PUBLISH}`)) {
        published.clear();
        void follow();
      }
    }),
    vscode.commands.registerCommand("pinfold.publishEnvironment", (...args) =>
      withMessage(publish(session, other, argumentOf(args, session.activeFile))),
    ),
  );
}

async function publish(session: ServerSession, other: OtherExtension | undefined, argument: object): Promise<void> {
  const found = await session.run<TerminalActivation | null>("pinfold.terminalActivation", argument);
  const folder = found && vscode.workspace.getWorkspaceFolder(vscode.Uri.file(found.folder));
  if (!found || !folder || other === undefined) {
    throw new Error("there is no Python extension, or no folder for which it selects an environment");
  }
  await other.select(folder.uri, found.executable ?? found.prefix);
  const said = `${other.name} uses ${vscode.workspace.asRelativePath(found.prefix)} for ${folder.name} now.`;
  const offers = publishes(folder.uri) ? [] : [ALWAYS];
  if ((await vscode.window.showInformationMessage(said, ...offers)) !== undefined) {
    const settings = vscode.workspace.getConfiguration("pinfold", folder);
    await settings.update(PUBLISH, true, vscode.ConfigurationTarget.Workspace);
  }
}

function publishes(folder: vscode.Uri): boolean {
  return vscode.workspace.getConfiguration("pinfold", folder).get(PUBLISH) === true;
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
        if (environment === undefined) {
          throw new Error(`Python Environments does not know ${python}`);
        }
        await environments.setEnvironment(folder, environment);
      },
      onDidChange: (listener) => environments.onDidChangeEnvironment(listener),
    };
  }
  const python = (await exportsOf<PythonExtension>("ms-python.python"))?.environments;
  return (
    python && {
      name: "Python",
      selected: (folder) => python.getActiveEnvironmentPath(folder).path || undefined,
      select: (folder, path) => python.updateActiveEnvironmentPath(path, folder),
      onDidChange: (listener) => python.onDidChangeActiveEnvironmentPath(listener),
    }
  );
}

/**
 * Returns what an extension offers others; it is started for this, as it says nothing before. One
 * that is switched off, by a setting of its own or by a failure, gives nothing.
 */
async function exportsOf<T>(id: string): Promise<T | undefined> {
  const extension = vscode.extensions.getExtension<T | undefined>(id);
  return extension?.activate().then(undefined, () => undefined);
}
