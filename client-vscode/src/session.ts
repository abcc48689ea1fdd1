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
import { ProgressNotifications } from "./progress";
import { findPython, inHome, offerPython, PythonMissing } from "./python";
import { Questions } from "./ui";

/** What the other parts of the extension know of the server. */
export interface Session {
  /** Runs a server command (starts the server if needed); rejects with the server's message. */
  run<T = unknown>(command: string, argument?: object): Promise<T>;
  /** A notification of the protocol; a server that is away gets none. */
  notify(method: string, params: unknown): void;
  /** False until the server has started, and while it is away. */
  readonly isRunning: boolean;
  readonly onDidStart: vscode.Event<void>;
  /** What `pinfold/environmentChanged` said last, by the folder's URI as text. */
  readonly environments: ReadonlyMap<string, EnvironmentChanged>;
  readonly onDidChangeEnvironment: vscode.Event<EnvironmentChanged>;
  readonly onDidChangeInventory: vscode.Event<void>;
  /** The file that the person looks at, or did before turning to something that is no file. */
  readonly activeFile: vscode.Uri | undefined;
}

/** The server did not start, or went away before it answered; the person has been told. */
export class ServerAway extends Error {}

/** The documents that the server gets; which of them it judges is for it to say. */
export const DOCUMENTS = [
  ...["file", "untitled"].map((scheme) => ({ scheme, language: "pip-requirements" })),
  { scheme: "file", pattern: "**/*.{txt,in,pip}" },
  { scheme: "file", pattern: "**/{pyproject,pinfold}.toml" },
];

/** Those that a server which runs does not follow. */
const SETTINGS_OF_THE_START = ["path", "python", "diagnosticMode", "debounceMs"];
const MAX_CRASHES = 3;
const CRASHES_WITHIN_MS = 3 * 60_000;
const KEPT_LINES = 200;
const LEVELS: Readonly<Record<string, "warn" | "error">> = { WARNING: "warn", ERROR: "error", CRITICAL: "error" };

export class ServerSession implements Session, vscode.Disposable {
  readonly environments = new Map<string, EnvironmentChanged>();
  readonly log = vscode.window.createOutputChannel("Pinfold", { log: true });
  /** What the server has written last, for who reports an issue. */
  readonly lastLines: string[] = [];

  private readonly trace = vscode.window.createOutputChannel("Pinfold Trace", { log: true });
  private readonly stateChanged = new vscode.EventEmitter<void>();
  private readonly started = new vscode.EventEmitter<void>();
  private readonly environmentChanged = new vscode.EventEmitter<EnvironmentChanged>();
  private readonly inventoryChanged = new vscode.EventEmitter<void>();
  private readonly disposables: vscode.Disposable[];
  private client: LanguageClient | undefined;
  private file: vscode.Uri | undefined;
  private starting: Promise<LanguageClient> | undefined;
  private crashes: number[] = [];

  /** The server starts, has started or is gone; or the person looks at another file. */
  readonly onDidChangeState = this.stateChanged.event;
  readonly onDidStart = this.started.event;
  readonly onDidChangeEnvironment = this.environmentChanged.event;
  readonly onDidChangeInventory = this.inventoryChanged.event;

