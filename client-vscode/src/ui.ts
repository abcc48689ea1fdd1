// What the server asks of a person: pickers, input boxes and previews, for as long as one server
// runs. What is asked, and what becomes of the answer, is the server's business.

import * as vscode from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";
import { showDocument } from "./documents";
import type {
  Input,
  InputResult,
  Pick,
  PickItem,
  PickItems,
  PickResult,
  Preview,
  PreviewResult,
  ValidateInputResult,
} from "./generated/protocol";

/** More lines than these would leave no room for a dialogue's buttons on a small screen. */
const MAX_DIALOGUE_LINES = 20;
const SHOW_ALL = "Show All...";

/** VS Code's names of those icons that have another one in the protocol. */
const ICONS: Readonly<Record<string, string>> = {
  none: "circle-slash",
  open: "folder-opened",
  python: "terminal",
  rebuild: "sync",
  remove: "trash",
  star: "star-full",
};

const DIALOGUES: Readonly<Record<Preview["severity"], ShowDialogue>> = {
  info: vscode.window.showInformationMessage,
  warning: vscode.window.showWarningMessage,
  error: vscode.window.showErrorMessage,
};

type ShowDialogue = (title: string, options: vscode.MessageOptions, ...labels: string[]) => Thenable<string | undefined>;
type Item = vscode.QuickPickItem & { readonly offered?: PickItem };
type Button = vscode.QuickInputButton & { readonly offered: PickItem["buttons"][number] };

export class Questions implements vscode.Disposable {
  private readonly open = new Set<vscode.QuickInput>();
  private readonly pickers = new Map<string, vscode.QuickPick<Item>>();

  /** Answers what the server asks through *client*. */
  serve(client: LanguageClient): void {
    client.onRequest("pinfold/pick", this.pick.bind(this));
    client.onNotification("pinfold/pickItems", (later: PickItems) => {
      const picker = this.pickers.get(later.pickId);
      if (picker !== undefined) {
        showItems(picker, later);
      }
    });
    client.onRequest("pinfold/input", (asked: Input, token: vscode.CancellationToken) =>
      this.input(asked, token, async (value) => {
        const params = { inputId: asked.inputId, value };
        const said = client.sendRequest<ValidateInputResult>("pinfold/validateInput", params);
        return (await said).problem;
      }),
    );
    client.onRequest("pinfold/preview", this.preview.bind(this));
  }

  /** Closes whatever is open: nobody waits for an answer any more. */
  dispose(): void {
    for (const input of this.open) {
      input.hide();
    }
  }

  async pick(asked: Pick, token: vscode.CancellationToken): Promise<PickResult> {
    const picker = vscode.window.createQuickPick<Item>();
    this.pickers.set(asked.pickId, picker);
    picker.title = asked.title;
    picker.placeholder = asked.placeholder;
    picker.canSelectMany = asked.many;
    picker.matchOnDescription = picker.matchOnDetail = true;
    // What takes several steps is not lost by looking something up elsewhere.
    picker.ignoreFocusOut = asked.many || asked.back;
    picker.keepScrollPosition = true;
    picker.buttons = asked.back ? [vscode.QuickInputButtons.Back] : [];
    showItems(picker, asked);
    picker.selectedItems = picker.items.filter((item) => item.offered?.picked);
    return this.answer<PickResult>(picker, token, (answer) => {
      picker.onDidAccept(() => {
        const ids = picker.selectedItems.flatMap((item) => item.offered?.id ?? []);
        // In a picker for one, Enter where the filter leaves nothing chooses nothing.
        if (asked.many || ids.length > 0) {
          answer({ ids });
        }
      });
      picker.onDidTriggerButton(() => {
        answer({ back: true });
      });
      picker.onDidTriggerItemButton(({ item, button }) => {
        const { copies, id, opens } = (button as Button).offered;
        if (copies !== null) {
          void vscode.env.clipboard.writeText(copies);
        } else if (opens !== null) {
          void vscode.commands.executeCommand("pinfold.revealEnvironment", { argument: { environment: opens } });
        } else if (item.offered !== undefined) {
          answer({ item: item.offered.id, button: id });
        }
      });
    }).finally(() => this.pickers.delete(asked.pickId));
  }

