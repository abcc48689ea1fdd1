// Made from docs/schemas by generate-protocol.mjs; not to be edited.
/* eslint-disable */

/**
 * POSIX and absolute.
 */
export type Path = string;
/**
 * What was not looked at, or not to its end.
 */
export type LeftOut = {
  /**
   * As the system writes it.
   */
  path: string;
  /**
   * A clause.
   */
  reason: string;
}[];
/**
 * Who did not answer, or not to the end.
 */
export type Silent = {
  /**
   * What was asked.
   */
  source: string;
  /**
   * A clause.
   */
  reason: string;
}[];
/**
 * Clauses that say what it was recognised by.
 */
export type Evidence = string[];
/**
 * Other paths to the same folder.
 *
 * Items: POSIX; relative to the working directory when below it, `.` for that itself, else absolute.
 */
export type Aliases = string[];
/**
 * What is wrong with it, the worst first.
 */
export type Health = Ailment[];
/**
 * What was looked at and not taken.
 */
export type Rejected = {
  /**
   * POSIX; relative to the working directory when below it, `.` for that itself, else absolute.
   */
  path: string;
  /**
   * A clause.
   */
  reason: string;
}[];
/**
 * Files that ask for another Python than the environment has.
 */
export type Contradictions = {
  /**
   * POSIX; relative to the working directory when below it, `.` for that itself, else absolute.
   */
  path: string;
  line: number;
  /**
   * A sentence.
   */
  message: string;
}[];
/**
 * The places that were looked at, in order.
 */
export type Steps = {
  place: "--env" | "choice" | "setting" | "folder" | "tool" | "pyenv" | "activated";
  path: string | null;
  /**
   * A clause that says what came of it.
   */
  outcome: string;
  /**
   * Whether it ended the search.
   */
  taken: boolean;
}[];
export type Entries = {
  id: string;
  verb: "create" | "remove" | "rebuild" | "install" | "uninstall" | "upgrade" | "sync" | "undo";
  /**
   * The environment, which need not be there any more.
   */
  prefix: string;
  /**
   * `undone` for what was taken back since.
   */
  state: "preparing" | "changing" | "done" | "undone" | "put-back" | "left-alone";
  started: string;
  ended: string | null;
  /**
   * How it was asked for, credentials masked.
   */
  command: string;
  /**
   * Name and version; null where none took part.
   */
  installer: string | null;
  /**
   * In order of name.
   */
  changes: Change[];
  /**
   * The id of the change that this one has taken back.
   */
  undoes: string | null;
  /**
   * Whether `pinfold undo` would take this one back.
   */
  undoable: boolean;
}[];
/**
 * In order of name, or as they were named.
 */
export type Trees = Branch[];
/**
 * Result of `pinfold/pick`; null when it was closed.
 */
export type PickResult =
  | null
  | {
      /**
       * What was chosen: one, unless there may be many.
       */
      ids: string[];
    }
  | {
      item: string;
      button: string;
    }
  | {
      back: true;
    };
/**
 * Result of `pinfold/input`; null when it was closed.
 */
export type InputResult =
  | null
  | {
      value: string;
    }
  | {
      back: true;
    };
/**
 * Result of `pinfold/preview`; null if nothing is to be done.
 */
export type PreviewResult = null | {
  action: string;
};

export interface LanguageServer {
  path?: Path;
  listEnvironments?: ListEnvironments;
  listPackages?: ListPackages;
  activation?: Activation;
  environmentTree?: EnvironmentTree;
  treeNode?: TreeNode;
  debugInterpreter?: DebugInterpreter;
  terminalActivation?: TerminalActivation;
  selectEnvironment?: SelectEnvironment;
  adoptEnvironment?: SelectEnvironment;
  explainEnvironment?: ExplainEnvironment;
  diagnoseEnvironment?: DiagnoseEnvironment;
  createEnvironment?: Outcome;
  removeEnvironment?: Outcome;
  rebuildEnvironment?: Outcome;
  installRequirements?: Outcome;
  installPackages?: Outcome;
  uninstallPackages?: Outcome;
  upgradePackages?: Outcome;
  syncEnvironment?: Outcome;
  freeze?: Freeze;
  pinAll?: PinAll;
  undo?: Outcome;
  showHistory?: ShowHistory;
  showDependencyTree?: ShowDependencyTree;
  explainPackage?: ExplainPackage;
  refresh?: Refresh;
  pickItem?: PickItem;
  pick?: Pick;
  pickResult?: PickResult;
  pickItems?: PickItems;
  input?: Input;
  inputResult?: InputResult;
  validateInput?: ValidateInput;
  validateInputResult?: ValidateInputResult;
  preview?: Preview;
  previewResult?: PreviewResult;
  environmentChanged?: EnvironmentChanged;
  inventoryChanged?: InventoryChanged;
  trustChanged?: TrustChanged;
  document?: Document;
  activeEditorChanged?: ActiveEditorChanged;
  otherSelection?: OtherSelection;
  listedEnvironment?: ListedEnvironment;
}
/**
 * What `pinfold env list --format json` prints, and how each is shown.
 */
