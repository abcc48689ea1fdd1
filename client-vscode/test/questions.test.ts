// Pickers, boxes and previews, as the server asks for them and a person answers.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import type { Input, Pick, PickItem, Preview } from "../src/generated/protocol";
import { Questions } from "../src/ui";
import { CancellationTokenSource, editor, QuickInputButtons, QuickPickItemKind, ThemeIcon } from "./editor";

const NEVER = new CancellationTokenSource().token as never;

function item(id: string, more: Partial<PickItem> = {}): PickItem {
  return { id, label: id, description: "", detail: "", group: "", icon: "", picked: false, buttons: [], ...more };
}

function button(id: string, more: Partial<PickItem["buttons"][number]>): PickItem["buttons"][number] {
  return { id, label: id, icon: "", copies: null, opens: null, ...more };
}

function pick(items: PickItem[], more: Partial<Pick> = {}): Pick {
  return { pickId: "pick-1", title: "Which", placeholder: "", many: false, back: false, busy: false, items, ...more };
}

const INPUT: Input = {
  inputId: "input-1",
  title: "Where",
  prompt: "",
  value: "",
  problem: null,
  validates: true,
  back: false,
};

function preview(more: Partial<Preview> = {}): Preview {
  const actions: Preview["actions"] = [
    { id: "yes", label: "Install" },
    { id: "other", label: "Install Something Else" },
  ];
  return { title: "Install 2 packages", lines: ["a", "b"], markdown: null, severity: "info", actions, ...more };
}

/** The one input that is open. */
function shown() {
  const [input] = editor.inputs.splice(0);
  assert.ok(input?.isShown);
  return input;
}

beforeEach(() => {
  editor.reset();
});

test("what is chosen is answered by its id, and the picker is gone", async () => {
  const answer = new Questions().pick(pick([item("one"), item("two")]), NEVER);
  const picker = shown();
  picker.choose("two");

  assert.deepEqual(await answer, { ids: ["two"] });
  assert.ok(picker.isDisposed);
});

test("Enter chooses the first, if nobody has gone to another", async () => {
  const answer = new Questions().pick(pick([item("one", { group: "Here" }), item("two")]), NEVER);
  shown().enter();

  assert.deepEqual(await answer, { ids: ["one"] });
});

test("a group stands under its name, once", () => {
  const items = [item("none"), item("a", { group: "Projects" }), item("b", { group: "Projects" }), item("c", { group: "Machine" })];
  void new Questions().pick(pick(items), NEVER);

  const labels = shown().items.map(({ kind, label }) => (kind === QuickPickItemKind.Separator ? `-- ${label}` : label));
  assert.deepEqual(labels, ["none", "-- Projects", "a", "b", "-- Machine", "c"]);
});

test("Enter where the filter has left nothing answers nothing, and the picker stays", async () => {
  const answer = new Questions().pick(pick([item("one")]), NEVER);
  const picker = shown();
  picker.choose();
  picker.choose("one");

  assert.deepEqual(await answer, { ids: ["one"] });
});

test("of several, those are marked that are picked; none may be left", async () => {
  const answer = new Questions().pick(pick([item("one", { picked: true }), item("two")], { many: true }), NEVER);
  const picker = shown();
  assert.deepEqual(picker.selectedItems.map((one) => (one as { label: string }).label), ["one"]);
  picker.choose();

  assert.deepEqual(await answer, { ids: [] });
});

test("closing, going back and an item's button are answers of their own", async () => {
  const questions = new Questions();
  const closed = questions.pick(pick([item("one")]), NEVER);
  shown().hide();
  assert.equal(await closed, null);

  const back = questions.pick(pick([item("one")], { back: true }), NEVER);
  const picker = shown();
  assert.deepEqual(picker.buttons, [QuickInputButtons.Back]);
  picker.button.fire(QuickInputButtons.Back);
  assert.deepEqual(await back, { back: true });

  const buttons = [button("rebuild", {})];
  const pressed = questions.pick(pick([item("one", { buttons })]), NEVER);
  const [row] = editor.inputs[0]?.items ?? [];
  shown().itemButton.fire({ item: row, button: row?.buttons?.[0] });
  assert.deepEqual(await pressed, { item: "one", button: "rebuild" });
});

test("a button that copies does so, and the picker stays", async () => {
  const answer = new Questions().pick(pick([item("one", { buttons: [button("path", { copies: "/a/path" })] })]), NEVER);
  const picker = shown();
  const [row] = picker.items;
  picker.itemButton.fire({ item: row, button: row?.buttons?.[0] });
  assert.deepEqual(editor.clipboard, "/a/path");
  picker.enter();

  assert.deepEqual(await answer, { ids: ["one"] });
});

/** Opens a picker with *first*, and returns it with what shows later items in it. */
function streamed(...first: string[]) {
  const handlers = new Map<string, (params: unknown) => void>();
  const client = {
    onRequest: () => undefined,
    onNotification: (method: string, handler: (params: unknown) => void) => handlers.set(method, handler),
  };
  const questions = new Questions();
  questions.serve(client as never);
  const items = (ids: string[]) => ids.map((id) => item(id, { picked: id.startsWith("picked") }));
  void questions.pick(pick(items(first), { busy: true, many: true }), NEVER);
  const later = (...ids: string[]) => {
    handlers.get("pinfold/pickItems")?.({ pickId: "pick-1", busy: false, items: items(ids) });
  };
  return { picker: shown(), later };
}

