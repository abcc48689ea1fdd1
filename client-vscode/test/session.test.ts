// The life of the server, with one that runs as the test has it.

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { withMessage } from "../src/commands";
import { ProgramMissing } from "../src/python";
import { ServerAway, ServerSession } from "../src/session";
import { editor, happenings, LogLevel, Uri, window, workspace } from "./editor";
import { ErrorCodes, LSPErrorCodes, ResponseError, servers } from "./languageClient";

const globalState = { update: () => Promise.resolve() };
const context = { globalStorageUri: Uri.file("/storage"), extensionUri: Uri.file("/extension"), globalState } as never;
let session: ServerSession;

const settled = () => new Promise(setImmediate);
const until = async (isSo: () => boolean) => {
  while (!isSo()) {
    await settled();
  }
};
/** Has the person turn to an editor; returns what the server was told last. */
const lookAt = async (editors: Partial<typeof window>) => {
  await session.start();
  Object.assign(window, editors);
  happenings.editorChanged.fire();
  return lastClient().notified.at(-1);
};
const lastClient = () => servers.clients.at(-1) ?? assert.fail("no client was made");

beforeEach(() => {
  editor.reset();
  Object.assign(servers, {
    clients: [],
    isRunning: true,
    start: () => Promise.resolve(),
    answer: () => Promise.resolve(null),
  });
  session = new ServerSession(context);
});

afterEach(() => {
  session.dispose();
});

test("nothing is started before it is needed, and then once", async () => {
  assert.equal(servers.clients.length, 0);
  await Promise.all([session.run("pinfold.refresh"), session.run("pinfold.refresh"), session.start()]);

  assert.equal(servers.clients.length, 1);
  assert.equal(session.state, "running");
});

test("a command is sent with one object, or with none", async () => {
  const sent: unknown[] = [];
  servers.answer = (method, params) => Promise.resolve(sent.push([method, params]));
  await session.run("pinfold.refresh");
  await session.run("pinfold.freeze", { folder: "/f" });

  assert.deepEqual(sent, [
    ["workspace/executeCommand", { command: "pinfold.refresh", arguments: [] }],
    ["workspace/executeCommand", { command: "pinfold.freeze", arguments: [{ folder: "/f" }] }],
  ]);
});

test("a server that ends unasked is started again, and the person is told", async () => {
  await session.start();
  lastClient().end();
  await settled();

  assert.equal(servers.clients.length, 2);
  assert.equal(session.state, "running");
  assert.deepEqual(editor.dialogues.map(({ kind, actions }) => [kind, actions]), [["warning", ["Show Log", "Report Issue..."]]]);
});

test("after three times within a few minutes it stays off, until somebody wants it again", async () => {
  await session.start();
  for (let times = 0; times < 4; times += 1) {
    lastClient().end();
    await settled();
  }
  assert.equal(servers.clients.length, 4);
  assert.equal(session.state, "off");
  const last = editor.dialogues.at(-1);
  assert.deepEqual([last?.kind, last?.actions[0]], ["error", "Start Again"]);

  last?.press("Start Again");
  await settled();
  assert.equal(session.state, "running");
  lastClient().end();
  await settled();
  assert.equal(session.state, "running");
});

test("a command that is called while the server is off starts it", async () => {
  await session.start();
  await session.stop();
  assert.equal(session.state, "off");
  await session.run("pinfold.refresh");

  assert.equal(session.state, "running");
  assert.deepEqual(editor.dialogues, []);
});

test("who waits for a server that ends hears no more of it than that it has ended", async () => {
  let fail: (error: Error) => void = () => undefined;
  servers.answer = () => new Promise((_, reject) => (fail = reject));
  const running = session.run("pinfold.refresh");
  await settled();
  lastClient().end();
  fail(new Error("connection got disposed"));

  await assert.rejects(running, ServerAway);
  assert.equal(await withMessage(running), undefined);
  assert.equal(editor.dialogues.filter(({ kind }) => kind === "error").length, 0);
});

test("a request that the end of the server has rejected is none that failed", async () => {
  const error = new ResponseError(ErrorCodes.PendingResponseRejected, "Pending response rejected");
  servers.answer = () => Promise.reject(error);

  await assert.rejects(session.run("pinfold.refresh"), ServerAway);
});

test("a server that is gone by the time that it has started does not run", async () => {
  servers.isRunning = false;
  await assert.rejects(session.start(), ServerAway);

  assert.equal(session.state, "off");
  assert.match(editor.dialogues[0]?.title ?? "", /it has ended before it was ready$/);
});

test("a start that fails is told once, with something to do about it", async () => {
  servers.start = () => Promise.reject(new Error("no such program"));
  await assert.rejects(session.start(), ServerAway);

  assert.deepEqual(
    editor.dialogues.map(({ title, actions }) => [title, actions]),
    [["The Pinfold server could not be started: no such program", ["Try Again", "Show Log", "Report Issue..."]]],
  );
  servers.start = () => Promise.resolve();
  editor.dialogues[0]?.press("Try Again");
  await settled();
  assert.equal(session.state, "running");
});

test("a server that ends while it starts is no riddle of the protocol's", async () => {
  const error = new ResponseError(ErrorCodes.PendingResponseRejected, "Pending response rejected");
  servers.start = () => Promise.reject(error);
  await assert.rejects(session.start(), ServerAway);

  assert.match(editor.dialogues[0]?.title ?? "", /it has ended before it was ready$/);
});

test("the language client tells nobody of a start that fails, as the session does", async () => {
  await session.start();

  assert.equal(lastClient().options.initializationFailedHandler(new Error("rejected")), false);
});

