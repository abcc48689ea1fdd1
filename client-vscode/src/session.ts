// The life of the server: when it is started, what it is told at the start, what happens when it
// ends unasked. Each start has a language client of its own, so that nothing of a server that is
// gone lives on. What the server runs on is python.ts' business.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { createInterface } from "node:readline";
import * as vscode from "vscode";
import {
  CloseAction,
  type DynamicFeature,
  ErrorAction,
  ErrorCodes,
  type InitializeParams,
  LanguageClient,
  ResponseError,
  RevealOutputChannelOn,
  State,
  type StaticFeature,
} from "vscode-languageclient/node";
import type { EnvironmentChanged } from "./generated/protocol";
import { ServerLog } from "./log";
import { ProgressNotifications } from "./progress";
import { findPython, forgetPython, offerProgram, programOf, ProgramMissing } from "./python";
import { Questions } from "./ui";

/** The server did not start, or went away before it answered; the person has been told. */
export class ServerAway extends Error {}

/** The documents that the server gets; which of them it judges is for it to say. */
export const DOCUMENTS = [
  ...["file", "untitled"].map((scheme) => ({ scheme, language: "pip-requirements" })),
  { scheme: "file", pattern: "**/*.{txt,in,pip}" },
  { scheme: "file", pattern: "**/{pyproject,pinfold}.toml" },
];

/** Those that a server which runs does not follow. */
const SETTINGS_OF_THE_START = ["path", "python", "diagnosticMode"];
const MAX_CRASHES = 3;
const CRASHES_WITHIN_MS = 3 * 60_000;
const ENDED_EARLY = "it has ended before it was ready";

export class ServerSession implements vscode.Disposable {
  /** What `pinfold/environmentChanged` said last, by the folder's URI as text. */
  readonly environments = new Map<string, EnvironmentChanged>();
  /** What the server was started with last. */
  program = "never started";

  private readonly serverLog = new ServerLog();
  private readonly stateChanged = new vscode.EventEmitter<void>();
  private readonly started = new vscode.EventEmitter<void>();
  private readonly environmentChanged = new vscode.EventEmitter<EnvironmentChanged>();
  private readonly inventoryChanged = new vscode.EventEmitter<void>();
  private readonly disposables: vscode.Disposable;
  private client: LanguageClient | undefined;
  private file: vscode.Uri | undefined;
  private starting: Promise<LanguageClient> | undefined;
  /** The commands that run. */
  private readonly runs = new Set<Promise<unknown>>();
  private crashes: number[] = [];

  readonly log = this.serverLog.channel;
  readonly lastLines = this.serverLog.lastLines;
  /** The server starts, has started or is gone; or the person looks at another file. */
  readonly onDidChangeState = this.stateChanged.event;
  readonly onDidStart = this.started.event;
  readonly onDidChangeEnvironment = this.environmentChanged.event;
  readonly onDidChangeInventory = this.inventoryChanged.event;

