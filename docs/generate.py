"""The pages that are made from the code, and the outputs and sources that other pages show.

Owns what ``make docs`` writes: a page for each rule, their index, the settings, and in pages that
people write the blocks under a mark: ``<!-- run: pinfold … -->`` shows what that command prints in
a copy of the example workspace (behind ``| installed in FOLDER: name version, …`` with that there),
``<!-- include: path -->`` what a file of the project holds, ``<!-- include: path#name -->`` only
what it declares by that name, the tables under ``<!-- kinds -->`` and ``<!-- commands -->`` the
kinds of environments and the server's commands, and ``<!-- editor -->`` and ``<!-- scenarios -->``
which VS Code the tests run in, and what they see there.
In the manifest of the VS Code client, it writes what the server declares of commands, menus and
settings.
What was tested comes from docs/tested.json, which a run of the tests writes (tests/harness/tested).
Refuses to know what any page that people write says.

``--check`` writes nothing and exits with 1 if anything would change.
"""

from __future__ import annotations

import ast
import inspect
import io
import json
import os
import re
import shlex
import shutil
import sys
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, cast
from unittest import mock

from pinfold.cli.main import FAILED, main
from pinfold.core.environments.discovery import LOCATORS
from pinfold.core.environments.shells import Shell
from pinfold.core.model.files import FileRole
from pinfold.core.model.installation import InstallationKind
from pinfold.core.rules.registry import FAMILY_MODULES, Family, Rule, rules
from pinfold.core.settings import settings_reference
from pinfold.lsp.command_table import COMMANDS, commands_reference
from pinfold.lsp.editor_settings import (
    contributed_configuration,
    editor_settings_reference,
    restricted_settings,
)
from pinfold.lsp.menu_table import contributed_commands, contributed_menus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

ROOT = Path(__file__).parents[1]
RULES_FOLDER = "docs/rules"
EXAMPLE = "docs/example"
TESTED = "docs/tested.json"
TESTED_PAGE = "docs/tested.md"
MANIFEST = "client-vscode/package.json"
CLIENT_COMMANDS = "client-vscode/src/generated/commands.ts"
EDITOR = "tests/editors/vscode"


def generated_pages() -> dict[str, str]:
    """Return each page that is made from the code as a whole, by its path from the root."""
    pages = {f"{RULES_FOLDER}/{rule.name}.md": _rule_page(rule) for rule in rules().values()}
    pages[f"{RULES_FOLDER}/index.md"] = _rules_index(rules().values())
    pages[TESTED_PAGE] = page_of_record(read_tested())
    pages["docs/settings.md"] = (
        f"{_mark('core/settings.py')}\n{settings_reference()}{editor_settings_reference()}"
    )
    return dict(sorted(pages.items()))


def written_pages() -> tuple[str, ...]:
    """Return the pages that people write, by their paths from the root."""
    generated = generated_pages()
    paths = (ROOT / "docs").rglob("*.md")
    names = ["README.md", "CHANGELOG.md", *(path.relative_to(ROOT).as_posix() for path in paths)]
    return tuple(
        sorted(
            name
            for name in names
            if name not in generated
            and not name.startswith(f"{RULES_FOLDER}/")
            and (ROOT / name).is_file()
        )
    )


def refreshed(page: str, read: Callable[[str], str]) -> str:
    """Return the text of *page* with every marked block as it is now; *read* gives other files."""

    def block(match: re.Match[str]) -> str:
        what, subject = match["what"], match["subject"]
        shown = _output(subject) if what == "run" else _source(subject, read)
        return f"{match['mark']}\n{match['opening']}\n{shown}{match['fence']}"

    page = _KINDS.sub(lambda match: f"{match['mark']}\n{kinds_table(read_tested())}", page)
    page = _COMMANDS.sub(lambda match: f"{match['mark']}\n{commands_reference()}", page)
    page = _EDITOR.sub(lambda match: f"{match['mark']}\n{editor_sentence()}", page)
    page = _SCENARIOS.sub(lambda match: f"{match['mark']}\n{scenarios_table()}", page)
    return _BLOCK.sub(block, page)