test("what cannot be done about a missing Python is told", async () => {
  servers.start = () => Promise.reject(new ProgramMissing("There is no Python."));
  await assert.rejects(session.start(), ServerAway);
  await until(() => editor.dialogues.length === 1);
  editor.dialogues[0]?.press("Choose...");
  await settled();

  assert.match(editor.dialogues[1]?.title ?? "", /the settings are read-only/);
});

test("trust that is given while the server starts reaches it", async () => {
  workspace.isTrusted = false;
  let begin: () => void = () => undefined;
  servers.start = () => new Promise((resolve) => (begin = resolve));
  const starting = session.start();
  workspace.isTrusted = true;
  happenings.trusted.fire();
  begin();
  await starting;

  assert.ok(lastClient().notified.some(([method]) => method === "pinfold/trustChanged"));
  assert.equal(servers.clients.length, 1);
});

test("trust starts a server that was off without it", async () => {
  happenings.trusted.fire();
  await settled();

  assert.equal(session.state, "running");
});

test("trust is told at the start, and when it is given without another start", async () => {
  workspace.isTrusted = false;
  await session.start();
  const { trusted } = lastClient().options.initializationOptions();
  assert.equal(trusted, false);
  happenings.trusted.fire();

  assert.deepEqual(lastClient().notified.at(-1), ["pinfold/trustChanged", { trusted: true }]);
  assert.equal(servers.clients.length, 1);
});

test("the server follows settings; those of its start start it again", async () => {
  await session.start();
  happenings.settingChanged.fire({ affectsConfiguration: (name) => name === "pinfold" });
  assert.equal(lastClient().notified.at(-1)?.[0], "workspace/didChangeConfiguration");
  happenings.settingChanged.fire({ affectsConfiguration: (name) => name === "pinfold.python" });
  await settled();

  assert.equal(servers.clients.length, 2);
  assert.deepEqual(editor.dialogues, []);
});

test("a setting of the start waits for what is being done", async () => {
  let end: (value: null) => void = () => undefined;
  servers.answer = () => new Promise((resolve) => (end = resolve));
  const running = session.run("pinfold.installRequirements");
  await settled();
  happenings.settingChanged.fire({ affectsConfiguration: (name) => name === "pinfold.diagnosticMode" });
  await settled();
  assert.equal(servers.clients.length, 1);

  end(null);
  await running;
  await settled();
  assert.equal(servers.clients.length, 2);
});

test("the log's end is kept, whoever has written it, and a trace needs nothing but its setting", async () => {
  await session.start();
  const { outputChannel, traceOutputChannel } = lastClient().options;
  outputChannel.warn("from the server");
  session.log.info("from the client");
  traceOutputChannel.trace("a message");

  assert.deepEqual(session.lastLines, ["WARN from the server", "INFO from the client"]);
  const levels = [traceOutputChannel.logLevel];
  traceOutputChannel.onDidChangeLogLevel((level) => levels.push(level));
  editor.settings["trace.server"] = "messages";
  happenings.settingChanged.fire({ affectsConfiguration: (name) => name === "pinfold" });
  assert.deepEqual(levels, [LogLevel.Off, LogLevel.Trace]);
  assert.deepEqual(editor.logged, ["warn from the server", "info from the client", "info a message"]);
});

test("what is said of an environment is kept by its folder", async () => {
  await session.start();
  const said = { folder: "/project", text: "Python 3.13" };
  lastClient().handlers.get("pinfold/environmentChanged")?.(said);

  assert.deepEqual([...session.environments], [["file:///project", said]]);
});

test("the active file stays while something is active that is no document, until it is closed", async () => {
  const uri = Uri.file("/project/a.py");
  workspace.textDocuments = [{ uri }];
  const told = [await lookAt({ activeTextEditor: { document: { uri } } })];
  told.push(await lookAt({ activeTextEditor: { document: { uri: Uri.from({ scheme: "output", path: "log" }) } } }));
  workspace.textDocuments = [];
  happenings.closed.fire();
  told.push(lastClient().notified.at(-1));

  const uris = ["file:///project/a.py", "file:///project/a.py", null];
  assert.deepEqual(told, uris.map((one) => ["pinfold/activeEditorChanged", { uri: one }]));
});

test("a text that is no file yet is no reason to change the file behind it", async () => {
  const uri = Uri.file("/project/requirements.txt");
  workspace.textDocuments = [{ uri }];
  await lookAt({ activeTextEditor: { document: { uri } } });
  await lookAt({ activeTextEditor: { document: { uri: Uri.from({ scheme: "untitled", path: "1" }), isUntitled: true } } });

  assert.equal(session.activeFile, undefined);
});

test("a notebook is looked at, and stays", async () => {
  const uri = Uri.file("/project/a.ipynb");
  workspace.notebookDocuments = [{ uri }];
  const cell = { document: { uri: Uri.from({ scheme: "vscode-notebook-cell", path: "/project/a.ipynb" }) } };
  await lookAt({ activeTextEditor: cell, activeNotebookEditor: { notebook: { uri } } });
  await lookAt({ activeTextEditor: undefined, activeNotebookEditor: undefined });

  assert.equal(session.activeFile, uri);
});

test("why a command failed is told, and nothing where the person has cancelled it", async () => {
  await withMessage(Promise.reject(new ResponseError(LSPErrorCodes.RequestCancelled, "cancelled")));
  assert.deepEqual(editor.dialogues, []);
  await withMessage(Promise.reject(new ResponseError(LSPErrorCodes.RequestFailed, "no such environment")));

  assert.deepEqual(editor.dialogues.map(({ title, actions }) => [title, actions]), [["No such environment", []]]);
});
