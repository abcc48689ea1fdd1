"""Whose credentials an installer shows to an index, as far as that is set up in files.

Owns where netrc is and which of its entries counts. Never hands out a credential, only where it
comes from. pip and uv read netrc by themselves, and in the same way.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pinfold.core.environments.places import Surroundings
    from pinfold.core.files import FileSystem
    from pinfold.core.model.plan import IndexUse

MAX_FILE_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Netrc:
    """What a netrc file has entries for; `has_default` for every host."""

    path: str
    hosts: frozenset[str] = frozenset()
    has_default: bool = False


def read_netrc(surroundings: Surroundings, filesystem: FileSystem) -> Netrc | None:
    """Return the file that counts, ``None`` if there is none that can be read."""
    named = surroundings.variables.get("NETRC")
    places = [named] if named else [surroundings.at_home(".netrc"), surroundings.at_home("_netrc")]
    for place in places:
        data = None if place is None else filesystem.read_bytes(place, MAX_FILE_BYTES)
        if place is not None and isinstance(data, bytes):
            return _parsed(place, data.decode("utf-8", "replace"))
    return None


def with_credentials(
    uses: Iterable[IndexUse], netrc: Netrc | None, *, has_keyring: bool
) -> tuple[IndexUse, ...]:
    """Return *uses* with where the credentials for each come from, if there are any."""
    return tuple(
        replace(use, credentials=_source(use.url, netrc, has_keyring=has_keyring)) for use in uses
    )


def _source(url: str, netrc: Netrc | None, *, has_keyring: bool) -> str | None:
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or host is None:
        return None
    # A user alone is asked a keyring for.
    if parts.password or (parts.username and not has_keyring):
        return "its address"
    if netrc is not None and (netrc.has_default or host in netrc.hosts):
        return netrc.path
    return "the keyring, if it has any" if has_keyring else None


# A macro goes on to the next empty line, and may say anything.
_MACRO = re.compile(r"^[ \t]*macdef\b.*?(?:\n[ \t]*\n|\Z)", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"^[ \t]*#.*$", re.MULTILINE)


def _parsed(path: str, text: str) -> Netrc:
    try:
        words = shlex.split(_COMMENT.sub("", _MACRO.sub("\n", text)))
    except ValueError:
        return Netrc(path)
    hosts: set[str] = set()
    has_default = False
    rest = iter(words)
    for word in rest:
        if word == "machine":
            hosts.add(next(rest, ""))
        elif word == "default":
            has_default = True
        elif word in ("login", "user", "account", "password"):
            # Whatever it is: it is kept nowhere.
            next(rest, None)
    return Netrc(path, frozenset(hosts), has_default)


def advice(installer: str, *, other: bool) -> str:
    """Return what helps where an index wants credentials; *installer* is ``uv`` or ``pip``.

    *other*: than those that are used, if there are any.
    """
    keyring = {
        "uv": "let uv ask the program keyring (UV_KEYRING_PROVIDER=subprocess, with the user in the"
        " index's address)",
        "pip": "let pip ask a keyring (keyring-provider = subprocess in its configuration, with the"
        " program keyring on PATH)",
    }[installer]
    return (
        f"Put {'other credentials' if other else 'credentials'} into ~/.netrc (machine HOST login"
        f" USER password PASSWORD), {keyring}, or write USER:PASSWORD@ before the host in the"
        " index's address"
    )
