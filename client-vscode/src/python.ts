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
const ANSWER = /^pinfold True (.+?)\r?$/m;

const { UV_PYTHON_INSTALL_DIR, XDG_DATA_HOME = "~/.local/share" } = process.env;

// One `*` stands for any one folder.
const PLACES = IS_WINDOWS
  ? [
      ...(UV_PYTHON_INSTALL_DIR ? [`${UV_PYTHON_INSTALL_DIR}/*/python.exe`] : []),
      ...["miniconda3", "miniforge3", "anaconda3"].map((folder) => `~/${folder}/python.exe`),
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

type Setting = "path" | "python";

/** There is nothing that the server can run on; the message says why, in a sentence. */
export class ProgramMissing extends Error {
  /** With the setting that is at fault, if one is. */
  constructor(message: string, readonly setting?: Setting) {
    super(message);
  }
}

/** Returns the interpreter that is set, that of the last time, or the first that will do. */
export async function findPython(context: vscode.ExtensionContext, log: vscode.LogOutputChannel): Promise<string> {
  const { isTrusted } = vscode.workspace;
  const cwd = context.globalStorageUri.fsPath;
  const configured = await programOf("python");
  if (configured !== undefined) {
    const { problem } = await ask(configured, cwd);
    if (problem !== undefined) {
      throw refused("python", configured, problem);
    }
    return configured;
  }
  const [known = "", since] = context.globalState.get<[string, number]>(REMEMBERED) ?? [];
  if (since !== undefined && since === (await modified(known)) && (await isOutside(known))) {
    return known;
  }
  const { outside, inside } = await installed();
  for (const candidate of [...outside, ...(isTrusted ? inside : [])]) {
    const { executable = "", problem } = await ask(candidate, cwd);
    if (problem !== undefined) {
      log.info(`Passed over ${candidate}: it ${problem}.`);
    } else if (isTrusted || (await isOutside(executable))) {
      await context.globalState.update(REMEMBERED, [executable, await modified(executable)]);
      return executable;
    }
  }
  const unused = inside.length > 0 && !isTrusted ? " Those of the workspace are not used, as it is not trusted." : "";
  throw new ProgramMissing(`Pinfold needs Python 3.${OLDEST} or newer to run on, and has found none.${unused}`);
}

/** Has the interpreter of the last time looked for anew: nothing came of starting it. */
export async function forgetPython(context: vscode.ExtensionContext): Promise<void> {
  await context.globalState.update(REMEMBERED, undefined);
}

/** Returns the program that a setting names; undefined if it names none. Throws ProgramMissing. */
export async function programOf(setting: Setting): Promise<string | undefined> {
  const file = inHome(vscode.workspace.getConfiguration("pinfold").get(setting, ""));
  if (file !== "" && !path.isAbsolute(file)) {
    throw refused(setting, file, "is no absolute path");
  }
  if (file !== "" && !vscode.workspace.isTrusted && !(await isOutside(file))) {
    throw refused(setting, file, "lies in the workspace, which is not trusted");
  }
  if (file !== "" && (await modified(file)) === undefined) {
    throw refused(setting, file, "does not exist");
  }
  return file || undefined;
}

function refused(setting: Setting, file: string, problem: string): ProgramMissing {
  return new ProgramMissing(`The setting pinfold.${setting} names ${file}, which ${problem}.`, setting);
}

/** Tells a person what is missing, with what can be done; returns whether it is there now. */
export async function offerProgram(context: vscode.ExtensionContext, missing: ProgramMissing): Promise<boolean> {
  const { message, setting = "python" } = missing;
  // What is set counts, whatever is installed.
  const uv = missing.setting === undefined ? await findUv() : undefined;
  const choose = setting === "python" ? ["Choose..."] : [];
  const actions = [...(uv === undefined ? [] : ["Install with uv"]), ...choose, "Settings"];
  const action = await vscode.window.showErrorMessage(message, ...actions);
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
    await vscode.commands.executeCommand("workbench.action.openSettings", `pinfold.${setting}`);
  }
  return false;
}

/** Replaces a leading `~`. */
export function inHome(file: string): string {
  return /^~[/\\]/.test(file) ? path.join(homedir(), file.slice(2)) : file;
}

async function ask(file: string, cwd: string): Promise<{ executable?: string; problem?: string }> {
  const args = [...(path.basename(file) === "py.exe" ? ["-3"] : []), "-I", "-X", "utf8", "-c", QUESTION];
  const limits = { cwd, timeout: ANSWER_WITHIN_MS, killSignal: "SIGKILL", windowsHide: true } as const;
  try {
    const [, executable] = ANSWER.exec((await promisify(execFile)(file, args, limits)).stdout) ?? [];
    return executable === undefined ? { problem: `is no Python 3.${OLDEST} or newer` } : { executable };
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