def refreshed_manifest(text: str) -> str:
    """Return the manifest of the VS Code client with what is declared on the server's side.

    All its other keys stay as they are, and where they are.
    """
    manifest = json.loads(text)
    manifest.setdefault("contributes", {}).update(
        commands=contributed_commands(),
        menus=contributed_menus(),
        configuration=contributed_configuration(),
    )
    trust = manifest.get("capabilities", {}).get("untrustedWorkspaces")
    if trust is not None:
        trust["restrictedConfigurations"] = restricted_settings()
    return f"{json.dumps(manifest, indent=2, ensure_ascii=False)}\n"


def client_commands() -> str:
    """Return the module that tells the VS Code client which commands are the server's."""
    names = "".join(f'  "{command.id}",\n' for command in COMMANDS if command.is_for_people)
    return (
        "// Made from server/pinfold/lsp/command_table.py by docs/generate.py; not to be edited.\n"
        f"export const SERVER_COMMANDS = [\n{names}] as const;\n"
    )


def stale_pages() -> dict[str, str | None]:
    """Return every page that is not as it should be with what it should hold.

    ``None`` for one that should not be there: a rule's page without the rule.
    """
    pages = generated_pages()
    wanted: dict[str, str | None] = dict(pages)
    for path in (ROOT / RULES_FOLDER).glob("*"):
        wanted.setdefault(path.relative_to(ROOT).as_posix(), None)
    for name in written_pages():
        wanted[name] = refreshed(_text(name) or "", lambda path: pages.get(path) or _read(path))
    wanted[MANIFEST] = refreshed_manifest(_read(MANIFEST))
    wanted[CLIENT_COMMANDS] = client_commands()
    return {name: text for name, text in wanted.items() if _text(name) != text}


def write_pages() -> int:
    """Write what is stale, and return the exit status."""
    for name, text in stale_pages().items():
        path = ROOT / name
        if text is None:
            print(f"removed {name}")
            path.unlink()
        else:
            print(f"wrote {name}")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
    return 0


def write_tested_pages() -> None:
    """Write the pages that show what was tested, after a run of the tests has told that anew."""
    for path in (ROOT / TESTED_PAGE, *(ROOT / name for name in written_pages())):
        name = path.relative_to(ROOT).as_posix()
        text = page_of_record(read_tested()) if name == TESTED_PAGE else _read(name)
        text = _KINDS.sub(lambda match: f"{match['mark']}\n{kinds_table(read_tested())}", text)
        if _text(name) != text:
            path.write_text(text, encoding="utf-8", newline="\n")


def check_pages() -> int:
    """Say what is stale, and return the exit status."""
    stale = stale_pages()
    for name, text in stale.items():
        print(f"{name}: {'should not be there' if text is None else 'is stale'}; run `make docs`")
    return 1 if stale else 0


class Shown(TypedDict):
    """What the tests have shown of a kind or a shell, and by which of them.

    `real` is by tool and version; `layout` has those that compare with files or texts alone.
    """

    real: dict[str, dict[str, list[str]]]
    layout: list[str]


class TestedRecord(TypedDict):
    """What a run of the tests has taken down."""

    system: str
    python: str
    environments: dict[str, Shown]
    interpreters: dict[str, Shown]
    shells: dict[str, Shown]


def read_tested() -> TestedRecord:
    """Return what the last recorded run of the tests has shown."""
    return cast("TestedRecord", json.loads(_read(TESTED)))