test("later items come in place of those before, and what is marked stays marked", () => {
  const { picker, later } = streamed("one", "two");
  assert.ok(picker.busy);
  picker.activeItems = picker.items.slice(1);
  later("new", "one", "two");

  assert.ok(!picker.busy);
  assert.deepEqual(picker.items.map(({ label }) => label), ["new", "one", "two"]);
  assert.deepEqual(picker.activeItems, [picker.items[2]]);
});

test("a late item that is picked is marked, and one that somebody has unmarked is not", () => {
  const { picker, later } = streamed("picked-one", "two");
  picker.selectedItems = picker.items.slice(1);
  later("picked-one", "two", "picked-three");

  assert.deepEqual(picker.selectedItems, picker.items.slice(1));
});

test("the first item is active until somebody moves, also where it comes late", () => {
  const { picker, later } = streamed("path");
  later("recommended", "path");

  assert.deepEqual(picker.activeItems, [picker.items[0]]);
});

test("what the server takes back is closed", async () => {
  const source = new CancellationTokenSource();
  const answer = new Questions().pick(pick([item("one")]), source.token);
  const picker = shown();
  source.cancel();

  assert.equal(await answer, null);
  assert.ok(picker.isDisposed);
});

test("nothing stays open when the server is gone", async () => {
  const questions = new Questions();
  const answers = [questions.pick(pick([item("one")]), NEVER), questions.input(INPUT, NEVER, () => Promise.resolve(null))];
  questions.dispose();

  assert.deepEqual(await Promise.all(answers), [null, null]);
});

test("a text that the server finds wrong is not accepted, and the box says why", async () => {
  const problemOf = (value: string) => Promise.resolve(value === "good" ? null : "that is wrong");
  const answer = new Questions().input(INPUT, NEVER, problemOf);
  const box = shown();
  box.type("bad");
  box.accepted.fire();
  await new Promise(setImmediate);
  assert.equal(box.validationMessage, "that is wrong");
  assert.ok(!box.isDisposed);
  box.type("good");
  box.accepted.fire();

  assert.deepEqual(await answer, { value: "good" });
});

test("what is said late of a text that has been edited since is not shown", async () => {
  let say: (problem: string | null) => void = () => undefined;
  const problemOf = (value: string) =>
    value === "slow" ? new Promise<string | null>((resolve) => (say = resolve)) : Promise.resolve(null);
  void new Questions().input(INPUT, NEVER, problemOf);
  const box = shown();
  box.type("slow");
  assert.ok(box.busy);
  box.type("next");
  say("that is wrong");
  await new Promise(setImmediate);
  assert.ok(!box.busy);

  assert.equal(box.validationMessage, "");
});

test("a plan is a modal dialogue with its actions; Cancel is to do nothing", async () => {
  const agreed = new Questions().preview(preview({ severity: "warning" }), NEVER);
  const [dialogue] = editor.dialogues.splice(0);
  assert.equal(dialogue?.kind, "warning");
  assert.equal(dialogue.detail, "a\nb");
  assert.deepEqual(dialogue.actions, ["Install", "Install Something Else"]);
  dialogue.press("Install Something Else");
  assert.deepEqual(await agreed, { action: "other" });

  const declined = new Questions().preview(preview(), NEVER);
  editor.dialogues[0]?.press(undefined);
  assert.equal(await declined, null);
});

test("a long plan can be read in a document, and is agreed to beside it", async () => {
  const lines = Array.from({ length: 60 }, (_, index) => `line ${index}`);
  const answer = new Questions().preview(preview({ lines, markdown: "# Plan" }), NEVER);
  const [dialogue] = editor.dialogues;
  assert.match(dialogue?.detail ?? "", /^line 0\n[^]*\nline 19\n\.\.\. and 40 more lines$/);
  dialogue?.press("Show All...");
  await new Promise(setImmediate);
  assert.equal(editor.executed[0]?.[0], "markdown.showPreview");
  shown().choose("Install");

  assert.deepEqual(await answer, { action: "yes" });
});

test("who answers a plan that was cancelled meanwhile is told so", async () => {
  const source = new CancellationTokenSource();
  const answer = new Questions().preview(preview(), source.token);
  source.cancel();
  editor.dialogues[0]?.press("Install");
  await answer;

  assert.match(editor.dialogues[1]?.title ?? "", /cancelled before you answered/);
});

test("a check of a text that fails is no riddle: the server looks at it again", async () => {
  const answer = new Questions().input(INPUT, NEVER, () => Promise.reject(new Error("gone")));
  const box = shown();
  box.type("here");
  box.accepted.fire();

  assert.deepEqual(await answer, { value: "here" });
});

test("who agrees to a plan whose server is gone is told that nothing comes of it", async () => {
  const questions = new Questions();
  const answer = questions.preview(preview(), NEVER);
  questions.dispose();
  editor.dialogues[0]?.press("Install");
  await answer;

  assert.match(editor.dialogues[1]?.title ?? "", /was cancelled before you answered/);
});

test("an icon is one of the editor's, by its name", () => {
  void new Questions().pick(pick([item("one", { icon: "star-full" })]), NEVER);

  assert.deepEqual(shown().items.map((one) => (one as { iconPath?: object }).iconPath), [new ThemeIcon("star-full")]);
});
