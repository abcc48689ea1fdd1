// Beside Microsoft's Python extension: what is selected there, and what of ours is selected there.

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { registerOtherExtensions } from "../src/otherExtensions";
import { editor, EventEmitter, happenings, Uri, workspace } from "./editor";

const settled = () => new Promise(setImmediate);
const OURS = { folder: "/project", prefix: "/project/.venv", executable: "/project/.venv/bin/python" };

let subscriptions: { dispose(): void }[];
let theirs: string;
let changedThere: EventEmitter<unknown>;
let selected: string[];
let notified: unknown[][];
let logged: string[];
let started: EventEmitter<void>;
let changed: EventEmitter<unknown>;
let environments: Map<string, unknown>;

beforeEach(() => {
  editor.reset();
  [selected, notified, logged] = [[], [], []];
  [started, changed] = [new EventEmitter(), new EventEmitter()];
  environments = new Map();
  changedThere = new EventEmitter();
  theirs = "/theirs/bin/python";
  workspace.workspaceFolders = [{ uri: Uri.file("/first") }, { uri: Uri.file("/project") }];
  editor.extensions["ms-python.python"] = {
    environments: {
      getActiveEnvironmentPath: (folder: Uri) => {
        if (folder.path === "/first") {
          throw new Error("it does not know that one");
        }
        return { path: theirs };
      },
      updateActiveEnvironmentPath: (path: string) => Promise.resolve(selected.push(path)),
      onDidChangeActiveEnvironmentPath: changedThere.event,
    },
  };
  const session = {
    ...{ state: "running", environments, notify: (...all: unknown[]) => notified.push(all) },
    ...{ onDidStart: started.event, onDidChangeEnvironment: changed.event },
    log: { warn: (text: string) => logged.push(text) },
  };
  subscriptions = [];
  registerOtherExtensions({ subscriptions } as never, session as never);
});

afterEach(() => {
  subscriptions.forEach((one) => { one.dispose(); });
});

function change(environment: object): void {
  environments.set("file:///project", environment);
  changed.fire(environment);
}

test("what is selected there is told for each folder, though one of them fails", async () => {
  started.fire();
  await settled();

  assert.deepEqual(notified, [
    ["pinfold/otherSelection", { folder: "/first", source: "Python", environment: null }],
    ["pinfold/otherSelection", { folder: "/project", source: "Python", environment: "/theirs/bin/python" }],
  ]);
  assert.deepEqual(logged, ["Python: Error: it does not know that one"]);
});

test("a folder that is added is told of, too", async () => {
  started.fire();
  await settled();
  workspace.workspaceFolders = [{ uri: Uri.file("/added") }];
  happenings.foldersChanged.fire();
  await settled();

  const told = { folder: "/added", source: "Python", environment: "/theirs/bin/python" };
  assert.deepEqual(notified.at(-1), ["pinfold/otherSelection", told]);
});

test("one that tells of no changes is listened to all the same", async () => {
  delete (editor.extensions["ms-python.python"] as { environments: Record<string, unknown> }).environments["onDidChangeActiveEnvironmentPath"];
  started.fire();
  await settled();

  assert.equal(notified.length, 2);
  assert.match(logged[0] ?? "", /not a function/);
});

test("a change there is told once, however often it was looked for", async () => {
  started.fire();
  happenings.extensionsChanged.fire();
  await settled();
  notified.length = 0;
  changedThere.fire(undefined);
  await settled();
  await settled();

  assert.equal(notified.length, 2);
});

test("a change there is told as it is then, though it was told before it was made", async () => {
  started.fire();
  await settled();
  changedThere.fire(undefined);
  theirs = "/theirs/new/python";
  await settled();
  await settled();

  const told = { folder: "/project", source: "Python", environment: "/theirs/new/python" };
  assert.deepEqual(notified.at(-1), ["pinfold/otherSelection", told]);
});

test("ours is told once if that is wanted, so that another one that is selected there stays", async () => {
  editor.settings["pythonExtension.publish"] = true;
  started.fire();
  await settled();
  change(OURS);
  change({ ...OURS, markdown: "something else is installed" });
  await settled();
  assert.deepEqual(selected, [OURS.executable]);

  change({ ...OURS, executable: "/other/bin/python" });
  await settled();
  assert.deepEqual(selected, [OURS.executable, "/other/bin/python"]);
});

test("what became known before the other extension was there is told then", async () => {
  editor.settings["pythonExtension.publish"] = true;
  change(OURS);
  started.fire();
  await settled();

  assert.deepEqual(selected, [OURS.executable]);
});

test("nothing is told unasked, and everything when it is asked for", async () => {
  started.fire();
  await settled();
  change(OURS);
  await settled();
  assert.deepEqual(selected, []);

  editor.settings["pythonExtension.publish"] = true;
  happenings.settingChanged.fire({ affectsConfiguration: () => true });
  await settled();
  assert.deepEqual(selected, [OURS.executable]);
});
