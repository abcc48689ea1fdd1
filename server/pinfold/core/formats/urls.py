"""URLs as pip's `Link` takes them apart.

Owns what counts as a URL, the ``egg`` fragment and archive names. Fetches nothing.
Read from pip 26.3: ``_internal/models/link.py``, ``_internal/vcs/versioncontrol.py`` and
``_internal/utils/filetypes.py``.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, replace

VERSION_CONTROL_SCHEMES: frozenset[str] = frozenset(
    {
        *("git+http", "git+https", "git+ssh", "git+git", "git+file"),
        *("hg+file", "hg+http", "hg+https", "hg+ssh", "hg+static-http"),
        *("bzr+http", "bzr+https", "bzr+ssh", "bzr+sftp", "bzr+ftp", "bzr+lp", "bzr+file"),
        *("svn+ssh", "svn+http", "svn+https", "svn+svn", "svn+file"),
    }
)

ARCHIVE_EXTENSIONS: frozenset[str] = frozenset(
    {
        *(".zip", ".whl", ".tar.bz2", ".tbz", ".tar.gz", ".tgz", ".tar"),
        *(".tar.xz", ".txz", ".tlz", ".tar.lz", ".tar.lzma"),
    }
)

_SCHEMES = frozenset({"http", "https", "file", "ftp"})
_EGG = re.compile(r"[#&]egg=([^&]*)")
# Both are pip's own. The first accepts the few letters outside ASCII that differ from one inside in
# nothing but case, such as the Kelvin sign; the second is what a requirement may be called.
_EGG_NAME = re.compile(r"([A-Z0-9]|[A-Z0-9][A-Z0-9._-]*[A-Z0-9])", re.IGNORECASE)
_PROJECT_NAME = re.compile(_EGG_NAME.pattern, re.IGNORECASE | re.ASCII)


class InvalidUrl(ValueError):
    """pip cannot take the text apart as a URL; the message says why."""


@dataclass(frozen=True, slots=True)
class Url:
    """A URL in the pieces that pip looks at.

    `text` is the whole; `path` is percent-decoded; `egg` is a project name.
    """

    text: str
    scheme: str
    host: str
    path: str
    egg: str | None

    @property
    def is_version_control(self) -> bool:
        """Whether one of pip's version-control back ends takes it."""
        return self.scheme in VERSION_CONTROL_SCHEMES

    @property
    def is_local(self) -> bool:
        """Whether it is a ``file:`` URL."""
        return self.scheme == "file"

    @property
    def filename(self) -> str:
        """The last segment of the path, else the host; ``.`` and ``..`` are none."""
        name = posixpath.basename(self.path.rstrip("/"))
        if name in ("", ".", ".."):
            name = posixpath.basename(self.host.rpartition("@")[2])
        return "" if name in (".", "..") else name

    @property
    def is_wheel(self) -> bool:
        """Whether the path ends in ``.whl``, in lower case: pip compares exactly."""
        return posixpath.splitext(posixpath.basename(self.path.rstrip("/")))[1] == ".whl"

    def made_absolute(self) -> Url:
        """Return the ``file:`` URL of just the path, as seen from some deep directory."""
        path = posixpath.normpath(posixpath.join("/a/b/c/d/e/f/g/h", self.path))
        return replace(self, text=f"file://{path}", host="", path=path, egg=None)


def is_url(text: str) -> bool:
    """Return whether pip takes *text* for a URL: by its scheme alone.

    Raises:
        InvalidUrl: it has a scheme, and cannot be split.
    """
    if ":" not in text and "[" not in text and "]" not in text and text.isascii():
        return False
    scheme = _split(text)[0]
    return scheme in _SCHEMES or scheme in VERSION_CONTROL_SCHEMES


def parse_url(text: str) -> Url:
    """Take *text* apart as pip's `Link` does.

    Raises:
        InvalidUrl: it cannot be split, or its ``egg`` fragment is no project name.
    """
    from urllib.parse import unquote

    scheme, host, path = _split(text)
    egg: str | None = None
    fragment = _EGG.search(text)
    if fragment is not None:
        egg = fragment.group(1)
        if _EGG_NAME.fullmatch(egg) is None:
            raise InvalidUrl(
                f"`egg={egg}` is no project name: write `name[extra] @ URL` instead of a fragment"
            )
    return Url(text, scheme, host, unquote(path), egg)


def is_project_name(text: str) -> bool:
    """Return whether *text* may stand as the name of a requirement."""
    return _PROJECT_NAME.fullmatch(text) is not None


def is_host(text: str) -> bool:
    """Return whether pip takes *text* for a host, or a host and a port."""
    from urllib.parse import urlsplit

    # An IPv6 address may come without its brackets.
    bare_ipv6 = text.count(":") >= 2 and "@" not in text and "[" not in text
    try:
        split = urlsplit(f"https://[{text}]" if bare_ipv6 else f"https://{text}")
        return bool(split.hostname) and (split.port is None or split.port >= 0)
    except ValueError:
        return False


def archive_extension(path: str) -> str | None:
    """Return the extension by which pip takes *path* for an archive, or ``None``."""
    base, extension = posixpath.splitext(path)
    if base.lower().endswith(".tar"):
        extension = base[-4:] + extension
    extension = extension.lower()
    return extension if extension in ARCHIVE_EXTENSIONS else None


def wheel_name_and_version(filename: str) -> tuple[str, str] | None:
    """Return project name and version of a wheel's file name, or ``None`` where it is not valid."""
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename

    try:
        name, version, _, _ = parse_wheel_filename(filename)
    except InvalidWheelFilename:
        return None
    # packaging lets a wheel be called `_`; pip then makes a requirement of the name, which is none.
    return (name, str(version)) if is_project_name(name) else None


def _split(text: str) -> tuple[str, str, str]:
    from urllib.parse import urlsplit

    try:
        split = urlsplit(text)
    except ValueError as error:
        message = str(error)
        raise InvalidUrl(f"not a URL: {message[:1].lower()}{message[1:]}") from error
    return split.scheme, split.netloc, split.path
