// Progress that can be cancelled is a notification; all other is the language client's to show.

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { ProgressNotifications } from "../src/progress";
import { editor } from "./editor";

const BEGIN = { kind: "begin", title: "Installing", cancellable: true } as const;
const cancelled: unknown[] = [];
let passedOn: unknown[];
let progress: ProgressNotifications;

const settled = () => new Promise(setImmediate);

function handle(params: object): void {
  progress.handle(7, params as never, (_, one) => passedOn.push(one.kind));
}

beforeEach(() => {
  editor.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
  passedOn = [];
  progress = new ProgressNotifications((token) => cancelled.push(token));
});

afterEach(() => {
  mock.timers.reset();
});

test("percentages become increments, and the end closes the notification", async () => {
  handle({ ...BEGIN, percentage: 0 });
  mock.timers.tick(400);
  handle({ kind: "report", message: "flask", percentage: 30 });
  handle({ kind: "report", percentage: 50 });
  handle({ kind: "end" });
  await settled();

  const [shown] = editor.progress;
  assert.equal(shown?.title, "Installing");
  assert.deepEqual(shown.reports.slice(-2), [{ message: "flask", increment: 30 }, { message: "flask", increment: 20 }]);
  assert.ok(shown.isOver);
  assert.deepEqual(passedOn, ["end"]);
});

test("what is over soon is never shown, so that it is not in the way of what is told then", () => {
  handle(BEGIN);
  mock.timers.tick(399);
  handle({ kind: "end" });
  mock.timers.tick(10_000);

  assert.deepEqual(editor.progress, []);
  assert.deepEqual(passedOn, ["end"]);
});

test("it appears with what was reported until then", () => {
  handle({ ...BEGIN, message: "Looking", percentage: 10 });
  handle({ kind: "report", percentage: 20 });
  mock.timers.tick(400);
  handle({ kind: "report", percentage: 15 });

  assert.deepEqual(editor.progress[0]?.reports, [
    { message: "Looking", increment: 20 },
    { message: "Looking", increment: 0 },
  ]);
});

test("its button tells the server, and until everything is put back the status bar says so", async () => {
  handle(BEGIN);
  mock.timers.tick(400);
  editor.progress[0]?.cancel();

  assert.deepEqual(cancelled, [7]);
  const last = editor.progress.at(-1);
  assert.deepEqual([last?.title, last?.isOver], ["Installing: cancelling", false]);
  handle({ kind: "end" });
  await settled();
  assert.ok(last?.isOver);
});

test("what cannot be cancelled is passed on", () => {
  for (const params of [{ kind: "begin", title: "Searching" }, { kind: "report" }, { kind: "end" }]) {
    handle(params);
  }
  mock.timers.tick(400);

  assert.deepEqual(passedOn, ["begin", "report", "end"]);
  assert.deepEqual(editor.progress, []);
});

test("nothing goes on, and nothing begins, when the server is gone", async () => {
  handle(BEGIN);
  mock.timers.tick(400);
  progress.handle(8, BEGIN, () => undefined);
  progress.dispose();
  mock.timers.tick(400);
  await settled();

  assert.deepEqual(editor.progress.map(({ isOver }) => isOver), [true]);
});