def page_of_record(record: TestedRecord) -> str:
    """Return the page that says what ran for real, what did not, and what never ran."""
    parts = {
        "Environments": (record["environments"], "made by"),
        "Interpreters": (record["interpreters"], "asked"),
        "Shells": (record["shells"], "ran in"),
    }
    kinds = [kind.value for kind in InstallationKind if kind is not InstallationKind.OTHER]
    text = (
        f"<!-- Generated by `make docs` from {TESTED}: `make tested` writes that. -->\n"
        "# What ran for real\n\n"
        f"The tests ran on {record['system']}, with Python {record['python']}.\n"
        "This page is made from what they took down themselves: a line stands here because a test"
        f" that passed has said so, and [{TESTED.partition('/')[2]}](tested.json) names the tests."
        "\n\n## For real\n\n"
        "Each environment was made by the tool, and its Python was asked: kind, prefix, version,"
        " implementation, executable, base and folders of packages are what it says.\n"
        "What no file tells, PyPy's patch release, is left open.\n"
        "Each interpreter that was found on the machine was asked in the same way.\n"
        "In each shell, the line that activates was run in environments with every kind of name,"
        " and so was the one that ends it.\n"
    )
    for heading, (shown, verb) in parts.items():
        text += f"\n### {heading}\n\n| {_SUBJECT[heading]} | {verb} |\n|---|---|\n"
        for name, one in _in_order(shown):
            if one["real"]:
                by = [f"{tool} {', '.join(versions)}" for tool, versions in one["real"].items()]
                text += f"| `{name}` | {'; '.join(map(str.strip, by))} |\n"
    text += (
        "\n## On recorded layouts only\n\n"
        "Folders and files as the tool leaves them, written by the tests; for a shell, the text"
        " that is expected.\nNo tool, interpreter or shell has confirmed that it is so.\n\n"
    )
    for heading, (shown, _) in parts.items():
        names = [name for name, one in _in_order(shown) if not one["real"]]
        text += f"- {heading}: {', '.join(f'`{name}`' for name in names) or 'none'}\n"
    text += "\n## Never\n\n- Windows and macOS: Pinfold has not run there, with any kind.\n"
    shown_kinds = record["environments"].keys() | record["interpreters"].keys()
    missing = [kind for kind in kinds if kind not in shown_kinds]
    missing += [shell.value for shell in Shell if shell.value not in record["shells"]]
    if missing:
        text += f"- Not even by layout: {', '.join(f'`{name}`' for name in missing)}\n"
    return f"{text}- `other` is what no locator recognises, so there is nothing to run.\n"


def kinds_table(record: TestedRecord) -> str:
    """Return the kinds, by what each is told on disk as its locators declare it, and its tests."""
    rows = "| kind | recognised by | tested |\n|---|---|---|\n"
    for kind in InstallationKind:
        if kind is InstallationKind.OTHER:
            continue
        marks = [locator.kinds[kind] for locator in LOCATORS if kind in locator.kinds]
        rows += f"| `{kind.value}` | {'; '.join(marks)} | {_tested(kind, record)} |\n"
    return rows


def editor_sentence() -> str:
    """Return which VS Code the tests run in, as they pin it."""
    pinned = json.loads(_read(f"{EDITOR}/editor/package.json"))["dependencies"]["code-server"]
    # code-server counts from 4, and else as the VS Code that is in it; a test compares them.
    version = pinned.replace("4", "1", 1)
    return (
        f"The tests run in code-server {pinned}, which is VS Code {version} in a browser"
        " (Chromium), on Linux.\n"
    )


