"""Globs as Git reads them in a .gitignore file, made safe to match with.

Owns their translation, by pathspec, and the limits on them. Knows nothing of where they come from.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

_LONGEST_GLOB = 1_000
_MOST_DOUBLE_STARS = 3


class BadGlob(ValueError):
    """A glob that no path can be matched with, or not in reasonable time."""


def translate_glob(glob: str) -> tuple[str, bool] | None:
    """Return *glob*, a line of a .gitignore file, as a regular expression to search a path with.

    The second is false where the line begins with ``!``. ``None`` where Git matches nothing with
    it: a blank, a comment, an unclosed bracket. A folder's path ends in a slash. A path matches
    too where one of the folders that it is in does.

    pathspec turns ``*a*b*c`` into an expression that tries every way to share out a name among the
    stars, which takes forever on a name made for it, and both may come with a repository that
    somebody just wants to look at. A star may stop at the first place where what follows it fits,
    up to the last star of a segment, so those are made atomic (by a lookahead, since Python 3.10
    has no atomic groups).

    Raises:
        BadGlob: no path can be matched with it, or not in reasonable time.
    """
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

    if len(glob) > _LONGEST_GLOB or glob.count("**") > _MOST_DOUBLE_STARS:
        raise BadGlob(
            f"{shown(glob)} is too complex a glob;"
            f" at most {_LONGEST_GLOB:,} characters and {_MOST_DOUBLE_STARS} `**` may stand in one"
        )
    try:
        regex, include = GitIgnoreSpecPattern.pattern_to_regex(glob)
        if regex is None or include is None:
            return None
        regex = _with_atomic_stars(regex)
        re.compile(regex)
    except (ValueError, re.error, RecursionError, OverflowError) as error:
        raise BadGlob(f"{shown(glob)} is not a glob") from error
    return regex, include


# All rules ask about the same few globs and the same file, one after the other.
@lru_cache(maxsize=1024)
def matches_glob(glob: str, relative: str) -> bool:
    """Return whether *glob* matches the path *relative*, which a folder's ends in a slash."""
    return compiled_globs((glob,)).match_file(relative)


@lru_cache(maxsize=256)
def compiled_globs(globs: tuple[str, ...]) -> GitIgnoreSpec:
    """Return *globs*, later ones winning over earlier, ready to match; kept."""
    from pathspec import GitIgnoreSpec
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

    return GitIgnoreSpec(
        [
            GitIgnoreSpecPattern(re.compile(regex), include)
            for regex, include in filter(None, map(translate_glob, globs))
        ],
        # The other backends know no lookahead.
        backend="simple",
    )


_STARS = re.compile(r"(?:\[\^/\]\*)+")
_STAR_BEFORE_STAR = re.compile(
    r"\[\^/\]\*"
    r"((?:\\.|\[\^/\](?!\*)|\[\^?\]?(?:\\.|[^\]\\])*\](?<!\[\^/\])|[^\\/\[()|?*+^$])+)"
    r"(?=\[\^/\]\*)",
    re.DOTALL,
)


def _with_atomic_stars(regex: str) -> str:
    count = 0

    def atomic(match: re.Match[str]) -> str:
        nonlocal count
        count += 1
        return f"(?=(?P<star{count}>[^/]*?{match[1]}))(?P=star{count})"

    return _STAR_BEFORE_STAR.sub(atomic, _STARS.sub("[^/]*", regex))


def shown(name: str) -> str:
    """Return foreign text as it may stand in a message: bounded, and on one line."""
    short = name if len(name) <= 60 else f"{name[:60]}…"
    return f"`{''.join(c if c.isprintable() else '�' for c in short)}`"
