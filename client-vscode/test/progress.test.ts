// Progress that can be cancelled is a notification; all other is the language client's to show.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { ProgressNotifications } from "../src/progress";
import { editor } from "./editor";

beforeEach(() => {
  editor.reset();
});

test("percentages become increments, and the end closes the notification", async () => {
  const passedOn: unknown[] = [];
  const progress = new ProgressNotifications(() => undefined);
  const handle = (params: object) => {
    progress.handle("token", params as never, (_, one) => passedOn.push(one));
  };
  handle({ kind: "begin", title: "Installing", cancellable: true, percentage: 0 });
  handle({ kind: "report", message: "flask", percentage: 30 });
  handle({ kind: "report", percentage: 50 });
  handle({ kind: "end" });
  await new Promise(setImmediate);

  const [shown] = editor.progress;
  assert.equal(shown?.title, "Installing");
  assert.deepEqual(shown.reports.slice(-2), [{ message: "flask", increment: 30 }, { message: undefined, increment: 20 }]);
  assert.ok(shown.isOver);
  assert.deepEqual(passedOn, [{ kind: "end" }]);
});

test("its button tells the server", () => {
  const cancelled: unknown[] = [];
  const progress = new ProgressNotifications((token) => cancelled.push(token));
  progress.handle(7, { kind: "begin", title: "Installing", cancellable: true }, () => undefined);
  editor.progress[0]?.cancel();

  assert.deepEqual(cancelled, [7]);
});

test("what cannot be cancelled is passed on", () => {
  const passedOn: unknown[] = [];
  const progress = new ProgressNotifications(() => undefined);
  for (const params of [{ kind: "begin", title: "Searching" }, { kind: "report" }, { kind: "end" }] as const) {
    progress.handle(1, params, (_, one) => passedOn.push(one.kind));
  }

  assert.deepEqual(passedOn, ["begin", "report", "end"]);
  assert.deepEqual(editor.progress, []);
});

test("nothing goes on when the server is gone", async () => {
  const progress = new ProgressNotifications(() => undefined);
  progress.handle(1, { kind: "begin", title: "Installing", cancellable: true }, () => undefined);
  progress.dispose();
  await new Promise(setImmediate);

  assert.ok(editor.progress[0]?.isOver);
});
