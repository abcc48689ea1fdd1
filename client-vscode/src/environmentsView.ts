// The view of environments: what the server says of them, asked for when somebody unfolds it, and only
// while the view is shown.

import * as vscode from "vscode";
import type { EnvironmentTree, TreeNode } from "./generated/protocol";
import { unlessAway, type Session } from "./session";

const { Collapsed, Expanded, None } = vscode.TreeItemCollapsibleState;

export function registerEnvironmentsView(context: vscode.ExtensionContext, session: Session): void {
  const changed = new vscode.EventEmitter<undefined>();
  /** The children that were asked for, by what was asked. */
  let shown = new Map<string, TreeNode[]>();
  const ask = async (argument: string) => {
    const asked = session.run<EnvironmentTree>("pinfold.environmentTree", JSON.parse(argument) as object);
    return (await unlessAway(asked))?.nodes ?? [];
  };
  const view = vscode.window.createTreeView<TreeNode>("pinfold.environments", {
    showCollapseAll: true,
    treeDataProvider: {
      onDidChangeTreeData: changed.event,
      getTreeItem: treeItem,
      getChildren: async (node) => {
        if (node?.children) {
          return node.children;
        }
        const argument = JSON.stringify(node?.argument ?? {});
        const nodes = shown.get(argument) ?? (await ask(argument));
        shown.set(argument, nodes);
        return nodes;
      },
    },
  });
  // VS Code forgets what it shows before it asks anew, and menus on it then lead nowhere: so the
  // answers are there before it is told, and it is told only if they are others.
  const refresh = async () => {
    const environments = [...session.environments.values()];
    const hasEnvironment = environments.some(({ prefix }) => prefix !== null);
    void vscode.commands.executeCommand("setContext", "pinfold.hasEnvironment", hasEnvironment);
    const asked = view.visible ? [...shown.keys()] : [];
    const found = new Map(await Promise.all(asked.map(async (key) => [key, await ask(key)] as const)));
    if (JSON.stringify([...found]) !== JSON.stringify([...shown])) {
      shown = found;
      changed.fire(undefined);
    }
  };
  const onNode = (command: string, act: (node: TreeNode) => Thenable<unknown>) =>
    vscode.commands.registerCommand(command, (node?: TreeNode) => {
      const target = node ?? view.selection[0];
      return target && act(target);
    });
  context.subscriptions.push(
    changed,
    view,
    session.onDidStart(refresh),
    session.onDidChangeEnvironment(refresh),
    session.onDidChangeInventory(refresh),
    vscode.workspace.onDidChangeWorkspaceFolders(refresh),
    onNode("pinfold.installWanted", ({ argument, wanted }) =>
      vscode.commands.executeCommand("pinfold.installPackages", { ...argument, packages: [wanted] }),
    ),
    onNode("pinfold.revealEnvironment", (node) => {
      const folder = vscode.Uri.file(pathOf(node));
      const isInWorkspace = vscode.workspace.getWorkspaceFolder(folder) !== undefined;
      return vscode.commands.executeCommand(isInWorkspace ? "revealInExplorer" : "revealFileInOS", folder);
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
