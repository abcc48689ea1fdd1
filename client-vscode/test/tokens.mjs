// The tokens of the grammar, as VS Code would have them.
//
// With `--print`: reads a JSON list of texts from standard input and prints for each of them, line by
// line, [start, end, scopes] of each token; columns are UTF-16 code units.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import oniguruma from "vscode-oniguruma";
import textmate from "vscode-textmate";

const SCOPE = "source.pip-requirements";
const GRAMMAR = fileURLToPath(
  new URL("../syntaxes/pip-requirements.tmLanguage.json", import.meta.url),
);

/** Return a function from a text to its lines' tokens, each without the scope that all have. */
export async function tokenizer() {
  const wasm = createRequire(import.meta.url).resolve("vscode-oniguruma/release/onig.wasm");
  await oniguruma.loadWASM(readFileSync(wasm));
  const registry = new textmate.Registry({
    onigLib: Promise.resolve(oniguruma),
    loadGrammar: () =>
      Promise.resolve(textmate.parseRawGrammar(readFileSync(GRAMMAR, "utf8"), GRAMMAR)),
  });
  const grammar = await registry.loadGrammar(SCOPE);
  return (text) => {
    let state = textmate.INITIAL;
    return text.split(/\r\n|\n|\r/).map((line) => {
      const tokenized = grammar.tokenizeLine(line, state);
      state = tokenized.ruleStack;
      return tokenized.tokens.map((token) => [
        token.startIndex,
        Math.min(token.endIndex, line.length),
        token.scopes.slice(1),
      ]);
    });
  };
}

if (process.argv[2] === "--print") {
  const tokenize = await tokenizer();
  const texts = JSON.parse(readFileSync(0, "utf8"));
  process.stdout.write(JSON.stringify(texts.map(tokenize)));
}
