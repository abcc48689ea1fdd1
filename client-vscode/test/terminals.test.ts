// What of an environment gets into terminals.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { EnvironmentChanged } from "../src/generated/protocol";
import { followEnvironments, setVariables } from "../src/terminals";
import { editor, Uri, workspace } from "./editor";

type Variable = NonNullable<EnvironmentChanged["variables"]>[number];

interface Scope {
  readonly workspaceFolder: { uri: Uri };
}

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

test("each folder's terminals have its environment, where that is wanted and known", () => {
  const folders = ["/ours", "/theirs", "/unknown"].map((path) => ({ uri: Uri.file(path) }));
  const collections = new Map(folders.map((folder) => [folder, new Collection([["OLD", "value"]])]));
  const all = { getScoped: ({ workspaceFolder }: Scope) => collections.get(workspaceFolder) } as never;
  const environments = new Map<string, unknown>([
    ["file:///ours", { prefix: "/e", variables: [PREFIX] }],
    ["file:///theirs", { prefix: null, variables: [] }],
    ["file:///unknown", { prefix: "/far", variables: null }],
  ]);
  const names = () => [...collections.values()].map((collection) => [...collection.keys()]);
  const follow = () => { followEnvironments({ environments } as never, all); };
  editor.reset();
  workspace.workspaceFolders = folders;

  follow();
  assert.deepEqual(names(), [["VIRTUAL_ENV"], [], ["OLD"]]);

  editor.settings["terminal.activate"] = false;
  follow();
  assert.deepEqual(names(), [[], [], []]);

  editor.settings = {};
  workspace.isTrusted = false;
  follow();
  assert.deepEqual(names(), [[], [], []]);
});
