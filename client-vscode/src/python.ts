// A Python that the server can run on: where it is looked for, how it is asked whether it will do,
// and what a person can do where there is none. Which environment is for which file is not known
// here. A workspace may bring interpreters along: none of them is started while the workspace is
// not trusted, and else only where there is no other.

import { execFile } from "node:child_process";
import { readdir, realpath, stat } from "node:fs/promises";
import { homedir } from "node:os";
import * as path from "node:path";
import { promisify } from "node:util";
import type { PythonExtension } from "@vscode/python-extension";
import * as vscode from "vscode";

const OLDEST = 10;
const NEWEST = 14;
/** What uv is told to install where there is none. */
const INSTALLED = "3.13";
const ANSWER_WITHIN_MS = 10_000;
const REMEMBERED = "python";
const IS_WINDOWS = process.platform === "win32";

// The server needs asyncio, which the smallest of Debian's packages leaves out. Of an environment
// the interpreter is taken that it was made with, for that outlives it.
const QUESTION = `
import asyncio, sys
print("pinfold", sys.version_info >= (3, ${OLDEST}), getattr(sys, "_base_executable", "") or sys.executable)
`;
const ANSWER = /^pinfold (True|False) (.+?)\r?$/m;

const { UV_PYTHON_INSTALL_DIR, XDG_DATA_HOME = "~/.local/share" } = process.env;

// One `*` stands for any one folder.
const PLACES = IS_WINDOWS
  ? [
      ...["Local/Programs/Python", "Roaming/uv/python"].map((folder) => `~/AppData/${folder}/*/python.exe`),
      ...["~/.pyenv/pyenv-win/versions", "C:/Program Files"].map((folder) => `${folder}/*/python.exe`),
    ]
  : [
      ...["/usr/local", "/opt/homebrew", "/opt/conda", "/usr"].map((folder) => `${folder}/bin/python3`),
      ...["~/.local", "~/miniconda3", "~/miniforge3", "~/anaconda3"].map((folder) => `${folder}/bin/python3`),
      `${UV_PYTHON_INSTALL_DIR ?? `${XDG_DATA_HOME}/uv/python`}/*/bin/python3`,
      "~/.pyenv/versions/*/bin/python3",
      "/Library/Frameworks/Python.framework/Versions/*/bin/python3",
    ];

/** There is no Python that the server can run on; the message says why, in a sentence. */
export class PythonMissing extends Error {}

type Answer = { readonly executable: string } | { readonly problem: string };

/** Returns the interpreter that is set, that of the last time, or the first that will do. */
export async function findPython(context: vscode.ExtensionContext, log: vscode.LogOutputChannel): Promise<string> {
  const { isTrusted } = vscode.workspace;
  const cwd = context.globalStorageUri.fsPath;
  const configured = inHome(vscode.workspace.getConfiguration("pinfold").get("python", ""));
  if (configured !== "") {
    const answer = (await refusal(configured)) ?? (await ask(configured, cwd));
    if ("problem" in answer) {
      throw new PythonMissing(`The setting pinfold.python names ${configured}, which ${answer.problem}.`);
    }
    return configured;
  }
  const [known = "", since] = context.globalState.get<[string, number]>(REMEMBERED) ?? [];
  if (since !== undefined && since === (await modified(known)) && (await isOutside(known))) {
    return known;
  }
  const { outside, inside } = await installed();
  for (const candidate of [...outside, ...(isTrusted ? inside : [])]) {
    const answer = await ask(candidate, cwd);
    if ("problem" in answer) {
      log.info(`Passed over ${candidate}: it ${answer.problem}.`);
    } else if (isTrusted || (await isOutside(answer.executable))) {
      const { executable } = answer;
      await context.globalState.update(REMEMBERED, [executable, await modified(executable)]);
      return executable;
    }
  }
  const unused = inside.length > 0 && !isTrusted ? " Those of the workspace are not used, as it is not trusted." : "";
  throw new PythonMissing(`Pinfold needs Python 3.${OLDEST} or newer to run on, and has found none.${unused}`);
}

/** Tells a person that there is no Python, with what can be done; returns whether there is one now. */
export async function offerPython(context: vscode.ExtensionContext, missing: PythonMissing): Promise<boolean> {
  const uv = await findUv();
  const actions = [...(uv === undefined ? [] : ["Install with uv"]), "Choose...", "Settings"];
  const action = await vscode.window.showErrorMessage(missing.message, ...actions);
  if (action === "Install with uv" && uv !== undefined) {
    return installPython(uv, context.globalStorageUri);
  }
  if (action === "Choose...") {
    const [chosen] = (await vscode.window.showOpenDialog({ title: `Python 3.${OLDEST} or newer` })) ?? [];
    if (chosen !== undefined) {
      // The session follows the setting.
      const settings = vscode.workspace.getConfiguration("pinfold");
      await settings.update("python", chosen.fsPath, vscode.ConfigurationTarget.Global);
    }
  } else if (action !== undefined) {
    await vscode.commands.executeCommand("workbench.action.openSettings", "pinfold.python");
  }
  return false;
}

/** Replaces a leading `~`. */
export function inHome(file: string): string {
  return /^~[/\\]/.test(file) ? path.join(homedir(), file.slice(2)) : file;
}

