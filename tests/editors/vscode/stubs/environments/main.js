// A stub with the id and the API of Microsoft's Python Environments extension, as far as Pinfold uses
// it: what is selected to begin with, and by its command, is in variables, and what it is told goes
// into a file.

const fs = require("node:fs");
const vscode = require("vscode");

const environmentAt = (path) => ({
  envId: { id: path, managerId: "stub" },
  environmentPath: vscode.Uri.file(path),
});

exports.activate = (context) => {
  const changed = new vscode.EventEmitter();
  let environment = environmentAt(process.env.STUB_SELECTED);
  const select = (uri, next) => {
    changed.fire({ uri, old: environment, new: next });
    environment = next;
  };
  context.subscriptions.push(
    changed,
    vscode.commands.registerCommand("stub.select", () =>
      select(vscode.workspace.workspaceFolders?.[0].uri, environmentAt(process.env.STUB_SELECTS_NEXT)),
    ),
  );
  return {
    getEnvironment: async () => environment,
    resolveEnvironment: async (uri) => environmentAt(uri.fsPath),
    onDidChangeEnvironment: changed.event,
    setEnvironment: async (scope, next) => {
      const line = JSON.stringify({ selected: next.environmentPath.fsPath, folder: scope.fsPath });
      fs.appendFileSync(process.env.STUB_WRITES_TO, `${line}\n`);
      select(scope, next);
    },
  };
};