export interface ListEnvironments {
  version: 1;
  /**
   * The folder that is asked about; null for all workspace folders.
   */
  folder: Path | null;
  /**
   * Which environment files in the folder are judged against; null for all workspace folders.
   */
  selection: Selection | null;
  /**
   * Whether everybody who was asked has answered; not so of what comes from the last search.
   */
  complete: boolean;
  leftOut: LeftOut;
  silent: Silent;
  environments: ListedEnvironment[];
}
/**
 * Which environment files in the folder are judged against.
 */
export interface Selection {
  /**
   * The folder of the files that it is for.
   */
  folder: string;
  state: "found" | "none" | "unusable" | "unresponsive";
  /**
   * A clause that says why it is this one, or why there is none.
   */
  reason: string;
  /**
   * The environment; null if there is none that can be used.
   */
  prefix: string | null;
  /**
   * Whether there is none because somebody wants none.
   */
  meant: boolean;
}
/**
 * An installation as in `pinfold env list --format json`, and how people are shown it.
 */
export interface ListedEnvironment {
  /**
   * The identity: the prefix as an absolute path of the system, or the interpreter's where several share a prefix. Stable from one run to the next, whatever the working directory.
   */
  id: string;
  /**
   * The folder as the user knows it, links not resolved.
   */
  prefix: string;
  /**
   * What made it or keeps it.
   */
  kind:
    | "venv"
    | "virtualenv"
    | "uv"
    | "conda"
    | "pixi"
    | "poetry"
    | "pipenv"
    | "hatch"
    | "pdm"
    | "rye"
    | "pyenv"
    | "pyenv-virtualenv"
    | "virtualenvwrapper"
    | "tox"
    | "nox"
    | "script"
    | "asdf"
    | "mise"
    | "homebrew"
    | "python.org"
    | "xcode"
    | "windows-registry"
    | "windows-store"
    | "winpython"
    | "system"
    | "other";
  /**
   * Whether it is an interpreter that environments are made from.
   */
  isBase: boolean;
  /**
   * The interpreter in it; null if none is known.
   */
  executable: string | null;
  /**
   * What the interpreter leads to once links are followed.
   */
  realExecutable: string | null;
  /**
   * As full as the files tell: `3.12.1`, or `3.12`.
   */
  version: string | null;
  /**
   * `cpython`, `pypy`, …
   */
  implementation: string;
  /**
   * The `home` of a virtual environment's pyvenv.cfg.
   */
  baseHome: string | null;
  /**
   * What the tool that keeps it calls it.
   */
  name: string | null;
  /**
   * The folder that it belongs to, where it is kept elsewhere.
   */
  project: string | null;
  evidence: Evidence;
  aliases: Aliases;
  /**
   * PEP 668: pip is not to install into it.
   */
  externallyManaged: boolean;
  /**
   * How many distributions are installed; null if that is not known.
   */
  packages: number | null;
  health: Health;
  /**
   * Whether it is the one for the folder that was asked about.
   */
  selected: boolean;
  /**
   * Why it is selected; null if it is not.
   */
  reason: string | null;
  /**
   * What it is called: its path, short where it can be.
   */
  label: string;
  /**
   * Its Python and its kind.
   */
  description: string;
  /**
   * What it stands together with, seen from the folder.
   */
  group: "Recommended" | "This project" | "Other environments" | "Interpreters";
  /**
   * The name of one of VS Code's product icons; empty for none.
   */
  icon: string;
  /**
   * All that there is to say, in Markdown; whatever is foreign is escaped.
   */
  tooltip: string;
}
export interface Ailment {
  problem:
    | "base-gone"
    | "executable-missing"
    | "executable-broken-link"
    | "not-executable"
    | "version-drift"
    | "moved"
    | "foreign-system"
    | "no-pip"
    | "half-installed"
    | "broken-editable"
    | "configuration-unreadable"
    | "no-site-packages"
    | "unresponsive";
  /**
   * A sentence for people.
   */
  cause: string;
  /**
   * What to do about it, where there is anything.
   */
  repair: string | null;
  /**
   * Whether it cannot be used as it is.
   */
  severe: boolean;
}
export interface ListPackages {
  version: 1;
  prefix: Path;
  packages: {
    name: string;
    version: string;
    /**
     * The folder that an editable install leads to.
     */
    editable: Path | null;
    installer: string | null;
    /**
     * Why its metadata cannot be trusted, in a clause.
     */
    problem: string | null;
    /**
     * `wrong`: a requirements file of the folder asks for another version; `broken`: its metadata cannot be trusted, or it needs something that is not there, or is there in another version.
     */
    state: "installed" | "wrong" | "broken";
    /**
     * The requirement of a file that asks for it; null if none does, or none was compared.
     */
    wanted: string | null;
    /**
     * What it needs in this environment.
     */
    requires: string[];
    /**
     * What needs it.
     */
    requiredBy: string[];
    /**
     * In Markdown; whatever is foreign is escaped.
     */
    tooltip: string;
  }[];
  /**
   * What the usual requirements file of the folder asks for and is not installed; empty for another environment than that of the folder.
   */
  missing: {
    name: string;
    /**
     * The requirement.
     */
    wanted: string;
    file: Path;
    line: number;
    /**
     * In Markdown; whatever is foreign is escaped.
     */
    tooltip: string;
  }[];
}
/**
 * How an environment is activated in a shell, or why it cannot be.
 */