def scenarios_table() -> str:
    """Return what the tests in VS Code see, as their docstrings say it."""
    rows = "| scenario | what is tested |\n|---|---|\n"
    for path in sorted((ROOT / EDITOR).glob("test_*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and _is_scenario(node):
                name = node.name.removeprefix("test_").replace("_", " ").capitalize()
                told, _, _ = (ast.get_docstring(node) or "").partition("\n")
                rows += f"| {name} | {told} |\n"
    return rows


def _is_scenario(node: ast.FunctionDef) -> bool:
    # A test without a window is about the tests themselves.
    asked_for = {argument.arg for argument in node.args.args}
    has_window = not asked_for.isdisjoint({"window", "opened", "workbench", "half_way"})
    return has_window and node.name.startswith("test_")


def _tested(kind: InstallationKind, record: TestedRecord) -> str:
    """Return how a kind was tested; its environments and its interpreters may differ."""
    found = {
        heading: "for real" if shown[kind.value]["real"] else "by layout"
        for heading, shown in (
            ("environments", record["environments"]),
            ("interpreters", record["interpreters"]),
        )
        if kind.value in shown
    }
    if len(set(found.values())) == 1:
        return next(iter(found.values()))
    return "; ".join(f"{heading} {way}" for heading, way in found.items()) or "never"


def _in_order(shown: Mapping[str, Shown]) -> list[tuple[str, Shown]]:
    order = [*(kind.value for kind in InstallationKind), *(shell.value for shell in Shell)]
    return sorted(shown.items(), key=lambda item: order.index(item[0]))


_SUBJECT = {"Environments": "kind", "Interpreters": "kind", "Shells": "shell"}
_KINDS = re.compile(r"^(?P<mark><!-- kinds -->)\n(?:\|.*\n)*", re.MULTILINE)
_COMMANDS = re.compile(r"^(?P<mark><!-- commands -->)\n(?:\|.*\n)*", re.MULTILINE)
_EDITOR = re.compile(r"^(?P<mark><!-- editor -->)\n(?:.+\n)?", re.MULTILINE)
_SCENARIOS = re.compile(r"^(?P<mark><!-- scenarios -->)\n(?:\|.*\n)*", re.MULTILINE)
_BLOCK = re.compile(
    r"^(?P<mark><!-- (?P<what>run|include): (?P<subject>.+?) -->)\n"
    r"(?P<opening>(?P<fence>`{3,})[a-z]*)\n"
    r".*?^(?P=fence)$",
    re.MULTILINE | re.DOTALL,
)
_FENCE = re.compile(r"```(?P<language>[a-z]*)(?: (?P<name>\S+))?$")
_ESCAPE = re.compile(r"\\(?:u[0-9a-f]{4}|t)")

_ROLES = {
    FileRole.REQUIREMENTS: "requirements files",
    FileRole.INPUT: "`.in` files",
    FileRole.CONSTRAINTS: "constraints files",
    FileRole.CONSTRAINTS_INPUT: "`.in` files of constraints",
}


def _mark(module: str) -> str:
    source = f"server/pinfold/{module}"
    return f"<!-- Generated by `make docs` from {source}: change it there, not here. -->"


def _rule_page(rule: Rule) -> str:
    title, _, body = rule.documentation.partition("\n")
    fix = "none" if rule.fix is None else f"{rule.fix.value}, see below"
    return (
        f"{_mark(f'core/rules/{_module(rule)}.py')}\n"
        f"# `{rule.name}`\n\n{title}\n\n"
        f"- Family: [{rule.family.value}](index.md#{_anchor(rule.family)})\n"
        f"- Severity: {_severity(rule)}\n"
        f"- Fix: {fix}\n"
        f"- Since: {rule.since}\n\n"
        f"{_laid_out(body)}"
    )


def _rules_index(declared: Iterable[Rule]) -> str:
    text = (
        f"{_mark('core/rules/')}\n# Rules\n\n"
        "Each rule has a name, which is what a finding shows, what an ignore comment names,"
        " and what the [settings](../settings.md) weigh.\n"
        "A severity in this list holds in requirements files; a rule's page says where it differs."
        "\n"
    )
    families: dict[Family, list[Rule]] = {family: [] for family in Family}
    for rule in declared:
        families[rule.family].append(rule)
    for family, members in families.items():
        if not members:
            continue
        heading = f"{family.value[:1].upper()}{family.value[1:]}"
        text += f"\n## {heading}\n\n| rule | what it finds | severity | fix |\n|---|---|---|---|\n"
        # Not in the order of declaration, which is that of imports.
        for rule in sorted(members, key=lambda rule: rule.name):
            fix = "" if rule.fix is None else rule.fix.value
            text += f"| [`{rule.name}`]({rule.name}.md) | {rule.title} | {rule.default.value} |"
            text += f" {fix} |\n"
    return text


def _anchor(family: Family) -> str:
    return family.value.replace(" ", "-")


def _severity(rule: Rule) -> str:
    """Return the severity, or each with the files that it holds in."""
    places: dict[str, list[str]] = {}
    for role, name in _ROLES.items():
        places.setdefault(rule.defaults[role].value, []).append(name)
    if len(places) == 1:
        return rule.default.value
    return "; ".join(f"{severity} in {_listed(names)}" for severity, names in places.items())


def _listed(names: list[str]) -> str:
    return " and ".join(", ".join(names).rsplit(", ", 1))


def _module(rule: Rule) -> str:
    """Return the name of the module that declares *rule*."""
    declaration = re.compile(rf'^@?\w+\(\s*"{re.escape(rule.name)}",', re.MULTILINE)
    for module in FAMILY_MODULES:
        if declaration.search(inspect.getsource(import_module(f"pinfold.core.rules.{module}"))):
            return module
    raise LookupError(f"no module of FAMILY_MODULES declares {rule.name}")


def _laid_out(body: str) -> str:
    """Return the rest of a docstring as a page.

    A sentence that the docstring wraps gets one line, headings and blocks get blank lines around
    them, and the name of an example's file goes before its block: in the docstring it stands where
    no reader of a page sees it.
    """
    lines: list[str] = []
    in_block = False
    for line in body.strip("\n").splitlines():
        fence = _FENCE.fullmatch(line)
        if fence is not None and not in_block:
            if fence["name"]:
                lines += ["", f"`{fence['name']}`:"]
            lines += ["", f"```{fence['language']}"]
        elif fence is not None:
            lines += ["```", ""]
        elif not in_block and line.startswith("## "):
            lines += ["", line, ""]
        elif not in_block and line[:2] not in ("", "- ", "| ") and _is_unfinished(lines):
            lines[-1] += f" {line}"
        else:
            lines.append(line)
        in_block ^= fence is not None
    blocks = "\n".join(re.findall(r"^```.*?^```$", body, re.MULTILINE | re.DOTALL))
    text = "\n".join(lines)
    for escape in sorted(set(_ESCAPE.findall(blocks))):
        note = f"`{escape}` stands for a character that would not show."
        text = text.replace("## Example\n", f"## Example\n\n{note}\n", 1)
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n") + "\n"


def _is_unfinished(lines: list[str]) -> bool:
    """Return whether a sentence goes on after the last of *lines*."""
    return bool(lines and lines[-1]) and not lines[-1].endswith((".", ":", "?", "!", "```"))


def _output(subject: str) -> str:
    """Return what a terminal shows of the command that *subject* is, with the command itself.

    Raises:
        ValueError: it is no command of ours, or fails.
    """
    command, _, installed = subject.partition(" | installed in ")
    program, *arguments = shlex.split(command)
    if program != "pinfold":
        raise ValueError(f"only pinfold can be run, not `{program}`")
    screen = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="\n", write_through=True)
    previous = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        # A copy: the checkout may well have an environment of its own.
        shutil.copytree(ROOT / EXAMPLE, Path(folder) / EXAMPLE)
        if installed:
            _install(Path(folder), installed)
        os.chdir(folder)
        try:
            with (
                mock.patch.dict(os.environ, _ENVIRONMENT, clear=True),
                redirect_stdout(screen),
                redirect_stderr(screen),
            ):
                status = main(arguments)
        finally:
            os.chdir(previous)
    screen.seek(0)
    shown = screen.read()
    if status == FAILED:
        raise ValueError(f"`{command}` fails: {shown}")
    return f"$ {command}\n{shown}"


def _install(root: Path, installed: str) -> None:
    """Make an environment of CPython 3.11.9 in *root*: ``FOLDER: name version, …``."""
    folder, _, distributions = installed.partition(": ")
    site_packages = root / folder / "lib/python3.11/site-packages"
    site_packages.mkdir(parents=True)
    # Of a sound interpreter, as far as files tell, or each page would show a broken environment.
    base, binaries = root / "base/bin", root / folder / "bin"
    base.mkdir(parents=True)
    binaries.mkdir()
    (base / "python3.11").write_bytes(b"\x7fELF")
    (base / "python3.11").chmod(0o755)
    (binaries / "python").symlink_to(base / "python3.11")
    (root / folder / "pyvenv.cfg").write_text(
        f"home = {base}\ninclude-system-site-packages = false\nversion = 3.11.9\n"
    )
    for distribution in distributions.split(", "):
        name, version = distribution.split()
        metadata = site_packages / f"{name.replace('-', '_')}-{version}.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        )
        (metadata / "RECORD").write_text("")


# Variables would show in what is printed: their names, colours, the width of the screen.
_ENVIRONMENT: Mapping[str, str] = {"LC_ALL": "C.UTF-8", "PINFOLD_STRICT": "1"}


def _source(subject: str, read: Callable[[str], str]) -> str:
    name, _, part = subject.partition("#")
    text = read(name)
    if not part:
        return text
    statement = next(_statements(text, part), None)
    if statement is None:
        raise ValueError(f"{name} declares no {part}")
    return f"{statement}\n"


def _statements(source: str, name: str) -> Iterator[str]:
    """Yield what *source* declares by *name* at its top level: a constant, a function, a class."""
    lines = source.splitlines()
    for node in ast.parse(source).body:
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=found)]) | ast.AnnAssign(target=ast.Name(id=found))
            ):
                first = node.lineno
            case ast.FunctionDef(name=found) | ast.ClassDef(name=found):
                first = min([node.lineno, *(part.lineno for part in node.decorator_list)])
            case _:
                continue
        if found == name:
            yield "\n".join(lines[first - 1 : node.end_lineno])


def _read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def _text(name: str) -> str | None:
    path = ROOT / name
    return path.read_bytes().decode("utf-8") if path.is_file() else None


if __name__ == "__main__":
    arguments = sys.argv[1:]
    if arguments not in ([], ["--check"]):
        sys.exit("usage: generate.py [--check]")
    sys.exit(check_pages() if arguments else write_pages())
