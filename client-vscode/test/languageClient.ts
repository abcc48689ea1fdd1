// A stand-in for the language client: a server that runs as the test has it. The values of the
// protocol are the real ones.

export { ErrorCodes, LSPErrorCodes, ResponseError } from "vscode-languageserver-protocol/node";

export enum CloseAction {
  DoNotRestart = 1,
}

export enum ErrorAction {
  Continue = 1,
}

export enum RevealOutputChannelOn {
  Never = 4,
}

export enum State {
  Stopped = 1,
  Running = 2,
  StartFailed = 4,
}

const nothing = () => Promise.resolve(null);

/** All clients that were made, and how the next start and the requests go. */
export const servers = {
  clients: [] as LanguageClient[],
  isRunning: true,
  start: () => Promise.resolve(),
  answer: nothing as (method: string, params: unknown) => Promise<unknown>,
};

export class LanguageClient {
  readonly initializeResult = { serverInfo: { name: "pinfold", version: "1.2.3" } };
  readonly notified: unknown[][] = [];
  readonly handlers = new Map<string, (params: unknown) => void>();
  private readonly listeners: ((change: { newState: State }) => void)[] = [];

  constructor(
    readonly id: string,
    readonly name: string,
    readonly serverOptions: () => Promise<unknown>,
    readonly options: {
      initializationOptions: () => { trusted: boolean };
      initializationFailedHandler: (error: Error) => boolean;
      outputChannel: { warn: (text: string) => void };
      traceOutputChannel: {
        trace: (text: string) => void;
        logLevel: number;
        onDidChangeLogLevel: (listen: (level: number) => void) => unknown;
      };
    },
  ) {
    servers.clients.push(this);
  }

  onRequest(): void {
    // Questions are tested for themselves.
  }

  onNotification(method: string, handler: (params: unknown) => void): void {
    this.handlers.set(method, handler);
  }

  onDidChangeState(listener: (change: { newState: State }) => void): void {
    this.listeners.push(listener);
  }

  start(): Promise<void> {
    return servers.start();
  }

  isRunning(): boolean {
    return servers.isRunning;
  }

  sendRequest(method: string, params: unknown): Promise<unknown> {
    return servers.answer(method, params);
  }

  sendNotification(...all: unknown[]): Promise<void> {
    this.notified.push(all);
    return Promise.resolve();
  }

  dispose(): Promise<void> {
    this.end();
    return Promise.resolve();
  }

  /** The server goes away. */
  end(): void {
    for (const listener of this.listeners) {
      listener({ newState: State.Stopped });
    }
  }
}
