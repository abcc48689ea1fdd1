// The commands that people see: each id in package.json that nobody else has registered is one of
// the server's, and what a menu, a tree or the editor says becomes its one argument.

import * as vscode from "vscode";
import { LSPErrorCodes, ResponseError } from "vscode-languageclient/node";
import { showDocument } from "./documents";
import { SERVER_COMMANDS } from "./generated/commands";
import type { Document } from "./generated/protocol";
import { ServerAway, type Session } from "./session";

/** A node of a tree view that commands work on: `argument` is what the server is sent. */
export interface CommandTarget {
  readonly argument: object;
}

/** Registers the server's commands, for good: one that is called while the server is away starts it. */
export function registerCommands(context: vscode.ExtensionContext, session: Session): void {
  for (const id of SERVER_COMMANDS) {
    context.subscriptions.push(
      vscode.commands.registerCommand(id, (...args: unknown[]) => forward(session, id, args)),
    );
  }
}

/** Returns what the server is sent: `args` are those of a menu, a tree view, a link or none. */
export function argumentOf(args: readonly unknown[], active: vscode.Uri | undefined): object {
  const [first, all] = args;
  if (isUri(first)) {
    const selected = Array.isArray(all) && all.length > 0 && all.every(isUri) ? all : [first];
    return { selected: selected.map(String) };
  }
  if (typeof first === "object" && first !== null) {
    return isTarget(first) ? first.argument : first;
  }
  return active === undefined ? {} : { active: active.toString() };
}

async function forward(session: Session, id: string, args: readonly unknown[]): Promise<unknown> {
  const argument = argumentOf(args, session.activeFile);
  const result = await withMessage(session.run<{ document?: Document | null } | null>(id, argument));
  if (result?.document) {
    await showDocument(result.document);
  }
  return result;
}

/** Waits for what a person has asked for; says why if it fails. */
export async function withMessage<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    const isCancelled = error instanceof ResponseError && error.code === LSPErrorCodes.RequestCancelled;
    if (!isCancelled && !(error instanceof ServerAway)) {
      void tell(error instanceof Error ? error.message : String(error));
    }
    return undefined;
  }
}

async function tell(problem: string): Promise<void> {
  const trust = "Manage Workspace Trust";
  const message = problem.charAt(0).toUpperCase() + problem.slice(1);
  const actions = vscode.workspace.isTrusted ? [] : [trust];
  if ((await vscode.window.showErrorMessage(message, ...actions)) === trust) {
    await vscode.commands.executeCommand("workbench.trust.manage");
  }
}

function isUri(value: unknown): value is vscode.Uri {
  return value instanceof vscode.Uri;
}

function isTarget(value: object): value is CommandTarget {
  return "argument" in value && typeof value.argument === "object" && value.argument !== null;
}
