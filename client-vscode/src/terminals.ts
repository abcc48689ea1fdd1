// Which environment is active in terminals, tasks and debug sessions. What is set for it is the
// server's to know; here it is handed to VS Code: variables for the terminals that VS Code opens, and
// for those that we open ourselves a line, too, which VS Code's scripts evaluate in the shell.

import * as vscode from "vscode";
import { argumentOf, NeedsTrust, withMessage } from "./commands";
import type { DebugInterpreter, EnvironmentChanged, TerminalActivation } from "./generated/protocol";
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
  const activation = await session.run<TerminalActivation | null>("pinfold.terminalActivation", argument);
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
  if (isSaid || configuration.request === "attach") {
    return configuration;
  }
  const place = { folder: folder?.uri.fsPath, file: session.activeFile?.fsPath };
  const names = ["cwd", "module", "program"].filter((name) => configuration[name]);
  const argument = { ...place, ...Object.fromEntries(names.map((name) => [name, configuration[name] as unknown])) };
  // Where there is no environment, the debugger has its own idea of what to run.
  const asked = session.run<DebugInterpreter>("pinfold.debugInterpreter", argument).catch(() => null);
  const executable = (await asked)?.executable;
  return executable ? { ...configuration, python: executable } : configuration;
}
