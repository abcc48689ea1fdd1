// A stand-in for VS Code's module: as much of it as the tests touch. A test reads and changes
// `editor`, and presses what a person would press.

import { join } from "node:path";

export class EventEmitter<T> {
  private readonly listeners = new Set<(value: T) => unknown>();

  readonly event = (listener: (value: T) => unknown) => {
    this.listeners.add(listener);
    return new Disposable(() => this.listeners.delete(listener));
  };

  fire(value: T): void {
    for (const listener of this.listeners) {
      listener(value);
    }
  }

  dispose(): void {
    this.listeners.clear();
  }
}

export class Disposable {
  constructor(private readonly end: () => unknown) {}

  static from(...all: { dispose(): unknown }[]): Disposable {
    return new Disposable(() => {
      for (const one of all) {
        one.dispose();
      }
    });
  }

  dispose(): void {
    this.end();
  }
}

export class CancellationTokenSource {
  private readonly emitter = new EventEmitter<void>();
  readonly token = { isCancellationRequested: false, onCancellationRequested: this.emitter.event };

  cancel(): void {
    this.token.isCancellationRequested = true;
    this.emitter.fire();
  }
}

export class Uri {
  private constructor(
    readonly scheme: string,
    readonly path: string,
  ) {}

  static file(path: string): Uri {
    return new Uri("file", path);
  }

  static from({ scheme, path }: { scheme: string; path: string }): Uri {
    return new Uri(scheme, path);
  }

  get fsPath(): string {
    return this.path;
  }

  static joinPath({ scheme, path }: Uri, ...parts: string[]): Uri {
    return new Uri(scheme, join(path, ...parts));
  }

  toString(): string {
    return `${this.scheme}://${this.path}`;
  }
}

export class ThemeIcon {
  constructor(readonly id: string) {}
}

export enum QuickPickItemKind {
  Separator = -1,
  Default = 0,
}

export enum ProgressLocation {
  Window = 10,
  Notification = 15,
}

export enum LogLevel {
  Off = 0,
  Trace = 1,
}

export enum ConfigurationTarget {
  Global = 1,
  Workspace = 2,
}

export enum TreeItemCollapsibleState {
  None = 0,
  Collapsed = 1,
  Expanded = 2,
}

export enum StatusBarAlignment {
  Right = 2,
}

export class ThemeColor {
  constructor(readonly id: string) {}
}

export class MarkdownString {
  constructor(readonly value: string) {}
}

export const QuickInputButtons = { Back: { tooltip: "Back" } };

interface Row {
  label: string;
  kind?: QuickPickItemKind;
  buttons?: unknown[];
}

/** A picker or a box: what a test reads of it, and how it presses keys and buttons. */
export class QuickInput {
  title = "";
  placeholder = "";
  prompt = "";
  value = "";
  validationMessage = "";
  busy = false;
  buttons: unknown[] = [];
  activeItems: Row[] = [];
  selectedItems: unknown[] = [];
  private rows: Row[] = [];
  isShown = false;
  isDisposed = false;

  readonly accepted = new EventEmitter<void>();
  readonly changed = new EventEmitter<string>();
  readonly hidden = new EventEmitter<void>();
  readonly button = new EventEmitter<unknown>();
  readonly itemButton = new EventEmitter<{ item: unknown; button: unknown }>();
  readonly onDidAccept = this.accepted.event;
  readonly onDidChangeValue = this.changed.event;
  readonly onDidHide = this.hidden.event;
  readonly onDidTriggerButton = this.button.event;
  readonly onDidTriggerItemButton = this.itemButton.event;

  get items(): Row[] {
    return this.rows;
  }

  set items(items: Row[]) {
    this.rows = items;
    this.activeItems = items.filter(({ kind }) => kind !== QuickPickItemKind.Separator).slice(0, 1);
    this.selectedItems = [];
  }

  show(): void {
    this.isShown = true;
    editor.inputs.push(this);
  }

