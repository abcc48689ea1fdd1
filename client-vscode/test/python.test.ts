// Finding a Python, with shell scripts that answer as interpreters do.

import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdtempSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { beforeEach, test } from "node:test";
import { findPython, forgetPython, inHome, isOutsideOf, offerProgram, programOf, ProgramMissing } from "../src/python";
import { editor, Uri, workspace } from "./editor";

const log = { info: () => undefined } as never;
let folder: string;
let state: Map<string, unknown>;

function context(): never {
  const globalState = { get: (key: string) => state.get(key), update: (key: string, value: unknown) => state.set(key, value) };
  return { globalStorageUri: Uri.file(folder), globalState } as never;
}

/** Makes an interpreter that gives *answer*, and counts how often it was asked. */
function interpreter(name: string, answer: string): string {
  const file = join(folder, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `#!/bin/sh\necho "$@" >> ${folder}/asked\necho "pinfold ${answer}"\n`);
  chmodSync(file, 0o755);
  return file;
}

beforeEach(() => {
  editor.reset();
  state = new Map();
  folder = mkdtempSync(join(tmpdir(), "pinfold-"));
  process.env["PATH"] = ["workspace/bin", "one", "two"].map((name) => join(folder, name)).join(":");
});

test("the first on PATH that is new enough is taken, as it calls itself", async () => {
  interpreter("one/python3", "False /old");
  interpreter("two/python3", "True /new enough/python3.12");

  assert.equal(await findPython(context(), log), "/new enough/python3.12");
});

test("what was found is not asked again, until it has changed", async () => {
  const file = join(folder, "one/python3");
  interpreter("one/python3", `True ${file}`);
  await findPython(context(), log);
  writeFileSync(join(folder, "asked"), "");
  process.env["PATH"] = "";
  assert.equal(await findPython(context(), log), file);
  assert.ok(isUnasked());

  interpreter("one/python3", "False /old");
  assert.notEqual(await findPython(context(), log).catch(() => undefined), file);
});

test("an interpreter of a workspace that is not trusted is not even asked", async () => {
  workspace.workspaceFolders = [{ uri: Uri.file(join(folder, "workspace")) }];
  workspace.isTrusted = false;
  const file = interpreter("workspace/bin/python3", "True /mine");
  mkdirSync(join(folder, "one"));
  symlinkSync(file, join(folder, "one/python3"));
  interpreter("two/python3", `True ${file}`);
  interpreter("two/python", "True /outside");

  assert.equal(await findPython(context(), log), "/outside");
});

test("where all are inside, there is none until the workspace is trusted", async () => {
  workspace.workspaceFolders = [{ uri: Uri.file("/") }];
  workspace.isTrusted = false;
  interpreter("one/python3", "True /one");
  await assert.rejects(findPython(context(), log), { constructor: ProgramMissing, message: /not trusted\.$/ });
  assert.ok(!existsSync(join(folder, "asked")));

  workspace.isTrusted = true;
  assert.equal(await findPython(context(), log), "/one");
});

test("in a trusted workspace one of its own is the last choice", async () => {
  workspace.workspaceFolders = [{ uri: Uri.file(join(folder, "workspace")) }];
  interpreter("workspace/bin/python3", "True /mine");
  interpreter("two/python3", "True /outside");

  assert.equal(await findPython(context(), log), "/outside");
});

test("the one that is set is taken, or it is said what is wrong with it", async () => {
  editor.settings["python"] = interpreter("mine", "True /elsewhere");
  assert.equal(await findPython(context(), log), editor.settings["python"]);

  editor.settings["python"] = interpreter("mine", "False /elsewhere");
  await assert.rejects(findPython(context(), log), { constructor: ProgramMissing, message: /mine, which is no Python 3.10/ });

  editor.settings["python"] = join(folder, "nothing");
  await assert.rejects(findPython(context(), log), { constructor: ProgramMissing, message: /nothing, which does not exist\.$/ });
  writeFileSync(join(folder, "nothing"), "");
  await assert.rejects(findPython(context(), log), { constructor: ProgramMissing, message: /could not be started/ });
});

test("the one that is set stands outside of a workspace that is not trusted, wherever PATH leads", async () => {
  workspace.workspaceFolders = [{ uri: Uri.file(join(folder, "workspace")) }];
  workspace.isTrusted = false;
  editor.settings["python"] = interpreter("workspace/bin/python3", "True /mine");
  await assert.rejects(findPython(context(), log), { constructor: ProgramMissing, message: /not trusted\.$/ });

  editor.settings["python"] = "python3";
  await assert.rejects(findPython(context(), log), { constructor: ProgramMissing, message: /is no absolute path\.$/ });
  assert.ok(!existsSync(join(folder, "asked")));
});

test("a server that is set is not taken from a workspace that is not trusted", async () => {
  workspace.workspaceFolders = [{ uri: Uri.file(folder) }];
  workspace.isTrusted = false;
  editor.settings["path"] = join(folder, "bin/pinfold");
  await assert.rejects(programOf("path"), { constructor: ProgramMissing, message: /pinfold.path names .+ not trusted\.$/ });

  workspace.isTrusted = true;
  await assert.rejects(programOf("path"), { constructor: ProgramMissing, message: /which does not exist\.$/ });
  interpreter("bin/pinfold", "");
  assert.equal(await programOf("path"), join(folder, "bin/pinfold"));
  delete editor.settings["path"];
  assert.equal(await programOf("path"), undefined);
});

test("installing another is offered only where none is set", async () => {
  interpreter("one/uv", "");
  for (const setting of [undefined, "python", "path"] as const) {
    void offerProgram(context(), new ProgramMissing("There is none.", setting));
  }
  while (editor.dialogues.length < 3) {
    await new Promise(setImmediate);
  }

  const offered = editor.dialogues.map(({ actions }) => actions).sort((one, other) => other.length - one.length);
  assert.deepEqual(offered, [["Install with uv", "Choose...", "Settings"], ["Choose...", "Settings"], ["Settings"]]);
});

test("what did not start is looked for anew", async () => {
  interpreter("one/python3", `True ${interpreter("two/python3", "True /two")}`);
  assert.equal(await findPython(context(), log), join(folder, "two/python3"));
  interpreter("one/python3", "True /one");
  assert.equal(await findPython(context(), log), join(folder, "two/python3"));

  await forgetPython(context());
  assert.equal(await findPython(context(), log), "/one");
});

test("each is asked isolated from its surroundings", async () => {
  interpreter("one/python3", "True /one");
  await findPython(context(), log);

  assert.match(readFileSync(join(folder, "asked"), "utf8"), /^-I -X utf8 -c /);
});

test("what lies in a folder is known by its whole name", () => {
  assert.ok(!isOutsideOf("/project/.venv/bin/python", ["/other", "/project"]));
  assert.ok(!isOutsideOf("/project", ["/project"]));
  assert.ok(isOutsideOf("/project-2/bin/python", ["/project"]));
  assert.ok(isOutsideOf("/..project/python", ["/project"]));
});

test("a leading tilde is the home directory", () => {
  assert.equal(inHome("~/bin/python"), `${process.env["HOME"] ?? ""}/bin/python`);
  assert.equal(inHome("/a/~b"), "/a/~b");
});

function isUnasked(): boolean {
  return readFileSync(join(folder, "asked"), "utf8") === "";
}