export interface Activation {
  version: 1;
  /**
   * POSIX; relative to the working directory when below it, `.` for that itself, else absolute.
   */
  prefix: string;
  shell: "sh" | "bash" | "zsh" | "ksh" | "fish" | "tcsh" | "powershell" | "cmd" | "nushell" | "xonsh";
  /**
   * By its own script, by conda, or by setting variables; null if it cannot be.
   */
  way: "script" | "conda" | "variables" | null;
  /**
   * The line to type. Bytes of a path that are no UTF-8 are lone surrogates, as Python writes them.
   */
  activate: string | null;
  /**
   * The line that ends it.
   */
  deactivate: string | null;
  /**
   * Why there is none, in a clause.
   */
  refusal: string | null;
}
export interface EnvironmentTree {
  version: 1;
  nodes: TreeNode[];
}
export interface TreeNode {
  label: string;
  /**
   * What stands beside it.
   */
  description: string;
  /**
   * What a screen reader says.
   */
  spoken: string;
  /**
   * The name of one of VS Code's product icons; empty for none.
   */
  icon: string;
  /**
   * In Markdown; whatever is foreign is escaped.
   */
  tooltip: string;
  /**
   * Words by which menus know it; the first says what it is.
   */
  context: string;
  /**
   * What commands about it take; `pinfold.environmentTree` answers it with the children.
   */
  argument: {
    folder: Path;
    environment?: Path;
    packages?: string[];
  };
  /**
   * The requirement that asks for it.
   */
  wanted: string | null;
  /**
   * The file that asks for it in vain.
   */
  file: Path | null;
  /**
   * From 1.
   */
  line: number | null;
  /**
   * Whether its children are shown to begin with.
   */
  unfolded: boolean;
  /**
   * Null if they are to be asked for.
   */
  children: TreeNode[] | null;
}
export interface DebugInterpreter {
  version: 1;
  /**
   * Null if there is no environment, or no interpreter of it is known.
   */
  executable: Path | null;
}
/**
 * Null instead if a person was asked which folder is meant and did not say.
 */
export interface TerminalActivation {
  version: 1;
  prefix: Path;
  /**
   * The interpreter; null if none is known.
   */
  executable: Path | null;
  /**
   * POSIX and absolute.
   */
  folder: string;
  /**
   * The variables of a terminal that VS Code opens for an extension: what is prepended has `${env:NAME}`, and what a shell evaluates once its start-up files have been read stands in VSCODE_PYTHON_BASH_ACTIVATE and the like. Empty if there is a refusal.
   */
  environment: {
    [k: string]: string;
  };
  /**
   * Why it cannot be active in a terminal, in a clause.
   */
  refusal: string | null;
}
/**
 * What was chosen, and what holds now; null instead if a person did not choose.
 */
