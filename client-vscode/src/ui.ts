// What the server asks of a person: pickers, input boxes and previews, for as long as one server
// runs. What is asked, and what becomes of the answer, is the server's business.

import * as vscode from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";
import { showDocument } from "./documents";
import type * as asking from "./generated/protocol";

/** More lines than these would leave no room for a dialogue's buttons on a small screen. */
const MAX_DIALOGUE_LINES = 20;
const SHOW_ALL = "Show All...";

type Show = (title: string, options: vscode.MessageOptions, ...labels: string[]) => Thenable<string | undefined>;
const DIALOGUES: Readonly<Record<asking.Preview["severity"], Show>> = {
  info: vscode.window.showInformationMessage,
  warning: vscode.window.showWarningMessage,
  error: vscode.window.showErrorMessage,
};

type Item = vscode.QuickPickItem & { readonly offered?: asking.PickItem };
type Button = vscode.QuickInputButton & { readonly offered: asking.PickItem["buttons"][number] };

export class Questions implements vscode.Disposable {
  private readonly open = new Set<vscode.QuickInput>();
  private isOver = false;
  private readonly pickers = new Map<string, vscode.QuickPick<Item>>();

  /** Answers what the server asks through *client*. */
  serve(client: LanguageClient): void {
    client.onRequest("pinfold/pick", this.pick.bind(this));
    client.onNotification("pinfold/pickItems", (later: asking.PickItems) => {
      showItems(this.pickers.get(later.pickId), later);
    });
    client.onRequest("pinfold/input", (asked: asking.Input, token: vscode.CancellationToken) =>
      this.input(asked, token, async (value) => {
        const typed = { inputId: asked.inputId, value };
        return (await client.sendRequest<asking.ValidateInputResult>("pinfold/validateInput", typed)).problem;
      }),
    );
    client.onRequest("pinfold/preview", this.preview.bind(this));
  }

  /** Closes whatever is open: nobody waits for an answer any more. */
  dispose(): void {
    this.isOver = true;
    this.open.forEach((input) => { input.hide(); });
  }

