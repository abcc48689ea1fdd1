// What the server does that takes long and can be cancelled, as a notification with a button. The
// language client would show it in the status bar, where nothing can be cancelled.

import * as vscode from "vscode";
import type { Middleware } from "vscode-languageclient/node";

type Token = number | string;

interface Shown {
  percentage: number;
  /** Undefined until VS Code shows it. */
  progress?: vscode.Progress<{ message?: string; increment: number }>;
  end(): void;
}

/** Shows progress until it ends or the server does; `cancel` tells the server. */
export class ProgressNotifications implements vscode.Disposable {
  private readonly shown = new Map<Token, Shown>();

  constructor(private readonly cancel: (token: Token) => void) {}

  readonly handle: NonNullable<Middleware["handleWorkDoneProgress"]> = (token, params, next) => {
    if (params.kind === "begin" && params.cancellable === true) {
      this.begin(token, params.title);
    }
    const shown = this.shown.get(token);
    if (shown === undefined || params.kind === "end") {
      // The language client has to learn of each end, for it keeps a listener until then.
      shown?.end();
      this.shown.delete(token);
      next(token, params);
    } else if (shown.progress !== undefined) {
      const percentage = Math.max(shown.percentage, params.percentage ?? 0);
      shown.progress.report({ message: params.message, increment: percentage - shown.percentage });
      shown.percentage = percentage;
    }
  };

  dispose(): void {
    this.shown.forEach((shown) => {
      shown.end();
    });
  }

  private begin(token: Token, title: string): void {
    const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
    const ended = new Promise<void>((end) => this.shown.set(token, { percentage: 0, end }));
    void vscode.window.withProgress(options, (progress, cancelled) => {
      Object.assign(this.shown.get(token) ?? {}, { progress });
      cancelled.onCancellationRequested(() => {
        this.cancel(token);
      });
      return ended;
    });
  }
}
