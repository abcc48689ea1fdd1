// The view of environments, the status bar and the texts to read, as the server's answers change.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { registerDocuments } from "../src/documents";
import { registerEnvironmentsView } from "../src/environmentsView";
import { registerStatus } from "../src/status";
import { editor, EventEmitter, happenings, Uri, workspace } from "./editor";

const settled = () => new Promise(setImmediate);

interface Session {
  /** How each question is answered; without labels, it fails. */
  answers: ((labels: string[] | undefined) => void)[];
  environments: Map<string, unknown>;
  state: string;
  activeFile: Uri | undefined;
  changed: EventEmitter<unknown>;
}

let session: Session;
let context: { subscriptions: unknown[] };

beforeEach(() => {
  editor.reset();
  const changed = new EventEmitter<unknown>();
  const answers: Session["answers"] = [];
  const run = () =>
    new Promise((resolve, reject) =>
      answers.push((labels) => {
        if (labels === undefined) {
          reject(new Error("the folder does not answer"));
        } else {
          resolve({ nodes: labels.map((label) => ({ label, children: [] })) });
        }
      }),
    );
  session = {
    ...{ answers, changed, environments: new Map(), state: "running", activeFile: undefined, run },
    ...{ onDidStart: changed.event, onDidChangeState: changed.event },
    ...{ onDidChangeEnvironment: changed.event, onDidChangeInventory: new EventEmitter().event },
  };
  context = { subscriptions: [] };
});

test("of two answers the later question's stays, whichever comes last", async () => {
  registerEnvironmentsView(context as never, session as never);
  const first = editor.tree?.getChildren();
  session.answers.shift()?.(["old"]);
  await first;
  session.changed.fire(undefined);
  session.changed.fire(undefined);
  const [earlier] = session.answers.splice(0, session.answers.length / 2);
  const [later] = session.answers;
  later?.(["new"]);
  await settled();
  earlier?.(["older"]);
  await settled();

  assert.deepEqual((await editor.tree?.getChildren())?.map(({ label }) => label), ["new"]);
});

test("a dependency file that is saved may ask for something else", async () => {
  registerEnvironmentsView(context as never, session as never);
  const top = editor.tree?.getChildren();
  session.answers.shift()?.(["before"]);
  await top;
  happenings.saved.fire({ languageId: "python" });
  assert.equal(session.answers.length, 0);
  happenings.saved.fire({ languageId: "pip-requirements" });
  session.answers.shift()?.(["after"]);
  await settled();

  assert.deepEqual((await editor.tree?.getChildren())?.map(({ label }) => label), ["after"]);
});

test("what cannot be asked for again stays, and so does what is unfolded meanwhile", async () => {
  registerEnvironmentsView(context as never, session as never);
  const top = editor.tree?.getChildren();
  session.answers.shift()?.(["project"]);
  await top;
  session.changed.fire(undefined);
  const below = editor.tree?.getChildren({ argument: { folder: "/project" } });
  session.answers.pop()?.([".venv"]);
  await below;
  session.answers.forEach((answer) => { answer(undefined); });
  await settled();

  assert.deepEqual((await editor.tree?.getChildren())?.map(({ label }) => label), ["project"]);
  const [node] = (await editor.tree?.getChildren({ argument: { folder: "/project" } })) ?? [];
  assert.equal(node?.label, ".venv");
});

test("where there is no file manager, a folder is opened in another window", async () => {
  registerEnvironmentsView(context as never, session as never);
  editor.execute = (command) => (command === "revealFileInOS" ? Promise.reject(new Error("none")) : Promise.resolve());
  await editor.registered.get("pinfold.revealEnvironment")?.({ argument: { environment: "/far/env" } });

  assert.deepEqual(editor.executed.map(([command]) => command), ["revealFileInOS", "vscode.openFolder"]);
});

test("an empty window has no status, and welcome texts know whether the server runs", () => {
  registerStatus(context as never, session as never);
  assert.equal(editor.statusItem?.isShown, false);

  workspace.workspaceFolders = [{ uri: Uri.file("/project") }];
  Object.assign(session, { state: "off" });
  session.changed.fire(undefined);
  assert.ok(editor.statusItem.isShown);
  assert.match(editor.statusItem.text, /Pinfold is off/);
  assert.deepEqual(
    editor.executed.filter(([command]) => command === "setContext"),
    ["running", "off"].map((state) => ["setContext", "pinfold.state", state]),
  );
});

test("a text that a window was restored with says that it is gone", () => {
  registerDocuments(context as never);

  const uri = Uri.from({ scheme: "pinfold", path: "/history.txt" });
  assert.match(editor.documents?.provideTextDocumentContent(uri) ?? "", /is gone/);
});