export interface SelectEnvironment {
  version: 1;
  folder: Path;
  /**
   * What was chosen; null for having none, and where a choice is forgotten.
   */
  prefix: Path | null;
  forgotten: boolean;
  selection: Selection;
}
/**
 * What `pinfold env why --format json` prints; null instead if a person was asked which folder is meant and did not say.
 */
export interface ExplainEnvironment {
  version: 1;
  /**
   * What was asked about.
   */
  path: string;
  /**
   * The folder of the files that it is for.
   */
  folder: string;
  state: "found" | "none" | "unusable" | "unresponsive";
  /**
   * A clause that says why it is this one, or why there is none.
   */
  reason: string;
  /**
   * The environment; null if there is none that can be used.
   */
  prefix: string | null;
  /**
   * Whether there is none because somebody wants none.
   */
  meant: boolean;
  /**
   * The environment in full; null if there is none.
   */
  environment: Installation | null;
  rejected: Rejected;
  contradictions: Contradictions;
  steps: Steps;
  /**
   * The same in lines for people.
   */
  text: string;
  /**
   * The same in Markdown; whatever comes from the disk is escaped.
   */
  markdown: string;
  document: Document;
}
export interface Installation {
  /**
   * The identity: the prefix as an absolute path of the system, or the interpreter's where several share a prefix. Stable from one run to the next, whatever the working directory.
   */
  id: string;
  /**
   * POSIX; relative to the working directory when below it, `.` for that itself, else absolute.
   */
  prefix: string;
  /**
   * What made it or keeps it.
   */
  kind:
    | "venv"
    | "virtualenv"
    | "uv"
    | "conda"
    | "pixi"
    | "poetry"
    | "pipenv"
    | "hatch"
    | "pdm"
    | "rye"
    | "pyenv"
    | "pyenv-virtualenv"
    | "virtualenvwrapper"
    | "tox"
    | "nox"
    | "script"
    | "asdf"
    | "mise"
    | "homebrew"
    | "python.org"
    | "xcode"
    | "windows-registry"
    | "windows-store"
    | "winpython"
    | "system"
    | "other";
  /**
   * Whether it is an interpreter that environments are made from.
   */
  isBase: boolean;
  /**
   * The interpreter in it; null if none is known.
   */
  executable: string | null;
  /**
   * What the interpreter leads to once links are followed.
   */
  realExecutable: string | null;
  /**
   * As full as the files tell: `3.12.1`, or `3.12`.
   */
  version: string | null;
  /**
   * `cpython`, `pypy`, …
   */
  implementation: string;
  /**
   * The `home` of a virtual environment's pyvenv.cfg.
   */
  baseHome: string | null;
  /**
   * What the tool that keeps it calls it.
   */
  name: string | null;
  /**
   * The folder that it belongs to, where it is kept elsewhere.
   */
  project: string | null;
  /**
   * Clauses that say what it was recognised by.
   */
  evidence: string[];
  /**
   * Other paths to the same folder.
   *
   * Items: POSIX; relative to the working directory when below it, `.` for that itself, else absolute.
   */
  aliases: string[];
  /**
   * PEP 668: pip is not to install into it.
   */
  externallyManaged: boolean;
  /**
   * How many distributions are installed; null if that is not known.
   */
  packages: number | null;
  /**
   * What is wrong with it, the worst first.
   */
  health: Ailment1[];
  /**
   * Whether it is the one for the folder that was asked about.
   */
  selected: boolean;
  /**
   * Why it is selected; null if it is not.
   */
  reason: string | null;
}
export interface Ailment1 {
  problem:
    | "base-gone"
    | "executable-missing"
    | "executable-broken-link"
    | "not-executable"
    | "version-drift"
    | "moved"
    | "foreign-system"
    | "no-pip"
    | "half-installed"
    | "broken-editable"
    | "configuration-unreadable"
    | "no-site-packages"
    | "unresponsive";
  /**
   * A sentence for people.
   */
  cause: string;
  /**
   * What to do about it, where there is anything.
   */
  repair: string | null;
  /**
   * Whether it cannot be used as it is.
   */
  severe: boolean;
}
/**
 * What a client shows a person as a document: the ending of its name says what it is.
 */
export interface Document {
  name: string;
  text: string;
}
/**
 * One environment of what `pinfold env doctor --format json` prints.
 */
