// A stub with the id and the type of Microsoft's Python debugger: it writes down what it is asked to
// debug, and debugs nothing.

const fs = require("node:fs");
const vscode = require("vscode");

exports.activate = (context) => {
  const factory = {
    createDebugAdapterDescriptor(session) {
      const path = process.env.STUB_WRITES_TO;
      fs.writeFileSync(`${path}.part`, JSON.stringify(session.configuration));
      fs.renameSync(`${path}.part`, path);
      return undefined;
    },
  };
  context.subscriptions.push(vscode.debug.registerDebugAdapterDescriptorFactory("debugpy", factory));
};
