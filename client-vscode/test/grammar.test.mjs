// The grammar against files in which each line is followed by what is expected of it:
//
//     flask>=2
//     ~~~~~ entity.name.class
//          ~~ keyword.operator.comparison
//
// Exactly what is underlined has the scope, in the line nearest above. `!` before a scope: nothing
// in that line has it.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { tokenizer } from "./tokens.mjs";

const FOLDER = new URL("./grammar/", import.meta.url);
const EXPECTATION = /^\s*(?:(~+) (\S+)|! (\S+))$/;

const tokenize = await tokenizer();

for (const name of readdirSync(FOLDER)) {
  test(`grammar: ${name}`, () => {
    const { lines, expected } = read(readFileSync(new URL(name, FOLDER), "utf8"));
    const tokens = tokenize(lines.join("\n"));
    const found = expected.map(({ line, scope }) => underlined(lines[line], tokens[line], scope));

    assert.deepEqual(
      found.map((marks, index) => [lines[expected[index].line], expected[index].scope, marks]),
      expected.map(({ line, scope, marks }) => [lines[line], scope, marks]),
    );
  });
}

/** Take the expectations out; those of one line for one scope are merged. */
function read(text) {
  const lines = [];
  const expected = [];
  for (const line of text.trimEnd().split("\n")) {
    const match = EXPECTATION.exec(line);
    if (match === null) {
      lines.push(line);
      continue;
    }
    const at = lines.length - 1;
    const scope = match[2] ?? match[3];
    let entry = expected.find((other) => other.line === at && other.scope === scope);
    if (entry === undefined) {
      entry = { line: at, scope, marks: " ".repeat(lines[at].length) };
      expected.push(entry);
    }
    if (match[1] !== undefined) {
      const start = line.indexOf("~");
      const end = start + match[1].length;
      entry.marks = entry.marks.slice(0, start) + match[1] + entry.marks.slice(end);
    }
  }
  return { lines, expected };
}

/** Underline what has a scope, given by its first words. */
function underlined(line, tokens, scope) {
  return tokens
    .map(([start, end, scopes]) => {
      const isMeant = scopes.some((other) => `${other}.`.startsWith(`${scope}.`));
      return (isMeant ? "~" : " ").repeat(end - start);
    })
    .join("")
    .padEnd(line.length);
}