/** Returns why an interpreter that is set is not even asked, if that is so. */
async function refusal(file: string): Promise<Answer | undefined> {
  if (!path.isAbsolute(file)) {
    return { problem: "is no absolute path" };
  }
  const isAllowed = vscode.workspace.isTrusted || (await isOutside(file));
  return isAllowed ? undefined : { problem: "lies in the workspace, which is not trusted" };
}

async function ask(file: string, cwd: string): Promise<Answer> {
  const args = [...(path.basename(file) === "py.exe" ? ["-3"] : []), "-I", "-X", "utf8", "-c", QUESTION];
  const limits = { cwd, timeout: ANSWER_WITHIN_MS, killSignal: "SIGKILL", windowsHide: true } as const;
  try {
    const { stdout } = await promisify(execFile)(file, args, limits);
    const [, isNewEnough, executable] = ANSWER.exec(stdout) ?? [];
    const isUsable = executable !== undefined && isNewEnough === "True";
    return isUsable ? { executable } : { problem: `is no Python 3.${OLDEST} or newer` };
  } catch (error) {
    return { problem: `could not be started, or did not answer (${String(error).trim()})` };
  }
}

/** Returns what may be a Python, each once, the likeliest first. */
async function installed(): Promise<Record<"outside" | "inside", string[]>> {
  const minors = Array.from({ length: NEWEST - OLDEST + 1 }, (_, index) => `python3.${NEWEST - index}`);
  const names = IS_WINDOWS ? ["python.exe", "py.exe"] : ["python3", ...minors, "python"];
  const files = [...ofPythonExtension(), ...names.flatMap(onPath), ...(await Promise.all(PLACES.map(matching))).flat()];
  const found = { outside: new Map<string, string>(), inside: new Map<string, string>() };
  // Apple's asks to install a compiler.
  for (const file of files.filter((one) => process.platform !== "darwin" || one !== "/usr/bin/python3")) {
    const real = await realpath(file).catch(() => undefined);
    const where = found[(await isOutside(file)) ? "outside" : "inside"];
    if (real !== undefined && !where.has(real)) {
      where.set(real, file);
    }
  }
  return { outside: [...found.outside.values()], inside: [...found.inside.values()] };
}

function onPath(name: string): string[] {
  const folders = (process.env["PATH"] ?? "").split(path.delimiter);
  // In WindowsApps stand stubs that open a shop; what was installed from there, `py` knows.
  const usable = folders.filter((folder) => path.isAbsolute(folder) && !/\\WindowsApps\\?$/i.test(folder));
  return usable.map((folder) => path.join(folder, name));
}

async function matching(pattern: string): Promise<string[]> {
  const [folder = "", rest] = inHome(pattern).split(/[/\\]\*[/\\]/);
  if (rest === undefined) {
    return [folder];
  }
  const names = await readdir(folder).catch(() => []);
  const newestFirst = names.sort((one, other) => other.localeCompare(one, "en", { numeric: true }));
  return newestFirst.map((name) => path.join(folder, name, rest));
}

/** What Microsoft's extension knows, if it is there and has started; it is not started for this. */
function ofPythonExtension(): string[] {
  const extension = vscode.extensions.getExtension<Partial<PythonExtension> | undefined>("ms-python.python");
  const known = extension?.isActive === true ? extension.exports?.environments?.known : undefined;
  return (known ?? []).flatMap(({ executable }) => executable.uri?.fsPath ?? []);
}

/** Whether *file* lies outside of the workspace, by its name and with its links followed. */
async function isOutside(file: string): Promise<boolean> {
  const folders = (vscode.workspace.workspaceFolders ?? []).map(({ uri }) => uri.fsPath);
  const real = (some: string) => realpath(some).catch(() => some);
  return isOutsideOf(file, folders) && isOutsideOf(await real(file), await Promise.all(folders.map(real)));
}

export function isOutsideOf(file: string, folders: readonly string[]): boolean {
  return folders.every((folder) => {
    const way = path.relative(folder, file);
    return way === ".." || way.startsWith(`..${path.sep}`) || path.isAbsolute(way);
  });
}

async function findUv(): Promise<string | undefined> {
  const name = IS_WINDOWS ? "uv.exe" : "uv";
  const configured = inHome(vscode.workspace.getConfiguration("pinfold").get("uvPath", ""));
  const usual = ["~/.local/bin", "~/.cargo/bin"].map((folder) => path.join(inHome(folder), name));
  for (const file of [configured, ...onPath(name), ...usual]) {
    if (file !== "" && (await modified(file)) !== undefined && (await isOutside(file))) {
      return file;
    }
  }
  return undefined;
}

/** Lets uv install a Python in a terminal, where a person sees what it does, and can stop it. */
function installPython(uv: string, cwd: vscode.Uri): Promise<boolean> {
  const shellArgs = ["python", "install", INSTALLED];
  const terminal = vscode.window.createTerminal({ name: "Install Python", shellPath: uv, shellArgs, cwd });
  terminal.show();
  return new Promise((resolve) => {
    const listener = vscode.window.onDidCloseTerminal((closed) => {
      if (closed === terminal) {
        listener.dispose();
        resolve(closed.exitStatus?.code === 0);
      }
    });
  });
}

/** When *file* was modified; undefined if it is not there. */
async function modified(file: string): Promise<number | undefined> {
  return stat(file).then(({ mtimeMs }) => mtimeMs, () => undefined);
}
