// Which environment is active in terminals, tasks and debug sessions. What is set for it is the
// server's to know; here it is handed to VS Code: variables for the terminals that VS Code opens, and
// for those that we open ourselves a line, too, which VS Code's scripts evaluate in the shell.

import * as vscode from "vscode";
import { argumentOf, withMessage } from "./commands";
import type { TerminalActivation } from "./generated/protocol";
import type { Session } from "./session";

/** Where a shell finds its line. VS Code takes these from no extension's variable collection. */
const LINES = {
  bash: "VSCODE_PYTHON_BASH_ACTIVATE",
  zsh: "VSCODE_PYTHON_ZSH_ACTIVATE",
  fish: "VSCODE_PYTHON_FISH_ACTIVATE",
  powershell: "VSCODE_PYTHON_PWSH_ACTIVATE",
} as const;

const DEBUG_TYPES = ["debugpy", "python"];

export function registerTerminals(context: vscode.ExtensionContext, session: Session): void {
  const collection = context.environmentVariableCollection;
  const follow = () => {
    for (const workspaceFolder of vscode.workspace.workspaceFolders ?? []) {
      const scoped = collection.getScoped({ workspaceFolder });
      // A server that cannot say what to set has said so; terminals stay as they are.
      followEnvironment(session, workspaceFolder, scoped).catch(() => undefined);
    }
  };
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
      provideTerminalProfile: async () =>
        new vscode.TerminalProfile((await options().catch(() => undefined)) ?? {}),
    }),
    ...DEBUG_TYPES.map((type) =>
      vscode.debug.registerDebugConfigurationProvider(type, {
        resolveDebugConfiguration: (folder, debugged) => withInterpreter(session, folder, debugged),
      }),
    ),
  );
}

/** Has new terminals of *folder* activated, and tasks; what is running gets VS Code's own hint. */
async function followEnvironment(
  session: Session,
  folder: vscode.WorkspaceFolder,
  collection: vscode.EnvironmentVariableCollection,
): Promise<void> {
  const settings = vscode.workspace.getConfiguration("pinfold", folder);
  if (!vscode.workspace.isTrusted || settings.get("terminal.activate") === false) {
    collection.clear();
    return;
  }
  const environment = session.environments.get(folder.uri.toString());
  if (environment === undefined || environment.state === "unresponsive") {
    // Nobody knows better yet than the last session did.
    return;
  }
  const { folder: path, prefix } = environment;
  const activation = prefix === null ? null : await asked(session, { folder: path, environment: prefix });
  if (session.environments.get(folder.uri.toString()) === environment) {
    setVariables(collection, activation?.variables ?? []);
    collection.description = prefix === null ? undefined : `Activates ${vscode.workspace.asRelativePath(prefix)}`;
  }
}

function asked(session: Session, argument: object): Promise<TerminalActivation | null> {
  return session.run("pinfold.terminalActivation", argument);
}

/** Has *collection* hold *variables* and no others; what stays the same makes no terminal stale. */
export function setVariables(
  collection: vscode.EnvironmentVariableCollection,
  variables: TerminalActivation["variables"],
): void {
  for (const [name] of [...collection]) {
    if (!variables.some((variable) => variable.name === name)) {
      collection.delete(name);
    }
  }
  for (const { name, action, value, atStart, afterStartup } of variables) {
    const options = { applyAtProcessCreation: atStart, applyAtShellIntegration: afterStartup };
    collection[action](name, value, options);
  }
}

/** Returns how a terminal is opened in an environment; undefined if a person did not say in which. */
async function terminalOptions(session: Session, argument: object): Promise<vscode.TerminalOptions | undefined> {
  if (!vscode.workspace.isTrusted) {
    throw new Error("terminals run what is in the workspace, and so are off in Restricted Mode");
  }
  const activation = await asked(session, argument);
  if (activation === null) {
    return undefined;
  }
  if (activation.refusal !== null) {
    throw new Error(`no terminal can have it active: ${activation.refusal}`);
  }
  const name = vscode.workspace.asRelativePath(activation.prefix);
  return { name, cwd: activation.folder, env: terminalEnvironment(activation) };
}

/** Returns the variables of a terminal of our own. */
export function terminalEnvironment({ variables, lines }: TerminalActivation): Record<string, string | undefined> {
  const environment: Record<string, string | undefined> = {};
  for (const { name, action, value } of variables.filter(({ atStart }) => atStart)) {
    environment[name] = action === "prepend" ? `${value}\${env:${name}}` : value;
  }
  for (const shell of Object.keys(LINES) as (keyof typeof LINES)[]) {
    environment[LINES[shell]] = lines[shell];
  }
  return environment;
}

/** Fills in which Python a file is debugged with, where nobody has said. */
async function withInterpreter(
  session: Session,
  folder: vscode.WorkspaceFolder | undefined,
  configuration: vscode.DebugConfiguration,
): Promise<vscode.DebugConfiguration> {
  const isSaid = ["python", "pythonPath"].some((name) => configuration[name] !== undefined);
  const place = debuggedPlace(configuration, folder, session.activeFile);
  if (isSaid || configuration.request === "attach" || place === undefined) {
    return configuration;
  }
  try {
    const python = (await asked(session, { folder: place }))?.executable;
    return python ? { ...configuration, python } : configuration;
  } catch {
    // There is no environment: the debugger has its own idea of what to run.
    return configuration;
  }
}

/** Returns the file that is debugged, or a folder above it; variables are not filled in yet. */
export function debuggedPlace(
  configuration: vscode.DebugConfiguration,
  folder: vscode.WorkspaceFolder | undefined,
  active: vscode.Uri | undefined,
): string | undefined {
  const file = active?.scheme === "file" ? active.fsPath : undefined;
  const program = String(configuration["program"] ?? "${file}")
    .replace("${workspaceFolder}", () => folder?.uri.fsPath ?? "${")
    .replace("${file}", () => file ?? "${");
  return program.includes("${") ? folder?.uri.fsPath : program;
}