  constructor(private readonly context: vscode.ExtensionContext) {
    const { environmentChanged, inventoryChanged, log, started, stateChanged, trace } = this;
    this.disposables = [
      ...[environmentChanged, inventoryChanged, log, started, stateChanged, trace],
      vscode.window.onDidChangeActiveTextEditor(() => {
        this.tellActiveFile();
        this.stateChanged.fire();
      }),
      vscode.workspace.onDidGrantWorkspaceTrust(() => {
        this.notify("pinfold/trustChanged", { trusted: true });
      }),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (SETTINGS_OF_THE_START.some((name) => event.affectsConfiguration(`pinfold.${name}`))) {
          void this.restart();
        } else if (event.affectsConfiguration("pinfold")) {
          this.notify("workspace/didChangeConfiguration", { settings: { pinfold: settings() } });
        }
      }),
    ];
  }

  get isRunning(): boolean {
    return this.client !== undefined;
  }

  get isStarting(): boolean {
    return this.starting !== undefined;
  }

  get activeFile(): vscode.Uri | undefined {
    const active = vscode.window.activeTextEditor?.document.uri;
    if (active?.scheme === "file") {
      this.file = active;
    } else if (!vscode.workspace.textDocuments.some(({ uri }) => uri.toString() === this.file?.toString())) {
      this.file = undefined;
    }
    return this.file;
  }

  /** Version of the server that runs. */
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

  async run<T = unknown>(command: string, argument?: object): Promise<T> {
    const client = await this.start();
    const params = { command, arguments: argument === undefined ? [] : [argument] };
    try {
      return await client.sendRequest<T>("workspace/executeCommand", params);
    } catch (error) {
      throw this.client === client ? error : new ServerAway("the server ended", { cause: error });
    }
  }

  notify(method: string, params: unknown): void {
    this.client?.sendNotification(method, params).catch((error: unknown) => {
      this.log.warn(`${method}: ${String(error)}`);
    });
  }

  dispose(): void {
    vscode.Disposable.from(...this.disposables).dispose();
  }

  private async startAnew(): Promise<LanguageClient> {
    try {
      const client = this.newClient();
      await client.start();
      this.client = client;
      this.environments.clear();
      this.tellActiveFile();
      this.started.fire();
      return client;
    } catch (error) {
      void this.tellWhyNotStarted(error);
      throw new ServerAway("the server did not start", { cause: error });
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
      traceOutputChannel: this.trace,
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      stdioOptions: { stdout: () => undefined, stderr: () => undefined },
      middleware: { handleWorkDoneProgress: progress.handle },
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
      if (newState === State.Stopped) {
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
    this.write(`INFO starting ${[command, ...args].join(" ")}`);
    const process = spawn(command, args, { cwd });
    createInterface({ input: process.stderr }).on("line", this.write.bind(this));
    process.on("exit", (status, signal) => {
      this.write(`INFO the server has ended: ${signal ?? status ?? ""}`);
    });
    await once(process, "spawn");
    // Detached: the language client would kill it after two seconds, while it still puts back what
    // it was changing. It ends by itself when the client is gone.
    return { process, detached: true };
  }

  private async command(): Promise<[string, ...string[]]> {
    const path = inHome(settings().get("path", ""));
    if (path !== "") {
      return [path, "server"];
    }
    const python = await findPython(this.context, this.log);
    const cache = vscode.Uri.joinPath(this.context.globalStorageUri, "pycache").fsPath;
    const program = vscode.Uri.joinPath(this.context.extensionUri, "bundled", "run.py").fsPath;
    return [python, "-I", "-X", `pycache_prefix=${cache}`, program, "server"];
  }

  /** Logs a line that begins with a level, as those of the server do. */
  private write(line: string): void {
    this.lastLines.push(line);
    this.lastLines.splice(0, this.lastLines.length - KEPT_LINES);
    const [, level = "", text = line] = /^([A-Z]+) (.*)/.exec(line) ?? [];
    this.log[LEVELS[level] ?? "info"](text);
  }

  private crashed(): void {
    this.client = undefined;
    this.stateChanged.fire();
    const now = Date.now();
    this.crashes = [...this.crashes.filter((time) => now - time < CRASHES_WITHIN_MS), now];
    if (this.crashes.length > MAX_CRASHES) {
      const often = `The Pinfold server has stopped ${this.crashes.length} times in a few minutes, and is off now.`;
      void this.tell(vscode.window.showErrorMessage, often, ["Start Again"]);
      return;
    }
    const message = "The Pinfold server stopped unexpectedly, and has been started again.";
    void unlessAway(this.start()).then(
      (client) => client && this.tell(vscode.window.showWarningMessage, message, []),
    );
  }

  private async tellWhyNotStarted(error: unknown): Promise<void> {
    const reason = error instanceof Error ? error : new Error(String(error));
    if (!(reason instanceof PythonMissing)) {
      const hasEnded = reason instanceof ResponseError && reason.code === ErrorCodes.PendingResponseRejected;
      const problem = hasEnded ? "it has ended before it was ready" : reason.message;
      const message = `The Pinfold server could not be started: ${problem}`;
      await this.tell(vscode.window.showErrorMessage, message, ["Try Again"]);
    } else if (await offerPython(this.context, reason)) {
      await this.restart();
    }
  }

  /** Shows a message; *again* are the actions by which the server is started again. */
  private async tell(
    show: (message: string, ...actions: string[]) => Thenable<string | undefined>,
    message: string,
    again: readonly string[],
  ): Promise<void> {
    const action = await show(message, ...again, "Show Log", "Report Issue...");
    if (action === "Show Log") {
      this.log.show();
    } else if (action === "Report Issue...") {
      await vscode.commands.executeCommand("pinfold.reportIssue");
    } else if (action !== undefined) {
      await this.restart();
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
    params.capabilities.experimental = { pinfold: { ui: { preview: true, commandLinks: true } } };
  }

  // People are told by the session: once, and with something to do about it.
  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }
}

function settings(): vscode.WorkspaceConfiguration {
  return vscode.workspace.getConfiguration("pinfold");
}

/** Returns undefined if the server is away, of which the person has been told. */
export async function unlessAway<T>(promise: Promise<T> | undefined): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof ServerAway) {
      return undefined;
    }
    throw error;
  }
}
