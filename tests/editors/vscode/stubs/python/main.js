// A stub with the id and the API of Microsoft's Python extension, as far as Pinfold uses it: what is
// selected to begin with, and by its command, is in variables, and what it is told goes into a file.

const fs = require("node:fs");
const vscode = require("vscode");

exports.activate = (context) => {
  const changed = new vscode.EventEmitter();
  let path = process.env.STUB_SELECTED;
  const select = (next) => {
    path = next;
    changed.fire({ id: path, path, resource: vscode.workspace.workspaceFolders?.[0] });
  };
  context.subscriptions.push(
    changed,
    vscode.commands.registerCommand("stub.select", () => select(process.env.STUB_SELECTS_NEXT)),
  );
  return {
    ready: Promise.resolve(),
    environments: {
      getActiveEnvironmentPath: () => ({ id: path, path }),
      onDidChangeActiveEnvironmentPath: changed.event,
      updateActiveEnvironmentPath: async (next, resource) => {
        const line = JSON.stringify({ selected: next, folder: resource.fsPath });
        fs.appendFileSync(process.env.STUB_WRITES_TO, `${line}\n`);
        select(next);
      },
    },
  };
};
