// Which environment is active in terminals, tasks and debug sessions. What is set for it is the
// server's to know; here it is handed to VS Code: variables for the terminals that VS Code opens, and
// for those that we open ourselves a line, too, which VS Code's scripts evaluate in the shell.

import * as path from "node:path";
import * as vscode from "vscode";
import { argumentOf, NeedsTrust, withMessage } from "./commands";
import type { EnvironmentChanged, TerminalActivation } from "./generated/protocol";
import type { ServerSession } from "./session";

const DEBUG_TYPES = ["debugpy", "python"];

type Variables = NonNullable<EnvironmentChanged["variables"]>;

export function registerTerminals(context: vscode.ExtensionContext, session: ServerSession): void {
  const { environmentVariableCollection: collection } = context;
  const follow = () => { followEnvironments(session, collection); };
  const options = (...args: unknown[]) => terminalOptions(session, argumentOf(args, session.activeFile));

  follow();
  context.subscriptions.push(
    session.onDidChangeEnvironment(follow),
    vscode.workspace.onDidGrantWorkspaceTrust(follow),
    vscode.workspace.onDidChangeWorkspaceFolders(() => {
      // Variables are kept by a folder's number, and what has that number now is another folder.
      collection.clear();
      follow();
    }),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration("pinfold.terminal.activate")) {
        follow();
      }
    }),
    vscode.commands.registerCommand("pinfold.openTerminal", async (...args: unknown[]) => {
      const found = await withMessage(options(...args));
      if (found !== undefined) {
        vscode.window.createTerminal(found).show();
      }
    }),
    vscode.window.registerTerminalProfileProvider("pinfold.terminal", {
      // It may be the usual profile: there has to be a terminal where there is no environment, too.
      provideTerminalProfile: async () => new vscode.TerminalProfile((await options().catch(() => undefined)) ?? {}),
    }),
    ...DEBUG_TYPES.map((type) =>
      vscode.debug.registerDebugConfigurationProvider(type, {
        resolveDebugConfiguration: (folder, debugged) => withInterpreter(session, folder, debugged),
      }),
    ),
  );
}

/** Has new terminals activated, and tasks; what is running gets VS Code's own hint. */
export function followEnvironments(session: ServerSession, all: vscode.GlobalEnvironmentVariableCollection): void {
  for (const workspaceFolder of vscode.workspace.workspaceFolders ?? []) {
    const collection = all.getScoped({ workspaceFolder });
    const isOff = vscode.workspace.getConfiguration("pinfold", workspaceFolder).get("terminal.activate") === false;
    const { prefix, variables } = session.environments.get(workspaceFolder.uri.toString()) ?? {};
    if (isOff || !vscode.workspace.isTrusted) {
      collection.clear();
    } else if (variables) {
      setVariables(collection, variables);
      collection.description = prefix ? `Activates ${vscode.workspace.asRelativePath(prefix)}` : undefined;
    }
    // Else nobody knows better yet than the last session did.
  }
}

function asked(session: ServerSession, argument: object): Promise<TerminalActivation | null> {
  return session.run("pinfold.terminalActivation", argument);
}

/** Has *collection* hold *variables* and no others; what stays the same makes no terminal stale. */
export function setVariables(collection: vscode.EnvironmentVariableCollection, variables: Variables): void {
  const names = new Set(variables.map(({ name }) => name));
  [...collection].filter(([name]) => !names.has(name)).forEach(([name]) => { collection.delete(name); });
  for (const { name, action, value, atStart, afterStartup } of variables) {
    collection[action](name, value, { applyAtProcessCreation: atStart, applyAtShellIntegration: afterStartup });
  }
}

/** Returns how a terminal is opened in an environment; undefined if a person did not say in which. */
async function terminalOptions(session: ServerSession, argument: object): Promise<vscode.TerminalOptions | undefined> {
  if (!vscode.workspace.isTrusted) {
    throw new NeedsTrust("terminals run what is in the workspace, and so are off in Restricted Mode");
  }
  const activation = await asked(session, argument);
  if (activation === null) {
    return undefined;
  }
  const { environment: env, folder: cwd, prefix, refusal } = activation;
  if (refusal !== null) {
    throw new Error(`no terminal can have it active: ${refusal}`);
  }
  return { name: vscode.workspace.asRelativePath(prefix), cwd, env };
}

/** Fills in which Python a file is debugged with, where nobody has said. */
async function withInterpreter(
  session: ServerSession,
  folder: vscode.WorkspaceFolder | undefined,
  configuration: vscode.DebugConfiguration,
): Promise<vscode.DebugConfiguration> {
  const isSaid = ["python", "pythonPath"].some((name) => configuration[name] !== undefined);
  const place = debuggedPlace(configuration, folder, session.activeFile);
  if (isSaid || configuration.request === "attach" || place === undefined) {
    return configuration;
  }
  // Where there is no environment, the debugger has its own idea of what to run.
  const found = await asked(session, { folder: place }).catch(() => null);
  return found?.executable ? { ...configuration, python: found.executable } : configuration;
}

/** Returns what is debugged: a file, or the folder that something is run in; variables are not filled in yet. */
export function debuggedPlace(
  { cwd, module, program }: vscode.DebugConfiguration,
  folder: vscode.WorkspaceFolder | undefined,
  active: vscode.Uri | undefined,
): string | undefined {
  const base = folder?.uri.fsPath;
  const values: Record<string, string | undefined> = {
    file: active?.fsPath,
    fileDirname: active && path.dirname(active.fsPath),
    relativeFile: active && base && path.relative(base, active.fsPath),
    workspaceFolder: base,
  };
  for (const { name, uri } of vscode.workspace.workspaceFolders ?? []) {
    values[`workspaceFolder:${name}`] = uri.fsPath;
  }
  const filled = (text: unknown) => String(text).replace(/\$\{([^}]+)\}/g, (all, name: string) => values[name] ?? all);
  const start = filled(cwd ?? base ?? "");
  const said = module === undefined ? filled(program ?? "${file}") : start;
  const place = path.isAbsolute(said) ? said : path.resolve(base ?? path.sep, start, said);
  return place.includes("${") ? base : place;
}
