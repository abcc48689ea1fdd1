// The view of environments: what the server says of them, asked for when somebody unfolds it, and only
// while the view is shown.

import * as vscode from "vscode";
import type { EnvironmentTree, TreeNode } from "./generated/protocol";
import { unlessAway, type Session } from "./session";

const { Collapsed, Expanded, None } = vscode.TreeItemCollapsibleState;

export function registerEnvironmentsView(context: vscode.ExtensionContext, session: Session): void {
  const changed = new vscode.EventEmitter<undefined>();
  const refresh = () => {
    changed.fire(undefined);
    const hasEnvironment = [...session.environments.values()].some(({ prefix }) => prefix !== null);
    void vscode.commands.executeCommand("setContext", "pinfold.hasEnvironment", hasEnvironment);
  };
  const treeDataProvider: vscode.TreeDataProvider<TreeNode> = {
    onDidChangeTreeData: changed.event,
    getTreeItem: treeItem,
    getChildren: async (node) => {
      if (node?.children) {
        return node.children;
      }
      const asked = session.run<EnvironmentTree>("pinfold.environmentTree", node?.argument ?? {});
      return (await unlessAway(asked))?.nodes ?? [];
    },
  };
  context.subscriptions.push(
    changed,
    vscode.window.createTreeView("pinfold.environments", { treeDataProvider, showCollapseAll: true }),
    session.onDidStart(refresh),
    session.onDidChangeEnvironment(refresh),
    session.onDidChangeInventory(refresh),
    vscode.workspace.onDidChangeWorkspaceFolders(refresh),
    vscode.commands.registerCommand("pinfold.installWanted", ({ argument, wanted }: TreeNode) =>
      vscode.commands.executeCommand("pinfold.installPackages", { ...argument, packages: [wanted] }),
    ),
    vscode.commands.registerCommand("pinfold.revealEnvironment", (node: TreeNode) => {
      const folder = vscode.Uri.file(pathOf(node));
      const isInWorkspace = vscode.workspace.getWorkspaceFolder(folder) !== undefined;
      return vscode.commands.executeCommand(isInWorkspace ? "revealInExplorer" : "revealFileInOS", folder);
    }),
    vscode.commands.registerCommand("pinfold.copyEnvironmentPath", (node: TreeNode) =>
      vscode.env.clipboard.writeText(pathOf(node)),
    ),
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
