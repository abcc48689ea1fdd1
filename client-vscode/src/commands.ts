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
  const register = (id: string, ofServer = id) =>
    vscode.commands.registerCommand(id, (...args: unknown[]) => forward(session, ofServer, args));
  context.subscriptions.push(
    ...SERVER_COMMANDS.map((id) => register(id)),
    register("pinfold.createEnvironmentHere", "pinfold.createEnvironment"),
  );
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
    // A node of a tree view has one of its own; what somebody has bound to a key may say only half.
    const said = "argument" in first ? (first.argument as object) : first;
    return said === first && "folder" in said ? said : { ...before, ...said };
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
      void tell(error);
    }
    return undefined;
  }
}

/** What is off because the workspace is not trusted. */
export class NeedsTrust extends Error {
  readonly data: Refusal = { reason: "untrusted" };
}

/** What the server has refused for a reason that a person can do something about. */
interface Refusal {
  readonly reason?: string;
  readonly folder?: string;
}

/** What can be done, by the reason: commands by their buttons. */
const WAYS_OUT: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "no-environment": {
    "Create Environment...": "pinfold.createEnvironment",
    "Select Environment...": "pinfold.selectEnvironment",
  },
  untrusted: { "Manage Workspace Trust": "workbench.trust.manage" },
};

async function tell(error: unknown): Promise<void> {
  // Other extensions may reject with anything.
  const { data, message = String(error) } = Object(error) as { data?: Refusal | null; message?: string };
  const ways = WAYS_OUT[data?.reason ?? ""] ?? {};
  const said = message.charAt(0).toUpperCase() + message.slice(1);
  const command = ways[(await vscode.window.showErrorMessage(said, ...Object.keys(ways))) ?? ""];
  if (command !== undefined) {
    await vscode.commands.executeCommand(command, ...(data?.folder ? [{ folder: data.folder }] : []));
  }
}