export interface DiagnoseEnvironment {
  version: 1;
  environment: Items;
  /**
   * The same in lines for people.
   */
  text: string;
  /**
   * The same in Markdown; whatever comes from the disk is escaped.
   */
  markdown: string;
  document: Document;
}
export interface Items {
  /**
   * The identity: the prefix as an absolute path of the system, or the interpreter's where several share a prefix. Stable from one run to the next, whatever the working directory.
   */
  id: string;
  /**
   * The folder as the user knows it, links not resolved.
   */
  prefix: string;
  /**
   * What made it or keeps it.
   */
  kind:
    | "venv"
    | "virtualenv"
    | "uv"
    | "conda"
    | "pixi"
    | "poetry"
    | "pipenv"
    | "hatch"
    | "pdm"
    | "rye"
    | "pyenv"
    | "pyenv-virtualenv"
    | "virtualenvwrapper"
    | "tox"
    | "nox"
    | "script"
    | "asdf"
    | "mise"
    | "homebrew"
    | "python.org"
    | "xcode"
    | "windows-registry"
    | "windows-store"
    | "winpython"
    | "system"
    | "other";
  /**
   * Whether it is an interpreter that environments are made from.
   */
  isBase: boolean;
  /**
   * The interpreter in it; null if none is known.
   */
  executable: string | null;
  /**
   * What the interpreter leads to once links are followed.
   */
  realExecutable: string | null;
  /**
   * As full as the files tell: `3.12.1`, or `3.12`.
   */
  version: string | null;
  /**
   * `cpython`, `pypy`, …
   */
  implementation: string;
  /**
   * The `home` of a virtual environment's pyvenv.cfg.
   */
  baseHome: string | null;
  /**
   * What the tool that keeps it calls it.
   */
  name: string | null;
  /**
   * The folder that it belongs to, where it is kept elsewhere.
   */
  project: string | null;
  /**
   * Clauses that say what it was recognised by.
   */
  evidence: string[];
  /**
   * Other paths to the same folder.
   *
   * Items: POSIX; relative to the working directory when below it, `.` for that itself, else absolute.
   */
  aliases: string[];
  /**
   * PEP 668: pip is not to install into it.
   */
  externallyManaged: boolean;
  /**
   * How many distributions are installed; null if that is not known.
   */
  packages: number | null;
  /**
   * What is wrong with it, the worst first.
   */
  health: Ailment2[];
  /**
   * Whether it is the one for the folder that was asked about.
   */
  selected: boolean;
  /**
   * Why it is selected; null if it is not.
   */
  reason: string | null;
  /**
   * False if it cannot be used as it is, or its packages do not fit together.
   */
  healthy: boolean;
  /**
   * What `pip check` would say.
   */
  brokenDependencies: {
    /**
     * A normalised name.
     */
    distribution: string;
    breakage: "missing" | "incompatible" | "platform" | "python";
    /**
     * What is missing or has the wrong version.
     */
    needs: string | null;
    /**
     * The demand as pip prints it.
     */
    requirement: string | null;
    /**
     * The line that pip prints; empty where it prints none.
     */
    message: string;
  }[];
  /**
   * Distributions that others of the same name hide.
   */
  shadowed: {
    /**
     * A normalised name.
     */
    distribution: string;
    version: string;
    /**
     * POSIX; relative to the working directory when below it, `.` for that itself, else absolute.
     */
    folder: string;
  }[];
  /**
   * What an interrupted install or removal has left.
   *
   * Items: POSIX; relative to the working directory when below it, `.` for that itself, else absolute.
   */
  leftovers: string[];
}
export interface Ailment2 {
  problem:
    | "base-gone"
    | "executable-missing"
    | "executable-broken-link"
    | "not-executable"
    | "version-drift"
    | "moved"
    | "foreign-system"
    | "no-pip"
    | "half-installed"
    | "broken-editable"
    | "configuration-unreadable"
    | "no-site-packages"
    | "unresponsive";
  /**
   * A sentence for people.
   */
  cause: string;
  /**
   * What to do about it, where there is anything.
   */
  repair: string | null;
  /**
   * Whether it cannot be used as it is.
   */
  severe: boolean;
}
/**
 * Printed by every verb that changes an environment with `--format json`, and the result of the language server's commands that do.
 */
