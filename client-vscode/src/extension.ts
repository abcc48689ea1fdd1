// Wires the parts together.

import * as vscode from "vscode";
import { registerCommands } from "./commands";
import { registerDocuments } from "./documents";
import { registerEnvironmentsView } from "./environmentsView";
import { registerIssueReport } from "./issueReport";
import { registerOtherExtensions } from "./otherExtensions";
import { ServerSession, unlessAway } from "./session";
import { registerStatus } from "./status";
import { registerTerminals } from "./terminals";

let session: ServerSession | undefined;

export function activate(context: vscode.ExtensionContext): void {
  const here = new ServerSession(context);
  session = here;
  context.subscriptions.push(
    here,
    vscode.commands.registerCommand("pinfold.restart", () => here.restart()),
    vscode.commands.registerCommand("pinfold.showLog", () => { here.log.show(); }),
  );
  registerDocuments(context);
  registerCommands(context, here);
  registerStatus(context, here);
  registerTerminals(context, here);
  registerEnvironmentsView(context, here);
  registerOtherExtensions(context, here);
  registerIssueReport(context, here);
  // Whatever has woken the extension is something that the server has to say something about.
  void unlessAway(here.start());
}

export async function deactivate(): Promise<void> {
  await session?.stop();
}