  hide(): void {
    this.isShown = false;
    this.hidden.fire();
  }

  dispose(): void {
    this.isDisposed = true;
  }

  /** Enter, in a picker for one. */
  enter(): void {
    this.selectedItems = this.activeItems;
    this.accepted.fire();
  }

  choose(...labels: string[]): void {
    this.selectedItems = this.items.filter(({ label }) => labels.includes(label));
    this.accepted.fire();
  }

  type(value: string): void {
    this.value = value;
    this.changed.fire(value);
  }
}

export interface Dialogue {
  kind: string;
  title: string;
  detail: string | undefined;
  actions: string[];
  press(label: string | undefined): void;
}

export interface ShownProgress {
  title: string;
  reports: { message?: string; increment?: number }[];
  isOver: boolean;
  cancel(): void;
}

/** What a person does to the workspace. */
export const happenings = {
  trusted: new EventEmitter<void>(),
  editorChanged: new EventEmitter<void>(),
  notebookEditorChanged: new EventEmitter<void>(),
  closed: new EventEmitter<void>(),
  foldersChanged: new EventEmitter<void>(),
  saved: new EventEmitter<{ languageId: string }>(),
  extensionsChanged: new EventEmitter<void>(),
  settingChanged: new EventEmitter<{ affectsConfiguration: (name: string) => boolean }>(),
};

export interface Tree {
  onDidChangeTreeData: EventEmitter<unknown>["event"];
  getChildren(node?: unknown): Promise<{ label: string }[]>;
}

export interface StatusItem {
  text: string;
  isShown: boolean;
}

/** What is on the screen, and what is set. */
export const editor = {
  inputs: [] as QuickInput[],
  dialogues: [] as Dialogue[],
  progress: [] as ShownProgress[],
  executed: [] as unknown[][],
  settings: {} as Record<string, unknown>,
  clipboard: "",
  logged: [] as string[],
  /** What other extensions offer, by their ids. */
  extensions: {} as Record<string, unknown>,
  /** What happens where a command is executed that the editor has. */
  execute: (() => Promise.resolve()) as (...all: unknown[]) => Promise<unknown>,
  registered: new Map<string, (...all: unknown[]) => unknown>(),
  tree: undefined as Tree | undefined,
  statusItem: undefined as StatusItem | undefined,
  documents: undefined as { provideTextDocumentContent(uri: Uri): string } | undefined,

  reset(): void {
    Object.assign(editor, { inputs: [], dialogues: [], progress: [], executed: [], settings: {}, clipboard: "", logged: [] });
    Object.assign(editor, { extensions: {}, execute: () => Promise.resolve(), registered: new Map() });
    workspace.isTrusted = true;
    workspace.workspaceFolders = [];
    workspace.textDocuments = [];
    workspace.notebookDocuments = [];
    window.activeTextEditor = undefined;
    window.activeNotebookEditor = undefined;
  },
};

function message(kind: string) {
  return (title: string, ...rest: (string | { modal?: boolean; detail?: string })[]) =>
    new Promise<string | undefined>((press) => {
      const options = rest.find((one) => typeof one === "object");
      const actions = rest.filter((one) => typeof one === "string");
      editor.dialogues.push({ kind, title, detail: options?.detail, actions, press });
    });
}

