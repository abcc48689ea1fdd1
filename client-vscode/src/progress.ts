// What the server does that takes long and can be cancelled, as a notification with a button. The
// language client would show it in the status bar, where nothing can be cancelled.

import * as vscode from "vscode";
import type { Middleware } from "vscode-languageclient/node";

/**
 * What ends sooner is never shown: it would only flash. VS Code also shows but three notifications
 * within 800 ms and drops the others without a word, were one of them the result.
 */
const SHOWN_AFTER_MS = 400;

type Token = number | string;

/** Shows progress until it ends or the server does; `cancel` tells the server. */
export class ProgressNotifications implements vscode.Disposable {
  private readonly running = new Map<Token, ProgressNotification>();

  constructor(private readonly cancel: (token: Token) => void) {}

  readonly handle: NonNullable<Middleware["handleWorkDoneProgress"]> = (token, params, next) => {
    if (params.kind === "begin" && params.cancellable === true) {
      this.running.set(token, new ProgressNotification(params.title, () => { this.cancel(token); }));
    }
    const notification = this.running.get(token);
    if (notification === undefined || params.kind === "end") {
      // The language client has to learn of each end, for it keeps a listener until then.
      notification?.end();
      this.running.delete(token);
      next(token, params);
    } else {
      notification.report(params.message, params.percentage);
    }
  };

  dispose(): void {
    this.running.forEach((notification) => { notification.end(); });
  }
}

/** One notification, which begins with what was reported last before it is there. */
class ProgressNotification {
  private readonly timer = setTimeout(() => { this.show(); }, SHOWN_AFTER_MS);
  private progress: vscode.Progress<{ message?: string; increment: number }> | undefined;
  private message: string | undefined;
  private percentage = 0;
  private shownPercentage = 0;
  private readonly over = new vscode.EventEmitter<void>();

  constructor(
    private readonly title: string,
    private readonly cancel: () => void,
  ) {}

  report(message = this.message, percentage = 0): void {
    this.message = message;
    this.percentage = Math.max(this.percentage, percentage);
    if (this.progress !== undefined) {
      this.progress.report({ message, increment: this.percentage - this.shownPercentage });
      this.shownPercentage = this.percentage;
    }
  }

  end(): void {
    clearTimeout(this.timer);
    this.over.fire();
  }

  private show(): void {
    const { Notification, Window } = vscode.ProgressLocation;
    const { title } = this;
    const ended = new Promise<void>((resolve) => this.over.event(() => { resolve(); }));
    void vscode.window.withProgress({ location: Notification, title, cancellable: true }, (progress, cancelled) => {
      this.progress = progress;
      this.report();
      cancelled.onCancellationRequested(() => {
        this.cancel();
        // The notification is gone at once, while the server still puts back what it has changed.
        void vscode.window.withProgress({ location: Window, title: `${title}: cancelling` }, () => ended);
      });
      return ended;
    });
  }
}