  async pick(asked: asking.Pick, token: vscode.CancellationToken): Promise<asking.PickResult> {
    const picker = vscode.window.createQuickPick<Item>();
    this.pickers.set(asked.pickId, picker);
    picker.placeholder = asked.placeholder;
    picker.canSelectMany = asked.many;
    picker.matchOnDescription = picker.matchOnDetail = true;
    // What takes several steps is not lost by looking something up elsewhere.
    picker.ignoreFocusOut = asked.many || asked.back;
    picker.keepScrollPosition = true;
    showItems(picker, asked);
    return this.answer<asking.PickResult>(picker, asked, token, (answer) => {
      picker.onDidAccept(() => {
        const ids = idsOf(picker.selectedItems);
        // In a picker for one, Enter where the filter leaves nothing chooses nothing.
        if (asked.many || ids.length > 0) {
          answer({ ids });
        }
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
    asked: asking.Input,
    token: vscode.CancellationToken,
    problemOf: (value: string) => Promise<string | null>,
  ): Promise<asking.InputResult> {
    const box = vscode.window.createInputBox();
    box.prompt = asked.prompt;
    box.value = asked.value;
    box.validationMessage = asked.problem ?? "";
    box.ignoreFocusOut = true;
    const validate = async (value: string): Promise<void> => {
      box.busy = asked.validates;
      const problem = asked.validates ? await problemOf(value).catch(() => null) : null;
      // What is said of a text that has been edited since is of no interest.
      if (value === box.value) {
        box.busy = false;
        box.validationMessage = problem ?? "";
      }
    };
    return this.answer<asking.InputResult>(box, asked, token, (answer) => {
      box.onDidChangeValue(validate);
      box.onDidAccept(async () => {
        const { value } = box;
        await validate(value);
        if (box.validationMessage === "" && value === box.value) {
          answer({ value });
        }
      });
    });
  }

  /**
   * Shows a plan in a modal dialogue: it takes the focus, is read out whole by screen readers, and
   * Enter and Escape do what one expects. A dialogue does not scroll everywhere, so a long plan can
   * also be read in a document, with a picker that stays for the answer.
   */
  async preview(asked: asking.Preview, token: vscode.CancellationToken): Promise<asking.PreviewResult> {
    const { title, lines, markdown, actions } = asked;
    const labels = actions.map(({ label }) => label);
    const left = lines.length - MAX_DIALOGUE_LINES;
    const detail = left > 0 ? [...lines.slice(0, -left), `... and ${left} more lines`] : lines;
    const options = { modal: true, detail: detail.join("\n") };
    let label = await DIALOGUES[asked.severity](title, options, ...labels, ...(left > 0 ? [SHOW_ALL] : []));
    if (label === SHOW_ALL) {
      await showDocument({ name: markdown === null ? "plan.txt" : "plan.md", text: markdown ?? lines.join("\n") });
      const items = [...labels, "Cancel"].map((one) => ({ label: one }));
      label = (await vscode.window.showQuickPick(items, { title, ignoreFocusOut: true }, token))?.label;
    }
    const action = actions.find((known) => known.label === label);
    if (action !== undefined && (token.isCancellationRequested || this.isOver)) {
      // A dialogue cannot be taken back.
      void vscode.window.showInformationMessage(`${title}: this was cancelled before you answered.`);
    }
    return action === undefined ? null : { action: action.id };
  }

  /** Shows *input* until it is answered, closed, or taken back by the server. */
  private async answer<T extends object | null>(
    input: vscode.QuickPick<Item> | vscode.InputBox,
    { title, back }: asking.Pick | asking.Input,
    token: vscode.CancellationToken,
    listen: (answer: (value: T | { back: true }) => void) => void,
  ): Promise<T | { back: true } | null> {
    input.title = title;
    input.buttons = back ? [vscode.QuickInputButtons.Back] : [];
    this.open.add(input);
    const answer = await new Promise<T | { back: true } | null>((resolve) => {
      input.onDidHide(() => { resolve(null); });
      input.onDidTriggerButton(() => { resolve({ back: true }); });
      token.onCancellationRequested(() => { input.hide(); });
      listen(resolve);
      input.show();
    });
    this.open.delete(input);
    input.dispose();
    return answer;
  }
}

function idsOf(items: readonly Item[]): string[] {
  return items.flatMap(({ offered }) => offered?.id ?? []);
}

/** Shows these items in place of those before; those that were there stay marked or not. */
function showItems(picker: vscode.QuickPick<Item> | undefined, offer: asking.Pick | asking.PickItems): void {
  if (picker === undefined) {
    return;
  }
  const [known, active] = [idsOf(picker.items), idsOf(picker.activeItems)];
  const ofNew = offer.items.filter(({ id, picked }) => picked && !known.includes(id)).map(({ id }) => id);
  const among = (ids: string[]) => picker.items.filter(({ offered }) => offered && ids.includes(offered.id));
  const marked = [...idsOf(picker.selectedItems), ...ofNew];
  picker.busy = offer.busy;
  picker.items = offer.items.flatMap((item, index) => {
    const isFirst = item.group !== "" && item.group !== offer.items[index - 1]?.group;
    const separator = { label: item.group, kind: vscode.QuickPickItemKind.Separator };
    return [...(isFirst ? [separator] : []), shownItem(item)];
  });
  // VS Code makes the first one active. That is right until a person has moved elsewhere.
  if (active.length > 0 && active[0] !== known[0]) {
    picker.activeItems = among(active);
  }
  picker.selectedItems = among(marked);
}

function shownItem(offered: asking.PickItem): Item {
  const { label, description, detail } = offered;
  const buttons = offered.buttons.map((button): Button => ({
    offered: button,
    iconPath: new vscode.ThemeIcon(button.icon),
    tooltip: button.label,
  }));
  const iconPath = offered.icon && { iconPath: new vscode.ThemeIcon(offered.icon) };
  return { offered, label, description, detail, buttons, ...iconPath };
}