export interface Outcome {
  version: 1;
  /**
   * `declined` if somebody did not agree; `refused` if it was not begun, for a reason that is in the request; `failed` if it was begun or asked for, and everything is as it was.
   */
  result: "done" | "nothing-to-do" | "previewed" | "declined" | "refused" | "failed";
  /**
   * What was to be done; null if it never came to a plan.
   */
  plan: Plan | null;
  /**
   * By which the history knows it; null unless it is done.
   */
  id: string | null;
  /**
   * What was changed, in order of name; empty unless it is done.
   */
  changes: Change[];
  /**
   * Why it was refused; null unless it was.
   */
  refusal: null | {
    /**
     * `unconfirmed` if somebody would have to agree, and nobody can be asked.
     */
    reason: "invalid" | "nothing-named" | "not-installed" | "externally-managed" | "managed-project" | "unconfirmed";
    /**
     * In lower case, without a full stop.
     */
    message: string;
    /**
     * What to do instead.
     */
    action: string | null;
    /**
     * The command that does it, to be shown and never to be run unasked.
     */
    command: null | [string, ...string[]];
  };
  /**
   * Why it failed; null unless it has.
   */
  failure: null | {
    kind:
      | "conflict"
      | "no-such-package"
      | "no-such-version"
      | "wrong-python"
      | "no-compiler"
      | "missing-header"
      | "build-failed"
      | "unauthorized"
      | "forbidden"
      | "proxy"
      | "certificate"
      | "no-network"
      | "hash-mismatch"
      | "disk-full"
      | "denied"
      | "broken-wheel"
      | "externally-managed"
      | "no-ensurepip"
      | "cancelled"
      | "timed-out"
      | "unknown";
    /**
     * A sentence.
     */
    cause: string;
    /**
     * What to do about it.
     */
    action: string | null;
    /**
     * The projects at fault, by their normalised names.
     */
    packages: string[];
    /**
     * The requirements at fault, as far as the installer tells.
     */
    askers: Items1[];
    /**
     * The file with all that was said; null if there is none.
     */
    log: string | null;
  };
  /**
   * The lines of requirements files that were written, or taken back.
   */
  saved: Line[];
  /**
   * About files that stay as they are, though they would have been written.
   *
   * Items: A sentence.
   */
  unsaved: string[];
}
/**
 * Shown by `--dry-run --format json`, and by an editor before anything is changed.
 */
export interface Plan {
  version: 1;
  verb: "create" | "remove" | "rebuild" | "install" | "uninstall" | "upgrade" | "sync" | "undo";
  /**
   * The environment.
   */
  prefix: string;
  /**
   * Name and version; null where none takes part.
   */
  installer: string | null;
  /**
   * Where packages are taken from, in the order in which they count.
   */
  indexes: {
    /**
     * Credentials masked.
     */
    url: string;
    /**
     * Who asked for it: a file, a variable, an option, `default`.
     */
    origin: string;
    /**
     * Whether it is one beside the main one.
     */
    extra: boolean;
    /**
     * Where those for it come from, to be read: `its address`, the path of a netrc, a keyring. Null if none are set up.
     */
    credentials: string | null;
  }[];
  /**
   * What becomes of packages, in order of name.
   */
  changes: {
    /**
     * As its metadata, or the installer, spell it.
     */
    name: string;
    /**
     * `replaced` is the same version from another place, or installed again.
     */
    kind: "added" | "removed" | "upgraded" | "downgraded" | "replaced";
    /**
     * Null if it is not there yet.
     */
    before: Release | null;
    /**
     * Null if it would be gone.
     */
    after: Release | null;
    /**
     * The requirements that ask for it, those of people first.
     */
    askedBy: Items1[];
  }[];
  /**
   * What `pip check` would say afterwards and does not say yet.
   *
   * Items: A sentence.
   */
  breaks: string[];
  /**
   * What else is to be known.
   *
   * Items: A sentence.
   */
  notes: string[];
  /**
   * The processes, in order.
   */
  steps: {
    /**
     * What it is for.
     */
    title: string;
    /**
     * To be read, credentials masked.
     */
    command: string;
  }[];
  /**
   * The lines of requirements files that are written once it is done.
   */
  saves: Line[];
}
export interface Release {
  /**
   * As its metadata, or the installer, say.
   */
  version: string;
  /**
   * The URL or folder that it comes from, credentials masked; null for an index.
   */
  source: string | null;
  editable: boolean;
}
/**
 * A requirement that asks for a project.
 */
export interface Items1 {
  /**
   * As it is written, credentials masked.
   */
  requirement: string;
  /**
   * The file that it stands in; null if in none.
   */
  path: string | null;
  /**
   * Counts from 1.
   */
  line: number | null;
  /**
   * The normalised name of the project that requires it; null if a person does.
   */
  package: string | null;
}
/**
 * What becomes of one line of a file, credentials masked.
 */
