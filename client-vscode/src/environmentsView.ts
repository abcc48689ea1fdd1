// The view of environments: what the server says of them, asked for when somebody unfolds it, and only
// while the view is shown.

import * as vscode from "vscode";
import type { EnvironmentTree, TreeNode } from "./generated/protocol";
import { DOCUMENTS, type ServerSession, unlessAway } from "./session";

const { Collapsed, Expanded, None } = vscode.TreeItemCollapsibleState;

export function registerEnvironmentsView(context: vscode.ExtensionContext, session: ServerSession): void {
  const changed = new vscode.EventEmitter<undefined>();
  /** The children that were asked for, by what was asked. */
  let shown = new Map<string, TreeNode[]>();
  let turns = 0;
  const ask = async (argument: string) => {
    const asked = session.run<EnvironmentTree>("pinfold.environmentTree", JSON.parse(argument) as object);
    return (await unlessAway(asked))?.nodes ?? [];
  };
  const getChildren = async (node?: TreeNode) => {
    const argument = JSON.stringify(node?.argument ?? {});
    const nodes = node?.children ?? shown.get(argument) ?? (await ask(argument));
    if (!node?.children) {
      shown.set(argument, nodes);
    }
    return nodes;
  };
  const treeDataProvider = { onDidChangeTreeData: changed.event, getTreeItem: treeItem, getChildren };
  const view = vscode.window.createTreeView("pinfold.environments", { showCollapseAll: true, treeDataProvider });
  // VS Code forgets what it shows before it asks anew, and menus on it then lead nowhere: so the
  // answers are there before it is told, and it is told only if they are others.
  const refresh = async () => {
    const hasEnvironment = [...session.environments.values()].some(({ prefix }) => prefix !== null);
    void vscode.commands.executeCommand("setContext", "pinfold.hasEnvironment", hasEnvironment);
    const turn = ++turns;
    const asked = view.visible ? [...shown.keys()] : [];
    // What cannot be had now stays as it is.
    const again = async (key: string) => [key, await ask(key).catch(() => shown.get(key) ?? [])] as const;
    const answers = await Promise.all(asked.map(again));
    // With what was unfolded meanwhile.
    const found = new Map([...(asked.length > 0 ? shown : []), ...answers]);
    if (turn === turns && JSON.stringify([...found]) !== JSON.stringify([...shown])) {
      shown = found;
      changed.fire(undefined);
    }
  };
  const onNode = (command: string, act: (node: TreeNode) => Thenable<unknown>) =>
    vscode.commands.registerCommand(command, (node: TreeNode | undefined = view.selection[0]) => node && act(node));
  context.subscriptions.push(
    changed,
    view,
    session.onDidStart(refresh),
    session.onDidChangeEnvironment(refresh),
    session.onDidChangeInventory(refresh),
    vscode.workspace.onDidChangeWorkspaceFolders(refresh),
    // Packages stand beside the requirements that ask for them.
    vscode.workspace.onDidSaveTextDocument((saved) => vscode.languages.match(DOCUMENTS, saved) > 0 && refresh()),
    onNode("pinfold.installWanted", ({ argument, wanted }) =>
      vscode.commands.executeCommand("pinfold.installPackages", { ...argument, packages: [wanted] }),
    ),
    onNode("pinfold.revealEnvironment", (node) => {
      const folder = vscode.Uri.file(pathOf(node));
      const isInWorkspace = vscode.workspace.getWorkspaceFolder(folder) !== undefined;
      const revealed = vscode.commands.executeCommand(isInWorkspace ? "revealInExplorer" : "revealFileInOS", folder);
      // In a browser there is no file manager.
      const open = () => vscode.commands.executeCommand("vscode.openFolder", folder, { forceNewWindow: true });
      return revealed.then(undefined, open);
    }),
    onNode("pinfold.copyEnvironmentPath", (node) => vscode.env.clipboard.writeText(pathOf(node))),
  );
}

function pathOf({ argument }: TreeNode): string {
  return argument.environment ?? argument.folder;
}

function treeItem(node: TreeNode): vscode.TreeItem {
  const isLeaf = node.children?.length === 0;
  const item = new vscode.TreeItem(node.label, isLeaf ? None : node.unfolded ? Expanded : Collapsed);
  item.description = node.description;
  item.tooltip = new vscode.MarkdownString(node.tooltip);
  item.contextValue = node.context;
  item.accessibilityInformation = { label: node.spoken };
  if (node.icon !== "") {
    const isAmiss = node.icon === "error" || node.icon === "warning";
    const color = isAmiss ? new vscode.ThemeColor(`list.${node.icon}Foreground`) : undefined;
    item.iconPath = new vscode.ThemeIcon(node.icon, color);
  }
  if (node.file !== null && node.line !== null) {
    const selection = new vscode.Range(node.line - 1, 0, node.line - 1, 0);
    const args = [vscode.Uri.file(node.file), { selection }];
    item.command = { command: "vscode.open", title: "Open", arguments: args };
  }
  return item;
}
