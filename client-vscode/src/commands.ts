// The commands that people see: each id in package.json that nobody else has registered is one of
// the server's, and what a menu, a tree or the editor says becomes its one argument.

import * as vscode from "vscode";
import { LSPErrorCodes, ResponseError } from "vscode-languageclient/node";
import { showDocument } from "./documents";
import { SERVER_COMMANDS } from "./generated/commands";
import type { Document } from "./generated/protocol";
import { ServerAway, type ServerSession } from "./session";

/** Registers the server's commands, for good: one that is called while the server is away starts it. */
export function registerCommands(context: vscode.ExtensionContext, session: ServerSession): void {
  const register = (id: string) =>
    vscode.commands.registerCommand(id, (...args: unknown[]) => forward(session, id, args));
  context.subscriptions.push(...SERVER_COMMANDS.map(register));
}

/** Returns what the server is sent: `args` are those of a menu, a tree view, a link or none. */
export function argumentOf(args: readonly unknown[], active: vscode.Uri | undefined): object {
  const [first, all] = args;
  if (first instanceof vscode.Uri) {
    const selected: unknown[] = Array.isArray(all) && all[0] instanceof vscode.Uri ? all : [first];
    return { selected: selected.map(String) };
  }
  const before = active === undefined ? {} : { active: active.toString() };
  if (typeof first === "object" && first !== null) {
    // A node of a tree view has one of its own.
    return "argument" in first ? { ...(first.argument as object), ...before } : first;
  }
  return before;
}

async function forward(session: ServerSession, id: string, args: readonly unknown[]): Promise<unknown> {
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
    // What became of a cancelled operation says the server, once everything is as it was.
    const isCancelled = error instanceof ResponseError && error.code === LSPErrorCodes.RequestCancelled;
    if (!isCancelled && !(error instanceof ServerAway)) {
      void tell(error instanceof Error ? error.message : String(error), needsTrust(error));
    }
    return undefined;
  }
}

/** What is off because the workspace is not trusted. */
export class NeedsTrust extends Error {}

/** Returns whether this, or the server, has refused something because the workspace is not trusted. */
function needsTrust(error: unknown): boolean {
  if (error instanceof NeedsTrust) {
    return true;
  }
  const data = error instanceof ResponseError ? (error.data as { reason?: unknown } | undefined) : undefined;
  return data?.reason === "untrusted";
}

async function tell(problem: string, needsTrust: boolean): Promise<void> {
  const message = problem.charAt(0).toUpperCase() + problem.slice(1);
  const actions = needsTrust ? ["Manage Workspace Trust"] : [];
  if ((await vscode.window.showErrorMessage(message, ...actions)) !== undefined) {
    await vscode.commands.executeCommand("workbench.trust.manage");
  }
}