export interface Line {
  /**
   * POSIX; relative to the working directory when below it, `.` for that itself, else absolute.
   */
  path: string;
  /**
   * From 1; in the file as it is afterwards, or before if the line goes.
   */
  line: number;
  /**
   * Null if the line is added.
   */
  before: string | null;
  /**
   * Null if the line goes.
   */
  after: string | null;
}
export interface Change {
  /**
   * Normalised.
   */
  name: string;
  /**
   * The version; null if it was not there.
   */
  before: string | null;
  /**
   * The version; null if it is gone.
   */
  after: string | null;
}
/**
 * Null instead if a person was asked which folder is meant and did not say.
 */
export interface Freeze {
  version: 1;
  prefix: Path;
  /**
   * A requirements file.
   */
  text: string;
  /**
   * What is not among the lines.
   *
   * Items: A sentence.
   */
  notes: string[];
  /**
   * The file whose text it is now; null if none was named.
   */
  file: Path | null;
  /**
   * Null if a file was named.
   */
  document: Document | null;
}
/**
 * Null instead if a person was asked which folder or file is meant and did not say.
 */
export interface PinAll {
  version: 1;
  /**
   * POSIX and absolute.
   */
  file: string;
  /**
   * The files that were looked at, in the order in which they were named.
   *
   * @minItems 1
   */
  files: [Path, ...Path[]];
  /**
   * How many requirements are pinned now.
   */
  pinned: number;
  /**
   * How many are not, since nothing that fits is installed.
   */
  left: number;
}
/**
 * What `pinfold history --format json` prints; null instead if a person was asked which folder is meant and did not say.
 */
export interface ShowHistory {
  version: 1;
  entries: Entries;
  /**
   * The same in lines for people.
   */
  text: string;
  document: Document;
}
/**
 * What `pinfold tree --format json` prints; null instead if a person was asked which folder is meant and did not say.
 */
export interface ShowDependencyTree {
  version: 1;
  /**
   * The environment.
   */
  prefix: string;
  /**
   * Whether below a package stand those that need it, not those that it needs.
   */
  inverted: boolean;
  trees: Trees;
  /**
   * The same in lines for people.
   */
  text: string;
  document: Document;
}
export interface Branch {
  /**
   * As its metadata spell it; normalised if it is not installed.
   */
  name: string;
  /**
   * Null if it is not installed.
   */
  version: string | null;
  /**
   * What one of the two asks of the other: this package of the one above in an inverted tree, else that one of this; without its marker. Null for the first of a tree.
   */
  requirement: string | null;
  /**
   * Those that the requirement asks for; none in an inverted tree.
   *
   * Items: A normalised name.
   */
  extras: string[];
  /**
   * Whether what is installed meets the requirement.
   */
  state: "met" | "missing" | "conflicting";
  /**
   * Why there are no branches although there is something to show: its branches stand earlier in the trees, it stands above itself, or the depth is reached.
   */
  cut: "shown-before" | "cycle" | "depth" | null;
  /**
   * In order of name.
   */
  branches: Branch[];
}
/**
 * What `pinfold tree --why --format json` prints; null instead if a person was asked and did not say.
 */
export interface ExplainPackage {
  version: 1;
  /**
   * The environment.
   */
  prefix: string;
  /**
   * Whether below a package stand those that need it, not those that it needs.
   */
  inverted: boolean;
  trees: Trees;
  /**
   * The same in lines for people.
   */
  text: string;
  document: Document;
}
export interface Refresh {
  version: 1;
  /**
   * How many there are, interpreters included.
   */
  environments: number;
  complete: boolean;
}
export interface PickItem {
  id: string;
  label: string;
  description: string;
  detail: string;
  /**
   * Items of one group stand together; empty for none.
   */
  group: string;
  /**
   * The name of one of VS Code's product icons; empty for none.
   */
  icon: string;
  /**
   * Whether it is chosen to begin with, where several may be.
   */
  picked: boolean;
  /**
   * What else can be done with it.
   */
  buttons: {
    id: string;
    label: string;
    /**
     * The name of one of VS Code's product icons; empty for none.
     */
    icon: string;
    /**
     * A text for the clipboard; the picker stays open, and nothing is answered.
     */
    copies: string | null;
    /**
     * A folder to show in the file manager; the picker stays open, and nothing is answered.
     */
    opens: string | null;
  }[];
}
/**
 * Parameters of the request `pinfold/pick`.
 */
