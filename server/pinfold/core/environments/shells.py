"""Shells: their names, how each of them quotes a word, and which one somebody sits in front of.

Owns the quoting, with what cannot be quoted. Refuses to run any of them: who our ancestors are is
read where the system shows it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pinfold.core.files import FileSystem

_MOST_ANCESTORS = 20


class Shell(Enum):
    """A shell; the value is how people name it."""

    SH = "sh"
    BASH = "bash"
    ZSH = "zsh"
    KSH = "ksh"
    FISH = "fish"
    TCSH = "tcsh"
    POWERSHELL = "powershell"
    CMD = "cmd"
    NUSHELL = "nushell"
    XONSH = "xonsh"


@dataclass(frozen=True, slots=True)
class Unquotable:
    """A word that a shell cannot be given; `reason` says why, in a clause."""

    reason: str


def shell_of(name: str) -> Shell | None:
    """Return the shell that a program's *name*, or a path to it, means."""
    stem = re.split(r"[\\/]", name.strip())[-1].lower().lstrip("-").removesuffix(".exe")
    return _NAMES.get(stem)


def quoted(text: str, shell: Shell) -> str | Unquotable:
    """Return *text* as one word of *shell*, on one line wherever the shell allows.

    Bytes of a path that are not UTF-8 stand in *text* as Python's ``surrogateescape`` has them.
    """
    if "\0" in text:
        return Unquotable("it holds a NUL, which no path can")
    match shell:
        case Shell.SH:
            return _single(text, "'\\''")
        case Shell.BASH | Shell.ZSH | Shell.KSH:
            return _ansi(text) if _CONTROL.search(text) else _single(text, "'\\''")
        case Shell.FISH:
            return _fish(text)
        case Shell.TCSH:
            return _tcsh(text)
        case Shell.POWERSHELL:
            return _powershell(text)
        case Shell.CMD:
            return _cmd(text)
        case Shell.NUSHELL:
            return _nushell(text)
        case Shell.XONSH:
            return _xonsh(text)


def detect_shell(
    environ: Mapping[str, str], ancestors: Iterable[str] = (), *, is_windows: bool
) -> Shell | None:
    """Return the shell that this process was started from; ``None`` if nothing tells.

    *ancestors* are the names of the processes above this one, the nearest first. They count for
    most: ``SHELL`` is what somebody logs in with, which need not be what he sits in front of.
    """
    for name in ancestors:
        found = shell_of(name)
        if found is not None:
            return found
    for variable, shell in _MARKS:
        if variable in environ:
            return shell
    if is_windows:
        # Explorer's own variables hold PSModulePath too, but cmd alone sets PROMPT.
        if "PROMPT" in environ:
            return Shell.CMD
        return Shell.POWERSHELL if "PSModulePath" in environ else Shell.CMD
    return shell_of(environ.get("SHELL", ""))


def read_ancestors(number: int, filesystem: FileSystem) -> Iterator[str]:
    """Yield the names of the processes above process *number*; none but on Linux."""
    for _ in range(_MOST_ANCESTORS):
        data = filesystem.read_bytes(f"/proc/{number}/stat", 4096)
        if not isinstance(data, bytes):
            return
        # The name is in parentheses and may hold any character, those too.
        fields = data.rpartition(b")")[2].split()
        if len(fields) < 2 or not fields[1].isdigit() or int(fields[1]) == 0:
            return
        number = int(fields[1])
        data = filesystem.read_bytes(f"/proc/{number}/stat", 4096)
        if not isinstance(data, bytes):
            return
        name = data.partition(b"(")[2].rpartition(b")")[0]
        yield name.decode("utf-8", "replace")


_NAMES = {
    "sh": Shell.SH,
    "dash": Shell.SH,
    "ash": Shell.SH,
    "busybox": Shell.SH,
    "bash": Shell.BASH,
    "zsh": Shell.ZSH,
    "ksh": Shell.KSH,
    "ksh93": Shell.KSH,
    "mksh": Shell.KSH,
    "fish": Shell.FISH,
    "csh": Shell.TCSH,
    "tcsh": Shell.TCSH,
    "bsd-csh": Shell.TCSH,
    "powershell": Shell.POWERSHELL,
    "powershell_ise": Shell.POWERSHELL,
    "pwsh": Shell.POWERSHELL,
    "cmd": Shell.CMD,
    "nu": Shell.NUSHELL,
    "nushell": Shell.NUSHELL,
    "xonsh": Shell.XONSH,
}

# What a shell gives to its children, and is not inherited from a shell further up in practice.
_MARKS = (
    ("NU_VERSION", Shell.NUSHELL),
    ("XONSH_VERSION", Shell.XONSH),
    ("POWERSHELL_DISTRIBUTION_CHANNEL", Shell.POWERSHELL),
)

_CONTROL = re.compile("[\x01-\x1f\x7f\udc80-\udcff]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def _single(text: str, quote: str) -> str:
    return "'" + text.replace("'", quote) + "'"


def _byte(char: str) -> int:
    return ord(char) - 0xDC00 if "\udc80" <= char <= "\udcff" else ord(char)


def _ansi(text: str) -> str:
    """Return ``$'…'``, in which neither quotes nor history marks are left."""

    def escape(match: re.Match[str]) -> str:
        # Three octal digits end by themselves; \x takes as many as follow in some shells.
        return f"\\{_byte(match[0]):03o}"

    return "$'" + re.sub("[\x01-\x1f\x7f\udc80-\udcff'\\\\!]", escape, text) + "'"


def _fish(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return "'" + _CONTROL.sub(lambda match: f"'\\X{_byte(match[0]):02x}'", escaped) + "'"


def _tcsh(text: str) -> str | Unquotable:
    if _CONTROL.search(text):
        if _SURROGATE.search(text):
            return Unquotable("tcsh cannot quote a byte in it that is no UTF-8")
        return Unquotable("tcsh cannot quote a line end or another control character in it")
    # History is looked for even between single quotes, and a backslash there is only for it.
    return _single(text.replace("!", "\\!"), "'\\''")


def _powershell(text: str) -> str | Unquotable:
    if _SURROGATE.search(text):
        return Unquotable("PowerShell has no way to write a name that is not Unicode")
    if not _CONTROL.search(text):
        # PowerShell takes typographic quotes for the plain one.
        return "'" + re.sub("(['‘’‚‛])", r"\1\1", text) + "'"

    def escape(match: re.Match[str]) -> str:
        char = match[0]
        return f"$([char]{ord(char)})" if char < " " or char == "\x7f" else f"`{char}"

    return '"' + re.sub('[\x01-\x1f\x7f`$"“”„]', escape, text) + '"'


def _cmd(text: str) -> str | Unquotable:
    if "%" in text:
        return Unquotable("cmd reads a per cent sign in it as a variable, and cannot quote it")
    if '"' in text or _CONTROL.search(text):
        return Unquotable("cmd cannot quote a quote, a line end or a control character in it")
    return f'"{text}"'


def _nushell(text: str) -> str | Unquotable:
    if _SURROGATE.search(text):
        return Unquotable("Nushell has no way to write a name that is not Unicode")
    if "'" not in text and not _CONTROL.search(text):
        return f"'{text}'"
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + _CONTROL.sub(lambda match: f"\\u{{{ord(match[0]):x}}}", escaped) + '"'


def _xonsh(text: str) -> str | Unquotable:
    if _SURROGATE.search(text):
        return Unquotable("xonsh has no way to write a name that is not Unicode")
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return "'" + _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", escaped) + "'"