  async input(
    asked: Input,
    token: vscode.CancellationToken,
    problemOf: (value: string) => Promise<string | null>,
  ): Promise<InputResult> {
    const box = vscode.window.createInputBox();
    box.title = asked.title;
    box.prompt = asked.prompt;
    box.value = asked.value;
    box.validationMessage = asked.problem ?? "";
    box.ignoreFocusOut = true;
    box.buttons = asked.back ? [vscode.QuickInputButtons.Back] : [];
    return this.answer<InputResult>(box, token, (answer) => {
      const validate = async (value: string): Promise<void> => {
        const problem = asked.validates ? await problemOf(value) : null;
        // What is said of a text that has been edited since is of no interest.
        if (value === box.value) {
          box.validationMessage = problem ?? "";
        }
      };
      box.onDidChangeValue(validate);
      box.onDidAccept(async () => {
        const { value } = box;
        await validate(value);
        if (box.validationMessage === "" && value === box.value) {
          answer({ value });
        }
      });
      box.onDidTriggerButton(() => {
        answer({ back: true });
      });
    });
  }

  /**
   * Shows a plan in a modal dialogue: it takes the focus, is read out whole by screen readers, and
   * Enter and Escape do what one expects. A dialogue does not scroll everywhere, so a long plan can
   * also be read in a document, with a picker that stays for the answer.
   */
  async preview(asked: Preview, token: vscode.CancellationToken): Promise<PreviewResult> {
    const { title, lines, markdown, actions } = asked;
    const labels = actions.map(({ label }) => label);
    const left = lines.length - MAX_DIALOGUE_LINES;
    const [detail, more] = left > 0 ? [[...lines.slice(0, -left), `... and ${left} more lines`], [SHOW_ALL]] : [lines, []];
    const options = { modal: true, detail: detail.join("\n") };
    let label = await DIALOGUES[asked.severity](title, options, ...labels, ...more);
    if (label === SHOW_ALL) {
      await showDocument({ name: markdown === null ? "plan.txt" : "plan.md", text: markdown ?? lines.join("\n") });
      const items = [...labels, "Cancel"].map((one) => ({ label: one }));
      label = await vscode.window.showQuickPick(items, { title, ignoreFocusOut: true }, token).then((one) => one?.label);
    }
    const action = actions.find((known) => known.label === label);
    if (action !== undefined && token.isCancellationRequested) {
      // A dialogue cannot be taken back.
      void vscode.window.showInformationMessage(`${title}: this was cancelled before you answered.`);
    }
    return action === undefined ? null : { action: action.id };
  }

  /** Shows *input* until it is answered, closed, or taken back by the server. */
  private async answer<T>(
    input: vscode.QuickInput,
    token: vscode.CancellationToken,
    listen: (answer: (value: T) => void) => void,
  ): Promise<T | null> {
    this.open.add(input);
    try {
      return await new Promise<T | null>((resolve) => {
        input.onDidHide(() => {
          resolve(null);
        });
        token.onCancellationRequested(() => {
          input.hide();
        });
        listen(resolve);
        input.show();
      });
    } finally {
      this.open.delete(input);
      input.dispose();
    }
  }
}

/** Shows these items in place of those before; what is marked stays marked. */
function showItems(picker: vscode.QuickPick<Item>, offer: Pick | PickItems): void {
  const ids = (items: readonly Item[]) => new Set(items.flatMap(({ offered }) => offered?.id ?? []));
  const [active, selected] = [ids(picker.activeItems), ids(picker.selectedItems)];
  const among = (marked: Set<string>) => picker.items.filter(({ offered }) => offered && marked.has(offered.id));
  picker.busy = offer.busy;
  picker.items = offer.items.flatMap((item, index) => {
    const isFirst = item.group !== "" && item.group !== offer.items[index - 1]?.group;
    const separator = { label: item.group, kind: vscode.QuickPickItemKind.Separator };
    return [...(isFirst ? [separator] : []), shownItem(item)];
  });
  // Left alone, VS Code makes the first one active, which Enter then chooses.
  if (active.size > 0) {
    picker.activeItems = among(active);
  }
  picker.selectedItems = among(selected);
}

function shownItem(offered: PickItem): Item {
  return {
    offered,
    label: offered.label,
    description: offered.description,
    detail: offered.detail,
    ...(offered.icon === "" ? {} : { iconPath: icon(offered.icon) }),
    buttons: offered.buttons.map((button) => ({
      offered: button,
      iconPath: icon(button.icon === "" ? "ellipsis" : button.icon),
      tooltip: button.label,
    })),
  };
}

function icon(kind: string): vscode.ThemeIcon {
  return new vscode.ThemeIcon(ICONS[kind] ?? kind);
}