export const window = {
  activeTextEditor: undefined as { document: { uri: Uri; isUntitled?: boolean } } | undefined,
  activeNotebookEditor: undefined as { notebook: { uri: Uri } } | undefined,
  onDidChangeActiveTextEditor: happenings.editorChanged.event,
  onDidChangeActiveNotebookEditor: happenings.notebookEditorChanged.event,
  createQuickPick: () => new QuickInput(),
  showQuickPick: (items: Row[]) =>
    new Promise((resolve) => {
      const picker = new QuickInput();
      picker.items = items;
      picker.onDidAccept(() => {
        resolve(picker.selectedItems[0]);
      });
      picker.show();
    }),
  createTreeView: (_id: string, { treeDataProvider }: { treeDataProvider: Tree }) => {
    editor.tree = treeDataProvider;
    return { visible: true, selection: [], dispose: () => undefined };
  },
  createStatusBarItem: () => {
    const item = {
      text: "",
      isShown: false,
      show: () => (item.isShown = true),
      hide: () => (item.isShown = false),
      dispose: () => undefined,
    };
    return (editor.statusItem = item);
  },
  createOutputChannel: () => ({
    ...Object.fromEntries(
      ["info", "warn", "error"].map((level) => [level, (text: string) => editor.logged.push(`${level} ${text}`)]),
    ),
    show: () => editor.executed.push(["show the log"]),
    dispose: () => undefined,
  }),
  createInputBox: () => new QuickInput(),
  showInformationMessage: message("info"),
  showWarningMessage: message("warning"),
  showErrorMessage: message("error"),
  showOpenDialog: () => Promise.resolve([Uri.file("/chosen/python")]),
  showTextDocument: () => Promise.resolve(),
  withProgress: (
    { title }: { title: string },
    task: (progress: object, cancelled: object) => Promise<unknown>,
  ) => {
    const source = new CancellationTokenSource();
    const shown: ShownProgress = {
      title,
      reports: [],
      isOver: false,
      cancel: () => {
        source.cancel();
      },
    };
    editor.progress.push(shown);
    return task({ report: (one: { message?: string }) => shown.reports.push(one) }, source.token).then(() => {
      shown.isOver = true;
    });
  },
};

export const workspace = {
  textDocuments: [] as { uri: Uri }[],
  notebookDocuments: [] as { uri: Uri }[],
  onDidCloseTextDocument: happenings.closed.event,
  onDidCloseNotebookDocument: happenings.closed.event,
  onDidGrantWorkspaceTrust: happenings.trusted.event,
  onDidChangeConfiguration: happenings.settingChanged.event,
  onDidChangeWorkspaceFolders: happenings.foldersChanged.event,
  onDidSaveTextDocument: happenings.saved.event,
  registerTextDocumentContentProvider: (_scheme: string, provider: typeof editor.documents) => {
    editor.documents = provider;
    return new Disposable(() => undefined);
  },
  isTrusted: true,
  workspaceFolders: [] as { uri: Uri }[],
  getWorkspaceFolder: ({ path }: Uri) => workspace.workspaceFolders.find(({ uri }) => path.startsWith(uri.path)),
  asRelativePath: (path: string) => path,
  getConfiguration: () => ({
    get: (name: string, otherwise: unknown) => editor.settings[name] ?? otherwise,
    update: () => Promise.reject(new Error("the settings are read-only")),
  }),
};

export const version = "1.91.0";

export enum UIKind {
  Web = 2,
}

export const env = {
  appName: "Editor",
  remoteName: undefined,
  uiKind: UIKind.Web,
  clipboard: {
    writeText: (text: string) => {
      editor.clipboard = text;
      return Promise.resolve();
    },
  },
};

export const extensions = {
  onDidChange: happenings.extensionsChanged.event,
  getExtension: (id: string) => {
    const exports = editor.extensions[id];
    return exports && { isActive: true, exports, activate: () => Promise.resolve(exports) };
  },
};

export const LanguageStatusSeverity = {};

export const languages = {
  createLanguageStatusItem: () => ({ dispose: () => undefined }),
  match: (_selector: unknown, { languageId }: { languageId: string }) => (languageId === "pip-requirements" ? 10 : 0),
};

export const commands = {
  executeCommand: (...all: unknown[]) => {
    editor.executed.push(all);
    return editor.execute(...all);
  },
  registerCommand: (id: string, run: (...all: unknown[]) => unknown) => {
    editor.registered.set(id, run);
    return new Disposable(() => editor.registered.delete(id));
  },
};

export class TerminalProfile {
  constructor(readonly options: unknown) {}
}
export const debug = {};