  constructor(private readonly context: vscode.ExtensionContext) {
    this.disposables = vscode.Disposable.from(
      ...[this.environmentChanged, this.inventoryChanged, this.serverLog, this.started, this.stateChanged],
      ...[
        [vscode.window.onDidChangeActiveTextEditor, vscode.window.onDidChangeActiveNotebookEditor],
        [vscode.workspace.onDidCloseTextDocument, vscode.workspace.onDidCloseNotebookDocument],
      ].flatMap((events) => events.map((event) => event(() => { this.lookAtEditor(); }))),
      vscode.workspace.onDidGrantWorkspaceTrust(() => {
        this.tellTrusted();
        // Without trust, there may have been no Python to run on.
        void unlessAway(this.start());
      }),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (SETTINGS_OF_THE_START.some((name) => event.affectsConfiguration(`pinfold.${name}`))) {
          // A restart would take back what is being installed.
          void Promise.allSettled(this.runs).then(() => this.restart());
        } else if (event.affectsConfiguration("pinfold")) {
          this.notify("workspace/didChangeConfiguration", { settings: { pinfold: settings() } });
        }
      }),
    );
    this.lookAtEditor();
  }

  get state(): "running" | "starting" | "off" {
    return this.client ? "running" : this.starting ? "starting" : "off";
  }

  /** The file that the person looks at, or did before turning to something that is no document. */
  get activeFile(): vscode.Uri | undefined {
    return this.file;
  }

  get version(): string {
    return this.client?.initializeResult?.serverInfo?.version ?? "not running";
  }

  /** Starts the server, unless it runs; if that does not work, the person is told. */
  start(): Promise<LanguageClient> {
    if (this.client !== undefined) {
      return Promise.resolve(this.client);
    }
    if (this.starting === undefined) {
      this.starting = this.startAnew().finally(() => {
        this.starting = undefined;
        this.stateChanged.fire();
      });
      this.stateChanged.fire();
    }
    return this.starting;
  }

  async restart(): Promise<void> {
    await this.stop();
    this.crashes = [];
    await unlessAway(this.start());
  }

  async stop(): Promise<void> {
    // A start that is under way has to come to its end, or there would be two servers.
    const client = this.client ?? (await unlessAway(this.starting));
    this.client = undefined;
    this.stateChanged.fire();
    await client?.dispose().catch((error: unknown) => {
      this.log.warn(`The server did not end in time: ${String(error)}`);
    });
  }

  /** Runs a server command (starts the server if needed); rejects with the server's message. */
  async run<T = unknown>(command: string, argument?: object): Promise<T> {
    const client = await this.start();
    const params = { command, arguments: argument === undefined ? [] : [argument] };
    const run = client.sendRequest<T>("workspace/executeCommand", params);
    this.runs.add(run);
    try {
      return await run;
    } catch (error) {
      const isAway = this.client !== client || hasEnded(error);
      throw isAway ? new ServerAway("the server ended", { cause: error }) : error;
    } finally {
      this.runs.delete(run);
    }
  }

  /** A notification of the protocol; a server that is away gets none. */
  notify(method: string, params: unknown): void {
    this.client?.sendNotification(method, params).catch((error: unknown) => {
      this.log.warn(`${method}: ${String(error)}`);
    });
  }

  dispose(): void {
    this.disposables.dispose();
  }

  private async startAnew(): Promise<LanguageClient> {
    try {
      const client = this.newClient();
      this.environments.clear();
      await client.start();
      if (!client.isRunning()) {
        throw new Error(ENDED_EARLY);
      }
      this.client = client;
      if (vscode.workspace.isTrusted) {
        // It may be since the server was asked to start, when it could not be told.
        this.tellTrusted();
      }
      this.tellActiveFile();
      this.started.fire();
      return client;
    } catch (error) {
      this.tellWhyNotStarted(error).catch((problem: unknown) => vscode.window.showErrorMessage(String(problem)));
      throw new ServerAway("the server did not start", { cause: error });
    }
  }

  private tellTrusted(): void {
    this.notify("pinfold/trustChanged", { trusted: true });
  }

  private lookAtEditor(): void {
    const active = vscode.window.activeNotebookEditor?.notebook ?? vscode.window.activeTextEditor?.document;
    const before = String(this.file);
    const open = [...vscode.workspace.textDocuments, ...vscode.workspace.notebookDocuments];
    if (active?.uri.scheme === "file") {
      this.file = active.uri;
    } else if (active?.isUntitled || !open.some(({ uri }) => String(uri) === before)) {
      this.file = undefined;
    }
    if (String(this.file) !== before) {
      this.tellActiveFile();
      this.stateChanged.fire();
    }
  }

  private tellActiveFile(): void {
    this.notify("pinfold/activeEditorChanged", { uri: this.activeFile?.toString() ?? null });
  }

  private newClient(): LanguageClient {
    const questions = new Questions();
    const progress = new ProgressNotifications((token) => {
      this.notify("window/workDoneProgress/cancel", { token });
    });
    const client = new PinfoldClient("pinfold", "Pinfold", () => this.newProcess(), {
      documentSelector: DOCUMENTS,
      initializationOptions: () => ({ ...settings(), trusted: vscode.workspace.isTrusted }),
      outputChannel: this.log,
      traceOutputChannel: this.serverLog.trace(),
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      stdioOptions: { stdout: () => undefined, stderr: () => undefined },
      middleware: { handleWorkDoneProgress: progress.handle },
      // What people are told of it says the session.
      initializationFailedHandler: () => false,
      errorHandler: {
        error: () => ({ action: ErrorAction.Continue, handled: true }),
        closed: () => ({ action: CloseAction.DoNotRestart, handled: true, message: "The connection is closed." }),
      },
    });
    questions.serve(client);
    client.onNotification("pinfold/environmentChanged", (changed: EnvironmentChanged) => {
      this.environments.set(vscode.Uri.file(changed.folder).toString(), changed);
      this.environmentChanged.fire(changed);
    });
    client.onNotification("pinfold/inventoryChanged", () => {
      this.inventoryChanged.fire();
    });
    client.onDidChangeState(({ newState }) => {
      if (newState === State.Stopped || newState === State.StartFailed) {
        questions.dispose();
        progress.dispose();
        if (this.client === client) {
          this.crashed();
        }
      }
    });
    return client;
  }

  private async newProcess(): Promise<{ process: ChildProcess; detached: boolean }> {
    const { fsPath: cwd } = this.context.globalStorageUri;
    await mkdir(cwd, { recursive: true });
    const [command, ...args] = await this.command();
    this.program = command;
    this.log.info(`starting ${[command, ...args].join(" ")}`);
    const process = spawn(command, args, { cwd, windowsHide: true });
    createInterface({ input: process.stderr }).on("line", (line) => { this.serverLog.writeLine(line); });
    process.on("exit", (status, signal) => { this.log.info(`the server has ended: ${signal ?? status ?? ""}`); });
    await once(process, "spawn");
    // Detached: the language client would kill it after two seconds, while it still puts back what
    // it was changing. It ends by itself when the client is gone.
    return { process, detached: true };
  }

  private async command(): Promise<[string, ...string[]]> {
    const path = await programOf("path");
    if (path !== undefined) {
      return [path, "server"];
    }
    const python = await findPython(this.context, this.log);
    const cache = vscode.Uri.joinPath(this.context.globalStorageUri, "pycache").fsPath;
    const program = vscode.Uri.joinPath(this.context.extensionUri, "bundled", "run.py").fsPath;
    return [python, "-I", "-X", `pycache_prefix=${cache}`, program, "server"];
  }

  private crashed(): void {
    this.client = undefined;
    this.stateChanged.fire();
    const now = Date.now();
    this.crashes = [...this.crashes.filter((time) => now - time < CRASHES_WITHIN_MS), now];
    if (this.crashes.length > MAX_CRASHES) {
      const often = `The Pinfold server has stopped ${this.crashes.length} times in a few minutes, and is off now.`;
      void this.tell(often, "Start Again");
      return;
    }
    const message = "The Pinfold server stopped unexpectedly, and has been started again.";
    void unlessAway(this.start()).then((client) => client && this.tell(message));
  }

  private async tellWhyNotStarted(error: unknown): Promise<void> {
    if (error instanceof ProgramMissing) {
      return (await offerProgram(this.context, error)) ? this.restart() : undefined;
    }
    const said = error instanceof Error ? error.message : String(error);
    const problem = hasEnded(error) ? ENDED_EARLY : said;
    // What it ran on may be at fault: the next time, another is looked for.
    await forgetPython(this.context);
    await this.tell(`The Pinfold server could not be started: ${problem}`, "Try Again");
  }

  /** Shows a message; a server that is off is started again by the button *again*. */
  private async tell(message: string, again?: string): Promise<void> {
    const { showErrorMessage, showWarningMessage } = vscode.window;
    const [show, actions] = again === undefined ? [showWarningMessage, []] : [showErrorMessage, [again]];
    const action = await show(message, ...actions, "Show Log", "Report Issue...");
    if (action !== undefined && action === again) {
      await this.restart();
    } else if (action !== undefined) {
      await vscode.commands.executeCommand(action === "Show Log" ? "pinfold.showLog" : "pinfold.reportIssue");
    }
  }
}

class PinfoldClient extends LanguageClient {
  // The commands are registered by commands.ts, for good: the library registers them only once the
  // server runs, and takes them away with it.
  override registerFeature(feature: StaticFeature | DynamicFeature<unknown>): void {
    if (!("registrationType" in feature && feature.registrationType.method === "workspace/executeCommand")) {
      super.registerFeature(feature);
    }
  }

  override fillInitializeParams(params: InitializeParams): void {
    super.fillInitializeParams(params);
    params.capabilities.experimental = { pinfold: { ui: { preview: true, commandLinks: true, terminals: true } } };
  }

  // People are told by the session: once, and with something to do about it.
  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }
}

/** Whether a request has failed because the server went away. */
function hasEnded(error: unknown): boolean {
  return error instanceof ResponseError && error.code === ErrorCodes.PendingResponseRejected;
}

function settings(): vscode.WorkspaceConfiguration {
  return vscode.workspace.getConfiguration("pinfold");
}

/** Returns undefined if the server is away, of which the person has been told. */
export async function unlessAway<T>(promise: Promise<T> | undefined): Promise<T | undefined> {
  return promise?.catch((error: unknown) => {
    if (!(error instanceof ServerAway)) {
      throw error;
    }
    return undefined;
  });
}