export interface Pick {
  /**
   * By which later items name the picker.
   */
  pickId: string;
  title: string;
  placeholder: string;
  /**
   * Whether several may be chosen.
   */
  many: boolean;
  items: PickItem[];
  /**
   * Whether other items may follow.
   */
  busy: boolean;
  /**
   * Whether there is a question before this one, to which a person may go back.
   */
  back: boolean;
}
/**
 * Parameters of the notification `pinfold/pickItems`: all items, in place of those before.
 */
export interface PickItems {
  pickId: string;
  items: PickItem[];
  busy: boolean;
}
/**
 * Parameters of the request `pinfold/input`.
 */
export interface Input {
  /**
   * By which `pinfold/validateInput` names the question.
   */
  inputId: string;
  title: string;
  prompt: string;
  /**
   * What stands there at first.
   */
  value: string;
  /**
   * What is wrong with that, in a clause.
   */
  problem: string | null;
  /**
   * Whether `pinfold/validateInput` has anything to say.
   */
  validates: boolean;
  /**
   * Whether there is a question before this one, to which a person may go back.
   */
  back: boolean;
}
/**
 * Parameters of the request `pinfold/validateInput`, which the client sends.
 */
export interface ValidateInput {
  inputId: string;
  value: string;
}
/**
 * Result of `pinfold/validateInput`.
 */
export interface ValidateInputResult {
  /**
   * What is wrong with the value, in a clause; null if nothing is.
   */
  problem: string | null;
}
/**
 * Parameters of the request `pinfold/preview`.
 */
export interface Preview {
  title: string;
  /**
   * What would be done, as plain text.
   */
  lines: string[];
  /**
   * The same in Markdown, with whatever is foreign escaped; null where there is only text.
   */
  markdown: string | null;
  severity: "info" | "warning" | "error";
  /**
   * The first is the usual one; beside them there is always a way to do nothing.
   *
   * @minItems 1
   */
  actions: [
    {
      id: string;
      label: string;
    },
    ...{
      id: string;
      label: string;
    }[]
  ];
}
/**
 * Parameters of the notification `pinfold/environmentChanged`.
 */
export interface EnvironmentChanged {
  version: 1;
  folder: Path;
  state: "found" | "none" | "unusable" | "unresponsive";
  /**
   * A clause that says why it is this one, or why there is none.
   */
  reason: string;
  /**
   * Whether there is none because somebody wants none.
   */
  meant: boolean;
  prefix: Path | null;
  /**
   * A few words for a status bar, with the numbers of packages that are missing or wrong.
   */
  text: string;
  /**
   * Plain lines.
   */
  tooltip: string;
  severity: "ok" | "info" | "warning" | "error";
  /**
   * The version of the environment's Python.
   */
  python: string | null;
  /**
   * How many packages are not installed that the usual requirements file of the folder's project, or an open one, asks for.
   */
  missing: number;
  /**
   * How many of them are installed in another version.
   */
  wrong: number;
  /**
   * The interpreter of the environment; null where there is none.
   */
  executable: Path | null;
  /**
   * The same for a screen reader.
   */
  label: string;
  /**
   * More in Markdown; whatever is foreign is escaped. With `command:` links for a client that announces `commandLinks`.
   */
  markdown: string;
  /**
   * What is set for terminals in which the environment is active, none where there is nothing to activate; null where nobody knows. Only for a client that announces `terminals`.
   */
  variables:
    | {
        name: string;
        /**
         * What becomes of the value that there is.
         */
        action: "replace" | "prepend";
        value: string;
        /**
         * Whether it is done for the process.
         */
        atStart: boolean;
        /**
         * Whether it is done, or done again, when the shell's start-up files have been read.
         */
        afterStartup: boolean;
      }[]
    | null;
}
/**
 * Parameters of the notification `pinfold/inventoryChanged`: a listing of these folders would say something else now.
 */
export interface InventoryChanged {
  folders: Path[];
}
/**
 * Parameters of the notification `pinfold/trustChanged`, which the client sends.
 */
export interface TrustChanged {
  trusted: boolean;
}
/**
 * Parameters of the notification `pinfold/activeEditorChanged`, which the client sends.
 */
export interface ActiveEditorChanged {
  /**
   * The document that is shown, whatever its language; null for none.
   */
  uri: string | null;
}
/**
 * Parameters of the notification `pinfold/otherSelection`, which the client sends.
 */
export interface OtherSelection {
  folder: Path;
  /**
   * How people call what has selected it.
   */
  source: string;
  /**
   * The environment or its interpreter; null if nothing is selected any more.
   */
  environment: Path | null;
}
