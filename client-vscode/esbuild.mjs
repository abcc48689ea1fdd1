// Bundles the extension into dist/extension.js: `--production` minifies it, `--watch` does it again
// with each change. `--tests` bundles the unit tests, with stand-ins for the editor and
// the language client.

import { context } from "esbuild";

const has = (option) => process.argv.includes(option);

const extension = {
  entryPoints: ["src/extension.ts"],
  outfile: "dist/extension.js",
  external: ["vscode"],
  minify: has("--production"),
  sourcemap: !has("--production"),
};
const tests = {
  entryPoints: ["test/*.test.ts"],
  outdir: "dist/test",
  alias: { vscode: "./test/editor.ts", "vscode-languageclient/node": "./test/languageClient.ts" },
  sourcemap: "inline",
};

const building = await context({
  bundle: true,
  platform: "node",
  format: "cjs",
  target: "node20",
  logLevel: "warning",
  ...(has("--tests") ? tests : extension),
});
if (has("--watch")) {
  await building.watch();
} else {
  await building.rebuild();
  await building.dispose();
}
