"""The commands of ``workspace/executeCommand``: each declared once.

Owns their ids, titles, arguments and what is said of them; the handshake, the documentation and a
client's menu are made from this. Does nothing, and is quick to import.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

UNTRUSTED = "runs programs, which is off as long as this workspace is not trusted"
"""Why a command that needs trust is off; what is off stands before it."""

UNTRUSTED_AND_HOW = (
    f"{UNTRUSTED}; trust it in the editor (VS Code: `Workspaces: Manage Workspace Trust`) and try"
    " again"
)
"""The same where there is no button that leads there."""


class ArgumentKind(Enum):
    """What an argument may be; the value is how people are told."""

    PATH = "an absolute path or a file URI"
    ENVIRONMENT = 'an absolute path, a file URI, "none" or "automatic"'
    TEXT = "a text"
    FLAG = "true or false"
    TEXTS = "a list of texts"
    PATHS = "a list of absolute paths or file URIs"


@dataclass(frozen=True, slots=True)
class Argument:
    """One field of a command's object; each may be left out, or be null."""

    name: str
    kind: ArgumentKind
    doc: str


@dataclass(frozen=True, slots=True)
class Command:
    """A command.

    `is_for_people` tells those that belong in a menu, and may ask. `needs_trust` those that run
    programs, or what programs read: they are off where the client says that the workspace is not
    trusted. `for_files` is the argument that requirements files become which somebody has pointed
    at, empty where there is no such.
    """

    id: str
    title: str
    doc: str
    arguments: tuple[Argument, ...] = ()
    is_for_people: bool = False
    needs_trust: bool = False
    for_files: str = ""

    @property
    def name(self) -> str:
        """What it is called in a sentence."""
        return self.title.rstrip(".")

    @property
    def accepted(self) -> tuple[Argument, ...]:
        """All arguments, with those that every command has."""
        return (*self.arguments, *POINTED_AT)


SELECTED = Argument(
    "selected",
    ArgumentKind.PATHS,
    "Files and folders that a menu was opened on.",
)
ACTIVE = Argument("active", ArgumentKind.PATH, "The file that the editor shows.")
POINTED_AT = (SELECTED, ACTIVE)
"""What a person has pointed at; what is named in any other way counts instead of it."""

FOLDER = Argument(
    "folder",
    ArgumentKind.PATH,
    "The folder, or a file in it, that this is about; left out, the only workspace folder.",
)
ENVIRONMENT = Argument(
    "environment",
    ArgumentKind.PATH,
    "An environment by its folder or its interpreter; left out, that of the folder.",
)

FILES = Argument(
    "files",
    ArgumentKind.PATHS,
    "Requirements files; left out, those of the folder, of which a person is asked.",
)
YES = Argument(
    "yes",
    ArgumentKind.FLAG,
    "Agree to what would be done, and ask nothing that has a usual answer.",
)
DRY_RUN = Argument(
    "dryRun", ArgumentKind.FLAG, "Say what would be done, and do nothing; `plan` has it."
)

