"""The versions that fixes pin to, as ``--versions`` names them.

Owns the reading of what ``pip freeze`` prints. Asks no environment and no index.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pinfold.core.files import locale_encoding
from pinfold.core.formats.document import Document
from pinfold.core.formats.encoding import Undecodable, decode_requirements
from pinfold.core.formats.entry import EntryKind
from pinfold.core.formats.summary import is_exact_pin, summary_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pinfold.core.model.dependency import PackageName


class NotVersionsError(Exception):
    """What was given is no list of ``name==version`` lines; the message says why."""


def parse_versions(data: bytes) -> Mapping[PackageName, str]:
    """Return the version of each package that *data*, a file of exact pins, names.

    A package with several versions (by marker) is left out: which one is meant is not known here.

    Raises:
        NotVersionsError: there are lines, and not one of them pins a package.
    """
    decoded = decode_requirements(data, locale_encoding())
    if isinstance(decoded, Undecodable):
        raise NotVersionsError(decoded.reason)
    found: dict[PackageName, set[str]] = {}
    refused = 0
    for line in Document.read(decoded.text).lines:
        entry = line.entry
        if entry is None:
            continue
        refused += entry.kind is EntryKind.ERROR
        name, specifier = summary_of(line).name, line.texts[2]
        if name is not None and specifier is not None and is_exact_pin(specifier):
            found.setdefault(name, set()).add(specifier.lstrip("= "))
    if refused and not found:
        raise NotVersionsError("not a list of `name==version` lines, as `pip freeze` prints")
    return {name: versions.pop() for name, versions in found.items() if len(versions) == 1}
