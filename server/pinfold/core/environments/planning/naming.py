"""What an environment may be called: its folder, and what a shell shows while it is active.

Owns what is known to break the scripts in it. Looks at no disk: which folders are yet to be made is
for others to say.

What breaks what was seen with venv of Python 3.9 and 3.13.0, pip 24.2 and uv 0.13.9. A path with
spaces, or one longer than a kernel reads of a first line, does no harm: pip and uv then start
scripts by way of ``/bin/sh``.
"""

from __future__ import annotations

import os
import unicodedata
from typing import TYPE_CHECKING

from pinfold.core.environments.planning.refusal import Refusal, RefusalReason
from pinfold.core.model.wording import Wording

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from pinfold.core.model.wording import Words

_SHELL = '"$`\\'
"""What a shell does not leave alone between double quotes, where activation scripts put names."""


def refusal_of_place(prefix: Path, made: Collection[str]) -> Refusal | None:
    """Return why no environment can be made at *prefix*.

    *made* are the names of folders that can still be chosen: those yet to be made, and one that is
    filled.
    """
    text = os.fspath(prefix)
    if (control := _control_in(text)) is not None:
        # The system reads the first line of a script up to a line end, and splits it at a tab.
        return _refused(f"a path with {control} in it would break every script of the environment")
    if os.pathsep in text:
        return _refused(
            f"`{prefix}` has a `{os.pathsep}` in it, which separates folders in PATH: what is in"
            " the environment would not be found"
        )
    if _is_undecodable(text):
        return _refused("a path that is no Unicode cannot be written into scripts")
    for name in made:
        for character in name:
            if character in _SHELL:
                return _refused(f"`{name}` has a `{character}` in it, which shells act on")
    return None


def refusal_of_prompt(prompt: str) -> Refusal | None:
    """Return why *prompt* cannot be what a shell shows while an environment is active."""
    if not prompt.strip():
        return Refusal(RefusalReason.INVALID, "a prompt needs a text", "name one, or leave it out")
    if (control := _control_in(prompt)) is not None:
        # In pyvenv.cfg, which uv writes it into as it is, a line end begins another setting.
        return Refusal(
            RefusalReason.INVALID, f"a prompt cannot have {control} in it", "name another prompt"
        )
    if _is_undecodable(prompt):
        return Refusal(RefusalReason.INVALID, "the prompt is no Unicode", "name another prompt")
    for character in prompt:
        if character in _SHELL:
            return Refusal(
                RefusalReason.INVALID,
                f"a prompt cannot have a `{character}` in it, which shells act on",
                "name another prompt",
            )
    return None


def note_on_place(prefix: Path) -> Words | None:
    """Return what does not work well at *prefix*, because of its name or of those around it."""
    for character in os.fspath(prefix):
        if character in _SHELL and not (os.name == "nt" and character == "\\"):
            said = (
                f"The path has a `{character}` in it, which shells act on: activating it may fail"
            )
            return Wording(f"{said}; `pinfold run` does not.", f"{said}.")
    return None


def _refused(message: str) -> Refusal:
    return Refusal(RefusalReason.INVALID, message, "name another place")


def _control_in(text: str) -> str | None:
    """Return in words the first control character of *text*."""
    for character in text:
        if unicodedata.category(character) == "Cc":
            return _NAMES.get(character, "a control character")
    return None


_NAMES = {"\n": "a line end", "\r": "a line end", "\t": "a tab", "\0": "a NUL"}


def _is_undecodable(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)
