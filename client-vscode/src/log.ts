// What is written down: the log, of which the end is kept for whoever reports an issue, and the
// messages between editor and server. Who writes what is not decided here.

import * as vscode from "vscode";

const KEPT_LINES = 200;
const LEVELS = ["info", "warn", "error"] as const;
/** As the server's log has them. */
const LEVELS_THERE: Readonly<Record<string, "warn" | "error">> = { WARNING: "warn", ERROR: "error", CRITICAL: "error" };

export class ServerLog implements vscode.Disposable {
  /** The end of the log, whoever has written it. */
  readonly lastLines: string[] = [];

  private readonly log = vscode.window.createOutputChannel("Pinfold", { log: true });
  private readonly messages = vscode.window.createOutputChannel("Pinfold Trace", { log: true });

  readonly channel = like(this.log, Object.fromEntries(LEVELS.map((level) => [level, this.write.bind(this, level)])));

  /** Returns where messages go if the setting has them: to the language client, a log's level is the switch. */
  trace(): vscode.LogOutputChannel {
    return like(this.messages, {
      logLevel: traceLevel(),
      onDidChangeLogLevel: (listen: (level: vscode.LogLevel) => void) =>
        vscode.workspace.onDidChangeConfiguration(() => { listen(traceLevel()); }),
      trace: (text: string) => { this.messages.info(text); },
    });
  }

  /** Logs a line that begins with a level, as those of the server do. */
  writeLine(line: string): void {
    const [, level = "", text = line] = /^([A-Z]+) (.*)/.exec(line) ?? [];
    this.write(LEVELS_THERE[level] ?? "info", text);
  }

  dispose(): void {
    this.log.dispose();
    this.messages.dispose();
  }

  private write(level: (typeof LEVELS)[number], text: string): void {
    this.lastLines.push(`${level.toUpperCase()} ${text}`);
    this.lastLines.splice(0, this.lastLines.length - KEPT_LINES);
    this.log[level](text);
  }
}

function traceLevel(): vscode.LogLevel {
  const isOff = vscode.workspace.getConfiguration("pinfold").get<string>("trace.server", "off") === "off";
  return isOff ? vscode.LogLevel.Off : vscode.LogLevel.Trace;
}

/** Returns *channel* with something in it done otherwise. */
function like(channel: vscode.LogOutputChannel, otherwise: Readonly<Record<string, unknown>>): vscode.LogOutputChannel {
  const values = Object.entries(otherwise).map(([name, value]) => [name, { value }] as const);
  return Object.create(channel, Object.fromEntries(values)) as vscode.LogOutputChannel;
}
