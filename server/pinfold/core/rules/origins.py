"""Whether a distribution came from the URL that a requirement names.

Owns the comparison of URLs, which is careful to call two of them different: user, password, port,
scheme, query, ``.git`` and case of the host say nothing of what they lead to. Shows no secret.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple

from pinfold.core.formats.plain_versions import allows
from pinfold.core.formats.urls import InvalidUrl, parse_url
from pinfold.core.rules.installed import one_line, told_by_archive

if TYPE_CHECKING:
    from pinfold.core.formats.urls import Url
    from pinfold.core.model.environment import DirectUrl, InstalledDistribution

_SHORTEST_COMMIT = 7
_COMMIT = re.compile(rf"[0-9a-f]{{{_SHORTEST_COMMIT},64}}")
# What ssh takes for a host and a path: git@git.example:group/tool.git
_SSH_PLACE = re.compile(r"(?:[^/@]+@)?(?P<host>[^/:@]+):(?!/)(?P<path>.+)")


def another_origin(text: str, distribution: InstalledDistribution) -> str | None:
    """Return how *distribution* differs from what the URL *text* leads to, in a sentence.

    ``None`` if it does not, or if that cannot be told: the URL has variables, the environment did
    not record where the distribution came from, or a folder is installed that somebody works on.
    """
    if "${" in text or distribution.editable is not None:
        return None
    direct = distribution.direct_url
    if direct is not None and direct.is_editable:
        return None
    try:
        url = parse_url(text)
    except InvalidUrl:
        return None
    if not url.is_version_control:
        told = told_by_archive(url.filename)
        if told is not None and told[0] == distribution.key:
            # An archive of the same name has the same content, wherever it lies.
            return _another_version(told[1], distribution)
    if direct is None:
        return None
    if url.is_version_control:
        return _another_checkout(url, direct, distribution.name)
    if url.is_local:
        return _another_folder(url, direct, distribution.name)
    if direct.vcs is not None or _place(direct.url) != _place(text):
        return _elsewhere(direct, distribution.name)
    return None


def _another_version(version: str, distribution: InstalledDistribution) -> str | None:
    if allows(f"=={version}", distribution.version) is not False:
        return None
    name = one_line(distribution.name)
    return f"this is `{name}` {version}, {one_line(distribution.version)} is installed"


def _another_checkout(url: Url, direct: DirectUrl, name: str) -> str | None:
    control, _, rest = url.text.partition("+")
    if direct.vcs != control:
        return _elsewhere(direct, name)
    address, revision = _split_revision(rest)
    if _place(address) != _place(direct.url):
        return _elsewhere(direct, name)
    if revision is None or not _is_another_revision(revision, direct):
        return None
    there = direct.requested_revision or direct.commit or ""
    return f"`{one_line(name)}` was installed from `{one_line(there)}`, this asks for `{revision}`"


def _is_another_revision(asked: str, direct: DirectUrl) -> bool:
    if asked == direct.requested_revision:
        return False
    commit = (direct.commit or "").lower()
    if _COMMIT.fullmatch(asked.lower()):
        return bool(commit) and not commit.startswith(asked.lower())
    installed = direct.requested_revision
    # A name against a commit, or against nothing: the one may well be the other.
    return installed is not None and not _COMMIT.fullmatch(installed.lower())


def _another_folder(url: Url, direct: DirectUrl, name: str) -> str | None:
    if not url.path.startswith("/"):
        return None
    there = direct.directory
    if there is None and direct.vcs is None and direct.url.startswith("file:"):
        try:
            there_text = parse_url(direct.url).path
        except InvalidUrl:
            return None
    elif there is None:
        return _elsewhere(direct, name)
    else:
        there_text = os.fspath(there)
    if os.path.normpath(there_text) == os.path.normpath(url.path):
        return None
    return _elsewhere(direct, name)


def _elsewhere(direct: DirectUrl, name: str) -> str:
    place = _place(direct.url)
    shown = f"{place.host}/{place.path}" if place.host else f"/{place.path}"
    return f"`{one_line(name)}` was installed from {one_line(shown)}, not from this URL"


class _Place(NamedTuple):
    host: str
    path: str


def _place(url: str) -> _Place:
    """Return what of *url* says which thing it leads to."""
    from urllib.parse import unquote, urlsplit

    try:
        split = urlsplit(url)
        host = split.hostname or ""
        path = split.path
    except ValueError:
        return _Place("", url.partition("://")[2].rpartition("@")[2])
    if not host:
        ssh = _SSH_PLACE.fullmatch(url)
        if ssh is not None:
            host, path = ssh["host"].lower(), ssh["path"]
    return _Place(host, unquote(path).strip("/").removesuffix(".git").rstrip("/"))


def _split_revision(address: str) -> tuple[str, str | None]:
    """Return the address of a repository and the revision behind its last ``@``, as pip does."""
    address = address.partition("#")[0]
    start = address.find("/", address.find("://") + 3)
    base, at, revision = address[start:].rpartition("@")
    if start < 0 or not at:
        return address, None
    return address[:start] + base, revision or None
