// What of an environment gets into terminals, and which file it is that is debugged.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { TerminalActivation } from "../src/generated/protocol";
import { debuggedPlace, setVariables, terminalEnvironment } from "../src/terminals";
import { Uri } from "./editor";

type Variable = TerminalActivation["variables"][number];

const PATH: Variable = { name: "PATH", action: "prepend", value: "/e/bin:", atStart: true, afterStartup: true };
const PROMPT: Variable = { name: "PS1", action: "prepend", value: "(e) ", atStart: false, afterStartup: true };
const PREFIX: Variable = { name: "VIRTUAL_ENV", action: "replace", value: "/e", atStart: true, afterStartup: false };

/** A stand-in for VS Code's collection, which holds what it was told by name. */
class Collection extends Map<string, unknown> {
  replace(name: string, value: string, options: unknown): void {
    this.set(name, ["replace", value, options]);
  }

  prepend(name: string, value: string, options: unknown): void {
    this.set(name, ["prepend", value, options]);
  }
}

test("a collection holds what it is given, when it is given it, and nothing else", () => {
  const collection = new Collection([["OLD", "value"]]);

  setVariables(collection as never, [PATH, PROMPT, PREFIX]);

  assert.deepEqual([...collection], [
    ["PATH", ["prepend", "/e/bin:", { applyAtProcessCreation: true, applyAtShellIntegration: true }]],
    ["PS1", ["prepend", "(e) ", { applyAtProcessCreation: false, applyAtShellIntegration: true }]],
    ["VIRTUAL_ENV", ["replace", "/e", { applyAtProcessCreation: true, applyAtShellIntegration: false }]],
  ]);
});

test("a terminal of our own has the lines, and of the variables those for the start", () => {
  const lines = { bash: "source a", fish: "source a.fish" };

  const environment = terminalEnvironment({ variables: [PATH, PROMPT, PREFIX], lines } as never);

  assert.deepEqual(environment, {
    PATH: "/e/bin:${env:PATH}",
    VIRTUAL_ENV: "/e",
    VSCODE_PYTHON_BASH_ACTIVATE: "source a",
    VSCODE_PYTHON_FISH_ACTIVATE: "source a.fish",
    VSCODE_PYTHON_PWSH_ACTIVATE: undefined,
    VSCODE_PYTHON_ZSH_ACTIVATE: undefined,
  });
});

test("what is debugged is the program, the file in front, or else something in the folder", () => {
  const folder = { uri: Uri.file("/ours"), name: "ours", index: 0 } as never;
  const active = Uri.file("/ours/web/app.py") as never;
  const place = (program: unknown, shown = active) => debuggedPlace({ program } as never, folder, shown);

  assert.equal(place("/ours/web/main.py"), "/ours/web/main.py");
  assert.equal(place("${workspaceFolder}/web/main.py"), "/ours/web/main.py");
  assert.equal(place("${file}"), "/ours/web/app.py");
  assert.equal(place(undefined), "/ours/web/app.py");
  assert.equal(place("${file}", Uri.from({ scheme: "output", path: "log" }) as never), "/ours");
  assert.equal(place("${command:pick}"), "/ours");
});
