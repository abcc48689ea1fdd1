// What a menu, a tree view, a link or the active editor says becomes one object.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { argumentOf, NeedsTrust, withMessage } from "../src/commands";
import { SERVER_COMMANDS } from "../src/generated/commands";
import { withoutSecrets } from "../src/issueReport";
import { editor, Uri, workspace } from "./editor";
import { ResponseError } from "./languageClient";

const A = Uri.file("/project/a") as never;
const B = Uri.file("/project/b") as never;

test("a menu gives what it was opened on, and all that is selected with it", () => {
  assert.deepEqual(argumentOf([A], undefined), { selected: ["file:///project/a"] });
  assert.deepEqual(argumentOf([A, [A, B]], B), { selected: ["file:///project/a", "file:///project/b"] });
});

test("an editor's title menu gives no list beside the file", () => {
  assert.deepEqual(argumentOf([A, { groupId: 0 }], undefined), { selected: ["file:///project/a"] });
});

test("a node of a tree gives its argument and what is in front, and a link its own", () => {
  assert.deepEqual(argumentOf([{ argument: { environment: "/e" } }], undefined), { environment: "/e" });
  const both = { environment: "/e", active: "file:///project/a" };
  assert.deepEqual(argumentOf([{ argument: { environment: "/e" } }], A), both);
  assert.deepEqual(argumentOf([{ folder: "/f" }], A), { folder: "/f" });
});

test("what is bound to a key with an argument is for the file in front, unless it says for what", () => {
  const both = { packages: ["flask"], active: "file:///project/a" };
  assert.deepEqual(argumentOf([{ packages: ["flask"] }], A), both);
  assert.deepEqual(argumentOf([{ packages: ["flask"], active: "/b" }], A), { ...both, active: "/b" });
});

test("the palette gives the active file, if there is one", () => {
  assert.deepEqual(argumentOf([], A), { active: "file:///project/a" });
  assert.deepEqual(argumentOf([], undefined), {});
});

test("trust is offered where a command was refused for want of it, and nowhere else", async () => {
  editor.reset();
  workspace.isTrusted = false;
  for (const data of [{ reason: "untrusted" }, { reason: "another" }, null, undefined]) {
    await withMessage(Promise.reject(new ResponseError(-32803, "no", data)));
  }
  await withMessage(Promise.reject(new Error("no")));
  await withMessage(Promise.reject(new NeedsTrust("off")));
  // As another extension may do.
  // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
  await withMessage(Promise.reject("why"));

  const offer = "Manage Workspace Trust";
  const shown = editor.dialogues.map(({ title, actions }) => [title, ...actions]);
  assert.deepEqual(shown, [["No", offer], ["No"], ["No"], ["No"], ["No"], ["Off", offer], ["Why"]]);
  editor.dialogues[0]?.press("Manage Workspace Trust");
  await new Promise(setImmediate);
  assert.deepEqual(editor.executed, [["workbench.trust.manage"]]);
});

test("where there is no environment, the ways to one are offered, for the folder that was meant", async () => {
  editor.reset();
  const data = { reason: "no-environment", folder: "/ours" };
  await withMessage(Promise.reject(new ResponseError(-32803, "there is none", data)));
  const [shown] = editor.dialogues;
  assert.deepEqual([shown?.title, shown?.actions], ["There is none", ["Create Environment...", "Select Environment..."]]);
  shown?.press("Create Environment...");
  await new Promise(setImmediate);

  assert.deepEqual(editor.executed, [["pinfold.createEnvironment", { folder: "/ours" }]]);
});

test("each command of package.json is registered by somebody, and each of the server's is in it", () => {
  const manifest = JSON.parse(readFileSync("package.json", "utf8")) as {
    contributes: { commands: { command: string }[] };
  };
  const contributed = manifest.contributes.commands.map(({ command }) => command);
  const source = sources().map(({ text }) => text).join("\n");
  const registered = [...source.matchAll(/(?:registerCommand|register|onNode)\(\s*"([^"]+)"/g)].map(([, id]) => id ?? "");

  assert.deepEqual(contributed.toSorted(), [...SERVER_COMMANDS, ...registered].toSorted());
});

test("nothing in the client knows how Python is packaged", () => {
  for (const { name, text } of sources()) {
    const [found] = /pyvenv|site-packages|dist-info|\bpip |requirements?\.txt|[=~!<>]=\s*\d+\.\d/.exec(text) ?? [];
    assert.equal(found, undefined, name);
  }
});

test("an issue report has no passwords of URLs, and no home directory", () => {
  const home = process.env["HOME"] ?? "";

  assert.equal(withoutSecrets(`https://me:secret@host/x ${home}/project`), "https://***@host/x ~/project");
  assert.equal(withoutSecrets("GET https://host/simple/?token=secret 'x'"), "GET https://host/simple/?*** 'x'");
  assert.equal(withoutSecrets("https://me:p@ss@host/x"), "https://***@host/x");
  assert.equal(withoutSecrets("https://host/x#sha=1 http://[::1]/"), "https://host/x#*** http://[::1]/");
  assert.equal(withoutSecrets("Authorization: Bearer abc.d-e= x"), "Authorization: Bearer *** x");
  assert.equal(withoutSecrets("uv --token abc PIP_API_KEY=x {'password': 'y'}"), "uv --token *** PIP_API_KEY=*** {'password': '***'}");
  assert.equal(withoutSecrets("WARNING token expected, 3 keys"), "WARNING token expected, 3 keys");
  assert.equal(withoutSecrets("C:/Users/me c:\\users\\ME\\x C:\\Users\\megan", "C:\\Users\\me"), "~ ~\\x C:\\Users\\megan");
  assert.equal(withoutSecrets("/srv/app", "/"), "/srv/app");
});

function sources(): { name: string; text: string }[] {
  return readdirSync("src")
    .filter((name) => name.endsWith(".ts"))
    .map((name) => ({ name, text: readFileSync(`src/${name}`, "utf8") }));
}
