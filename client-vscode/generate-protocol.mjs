// Makes src/generated/protocol.ts from the schemas of the server's messages; `--check` fails if that
// is stale.

import { compile } from "json-schema-to-typescript";
import { readFile, writeFile } from "node:fs/promises";

const SCHEMAS = new URL("../docs/schemas/", import.meta.url);
const TARGET = new URL("src/generated/protocol.ts", import.meta.url);
const ENDING = ".schema.json";
const HEADER = "// Made from docs/schemas by generate-protocol.mjs; not to be edited.\n/* eslint-disable */\n";

const schema = JSON.parse(await readFile(new URL("language-server.schema.json", SCHEMAS), "utf8"));
// A schema of its own file is called as the one definition that refers to it, or by its file.
const pascal = (name) => name.charAt(0).toUpperCase() + name.slice(1);
const names = {};
for (const [name, { $ref: file }] of Object.entries(schema.$defs)) {
  if (file !== undefined) {
    names[file] = pascal(file in names ? file.replace(ENDING, "") : name);
  }
}
// One interface whose members are all messages, so that each becomes a type with its own name.
const { $defs: definitions } = schema;
const whole = {
  $schema: schema.$schema,
  $id: schema.$id,
  title: "Messages",
  type: "object",
  additionalProperties: false,
  properties: Object.fromEntries(Object.keys(definitions).map((name) => [name, { $ref: `#/$defs/${name}` }])),
  $defs: definitions,
};
const types = await compile(whole, "Messages", {
  cwd: SCHEMAS.pathname,
  bannerComment: HEADER,
  additionalProperties: false,
  customName: ({ $id }) => names[$id] ?? ($id?.endsWith(ENDING) ? pascal($id.replace(ENDING, "")) : undefined),
});
if (process.argv.includes("--check")) {
  if ((await readFile(TARGET, "utf8").catch(() => "")) !== types) {
    console.error("src/generated/protocol.ts is stale: npm run generate");
    process.exitCode = 1;
  }
} else {
  await writeFile(TARGET, types);
}