COMMANDS: tuple[Command, ...] = (
    Command(
        "pinfold.listEnvironments",
        "List Environments",
        "All environments and interpreters, as `pinfold env list --format json` has them.",
        (
            Argument(
                "folder",
                ArgumentKind.PATH,
                "The folder that this is about; left out, all workspace folders.",
            ),
            Argument(
                "fresh",
                ArgumentKind.FLAG,
                "Wait for a search instead of answering from the last one.",
            ),
        ),
    ),
    Command(
        "pinfold.listPackages",
        "List Packages",
        "What is installed in an environment.",
        (FOLDER, ENVIRONMENT),
    ),
    Command(
        "pinfold.activation",
        "Activation",
        "The line that activates an environment in a shell.",
        (
            FOLDER,
            ENVIRONMENT,
            Argument(
                "shell",
                ArgumentKind.TEXT,
                "The name of the shell, or its path; left out, the one that the server was"
                " started from.",
            ),
        ),
    ),
    Command(
        "pinfold.environmentTree",
        "Environment Tree",
        "What a tree of environments shows below a node: environments, packages, what those need.",
        (
            FOLDER,
            ENVIRONMENT,
            Argument("packages", ArgumentKind.TEXTS, "The package whose needs these are."),
        ),
    ),
    Command(
        "pinfold.terminalActivation",
        "Terminal Activation",
        "What has an environment active in the terminals of an editor.",
        (FOLDER, ENVIRONMENT),
    ),
    Command(
        "pinfold.debugInterpreter",
        "Debug Interpreter",
        "The interpreter of the environment for what a launch configuration debugs.",
        (
            Argument("folder", ArgumentKind.PATH, "The workspace folder of the configuration."),
            Argument("file", ArgumentKind.PATH, "What `${file}` stands for."),
            Argument(
                "program", ArgumentKind.TEXT, "As in the configuration; else it is `${file}`."
            ),
            Argument("module", ArgumentKind.TEXT, "As in the configuration."),
            Argument("cwd", ArgumentKind.TEXT, "As in the configuration."),
        ),
    ),
    Command(
        "pinfold.selectEnvironment",
        "Select Environment...",
        "Keep which environment is for the files in a folder; asks for what is left out.",
        (
            FOLDER,
            Argument(
                "environment",
                ArgumentKind.ENVIRONMENT,
                'The environment; "none" for having none, "automatic" to forget what was chosen.',
            ),
        ),
        is_for_people=True,
    ),
    Command(
        "pinfold.adoptEnvironment",
        "Use the Environment of the Python Extension",
        "Keep as the choice for a folder what another extension of the editor has selected there.",
        (FOLDER,),
        is_for_people=True,
    ),
    Command(
        "pinfold.explainEnvironment",
        "Explain Environment",
        "Which environment is for the files in a folder, and why.",
        (FOLDER,),
        is_for_people=True,
    ),
    Command(
        "pinfold.diagnoseEnvironment",
        "Diagnose Environment",
        "What is wrong with an environment, and what to do about it.",
        (FOLDER, ENVIRONMENT),
        is_for_people=True,
    ),
    Command(
        "pinfold.createEnvironment",
        "Create Environment...",
        "Make an environment, with or without packages; asks for what is left out.",
        (
            FOLDER,
            Argument("path", ArgumentKind.PATH, "Where; left out, `.venv` in the folder."),
            Argument(
                "python",
                ArgumentKind.TEXT,
                "A version, a name on PATH, or the path of an interpreter.",
            ),
            Argument(
                "environment",
                ArgumentKind.PATH,
                "Another environment, or an interpreter, whose Python it is made with.",
            ),
            Argument("prompt", ArgumentKind.TEXT, "What a shell shows when it is active."),
            Argument(
                "requirements",
                ArgumentKind.PATHS,
                "Requirements files to install from.",
            ),
            Argument("packages", ArgumentKind.TEXTS, "Requirements to install."),
            Argument(
                "install",
                ArgumentKind.FLAG,
                "Install what the requirements files of the folder ask for, or nothing of it; left"
                " out, a person is asked.",
            ),
            Argument("over", ArgumentKind.FLAG, "Set one that is there aside, and make it anew."),
            YES,
            DRY_RUN,
        ),
        is_for_people=True,
        needs_trust=True,
        for_files="requirements",
    ),
    Command(
        "pinfold.removeEnvironment",
        "Remove Environment...",
        "Take an environment away; it is kept for 30 days.",
        (FOLDER, ENVIRONMENT, YES, DRY_RUN),
        is_for_people=True,
        needs_trust=True,
    ),
    Command(
        "pinfold.rebuildEnvironment",
        "Rebuild Environment...",
        "Make an environment anew, in its place and with the same packages.",
        (
            FOLDER,
            ENVIRONMENT,
            Argument(
                "python",
                ArgumentKind.TEXT,
                "A version, a name on PATH, or the path of an interpreter; left out, the one it"
                " was made with, or the next best.",
            ),
            YES,
            DRY_RUN,
        ),
        is_for_people=True,
        needs_trust=True,
    ),
    Command(
        "pinfold.installRequirements",
        "Install Requirements...",
        "Install what requirements files ask for.",
        (FOLDER, FILES, ENVIRONMENT, YES, DRY_RUN),
        is_for_people=True,
        needs_trust=True,
        for_files="files",
    ),
    Command(
        "pinfold.installPackages",
        "Install Packages...",
        "Install packages; asks for them if none are named.",
        (
            FOLDER,
            Argument("packages", ArgumentKind.TEXTS, "Requirements, as for `pip install`."),
            Argument(
                "editables",
                ArgumentKind.TEXTS,
                "Projects to install as editable, as for `pip install -e`.",
            ),
            Argument(
                "save", ArgumentKind.PATH, "A requirements file that they are written into, too."
            ),
            ENVIRONMENT,
            YES,
            DRY_RUN,
        ),
        is_for_people=True,
        needs_trust=True,
    ),
    Command(
        "pinfold.uninstallPackages",
        "Uninstall Packages...",
        "Take packages away; asks for them if none are named.",
        (
            FOLDER,
            Argument("packages", ArgumentKind.TEXTS, "Their names."),
            Argument(
                "withUnused",
                ArgumentKind.FLAG,
                "Take away, too, what they have brought along and nothing else needs.",
            ),
            Argument(
                "save", ArgumentKind.PATH, "A requirements file that they are taken out of, too."
            ),
            ENVIRONMENT,
            YES,
            DRY_RUN,
        ),
        is_for_people=True,
        needs_trust=True,
    ),
    Command(
        "pinfold.upgradePackages",
        "Upgrade Packages...",
        "Install newer versions of packages, within what `requirements.txt` asks for.",
        (
            FOLDER,
            Argument(
                "packages",
                ArgumentKind.TEXTS,
                "Their names, none for all of them; left out, a person is asked.",
            ),
            Argument(
                "level",
                ArgumentKind.TEXT,
                "How far: `patch`, `minor` or `major`; left out, as far as it goes.",
            ),
            ENVIRONMENT,
            YES,
            DRY_RUN,
        ),
        is_for_people=True,
        needs_trust=True,
    ),
    Command(
        "pinfold.syncEnvironment",
        "Sync Environment...",
        "Have installed what requirements files ask for, and nothing else.",
        (FOLDER, FILES, ENVIRONMENT, YES, DRY_RUN),
        is_for_people=True,
        needs_trust=True,
        for_files="files",
    ),
    Command(
        "pinfold.freeze",
        "Freeze Environment",
        "What is installed as a requirements file, as `pip freeze` writes it.",
        (
            FOLDER,
            ENVIRONMENT,
            Argument("file", ArgumentKind.PATH, "A file whose text it becomes."),
        ),
        is_for_people=True,
    ),
    Command(
        "pinfold.pinAll",
        "Pin All Requirements",
        "Pin each requirement of a file that fixes no version to the one that is installed.",
        (
            FOLDER,
            Argument("file", ArgumentKind.PATH, "The file; left out, that of the folder."),
            Argument(
                "files",
                ArgumentKind.PATHS,
                "Several files at once; the result counts for all of them.",
            ),
        ),
        is_for_people=True,
        for_files="files",
    ),
    Command(
        "pinfold.undo",
        "Undo Last Change...",
        "Take the last change of an environment back. No index is needed for it.",
        (
            FOLDER,
            Argument(
                "environment",
                ArgumentKind.PATH,
                "The environment, which need not be there any more; left out, the one of the"
                " project that was changed last.",
            ),
            Argument("redo", ArgumentKind.FLAG, "Make the change again that was taken back last."),
            Argument("id", ArgumentKind.TEXT, "The change that has to be the one."),
            YES,
            DRY_RUN,
        ),
        is_for_people=True,
        needs_trust=True,
    ),
    Command(
        "pinfold.showHistory",
        "Show History of Changes",
        "What Pinfold has changed in the environments of a project, as `pinfold history` has it.",
        (
            FOLDER,
            Argument("environment", ArgumentKind.PATH, "Only of this one, there or not any more."),
            Argument("all", ArgumentKind.FLAG, "Of every project."),
        ),
        is_for_people=True,
    ),
    Command(
        "pinfold.showDependencyTree",
        "Show Dependency Tree",
        "Which package needs which others, as `pinfold tree` shows it.",
        (
            FOLDER,
            ENVIRONMENT,
            Argument(
                "packages",
                ArgumentKind.TEXTS,
                "Begin with these; left out, with all that nothing else needs.",
            ),
            Argument("why", ArgumentKind.TEXT, "Show only the ways that lead to this package."),
            Argument("inverted", ArgumentKind.FLAG, "Show below each package those that need it."),
        ),
        is_for_people=True,
    ),
    Command(
        "pinfold.explainPackage",
        "Why Is This Package Installed?...",
        "Which ways lead to a package, as `pinfold tree --why` shows it; asks for it if none is"
        " named.",
        (FOLDER, ENVIRONMENT, Argument("packages", ArgumentKind.TEXTS, "Its name.")),
        is_for_people=True,
    ),
    Command(
        "pinfold.refresh",
        "Refresh Environments",
        "Look at everything again, now.",
        is_for_people=True,
    ),
)

COMMANDS_BY_ID = {command.id: command for command in COMMANDS}


def commands_reference() -> str:
    """Return the table of all commands, in Markdown."""
    lines = ["| command | arguments | what for |", "|---|---|---|"]
    for command in COMMANDS:
        names = ", ".join(f"`{argument.name}`" for argument in command.arguments)
        lines.append(f"| `{command.id}` | {names} | {command.doc} |")
    return "\n".join(lines) + "\n"
