"""The commands of ``workspace/executeCommand``: each declared once.

Owns their ids, titles, arguments and what is said of them; the handshake, the documentation and a
client's menu are made from this. Does nothing, and is quick to import.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class ArgumentKind(Enum):
    """What an argument may be; the value is how people are told."""

    PATH = "an absolute path or a file URI"
    ENVIRONMENT = 'an absolute path, a file URI, "none" or "automatic"'
    TEXT = "a text"
    FLAG = "true or false"


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
    trusted.
    """

    id: str
    title: str
    doc: str
    arguments: tuple[Argument, ...] = ()
    is_for_people: bool = False
    needs_trust: bool = False


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
        "pinfold.selectEnvironment",
        "Select Environment",
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
        "pinfold.refresh",
        "Refresh",
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
