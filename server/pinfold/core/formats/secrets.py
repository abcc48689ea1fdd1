"""Credentials that stand in a file, kept out of what is shown and logged.

Owns the masking. Which of them deserve a finding is for a rule to say.
"""

from __future__ import annotations

import re


def masked(text: str) -> str:
    """Return *text* with the password, or the token, of each URL in it made asterisks.

    As many as there were characters, so that every offset stays. What comes from a variable stays:
    it is no secret.
    """
    return _USERINFO.sub(_masked, text) if "@" in text and "://" in text else text


# Bounded, so that a hostile line of nothing but "a" or "://" costs linear time.
_USERINFO = re.compile(
    r"""
    (?P<scheme>[A-Za-z]{0,16})://
    (?P<user>[^\s/@:?#'"]{0,2000})
    (?P<secret>:[^\s/@?#'"]{0,2000})?
    (?=@)
    """,
    re.VERBOSE,
)
_VARIABLES = re.compile(r"(?:\$\{[A-Z0-9_]+\})+")
_WEB = frozenset({"http", "https", "ftp"})
_NAMES = frozenset({"git", "hg", "svn", "anonymous", "oauth2"})


def _masked(match: re.Match[str]) -> str:
    scheme, user, secret = match["scheme"], match["user"], match["secret"]
    if secret is not None:
        return f"{scheme}://{user}:{_stars(secret[1:])}"
    is_token = scheme.lower() in _WEB and user not in _NAMES
    return f"{scheme}://{_stars(user) if is_token else user}"


def _stars(secret: str) -> str:
    return secret if _VARIABLES.fullmatch(secret) else "*" * len(secret)
