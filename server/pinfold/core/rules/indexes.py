"""Rules on where packages come from, and on secrets that show."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pinfold.core.formats.entry import EntryKind
from pinfold.core.formats.summary import LineTrait
from pinfold.core.model.finding import Applicability, Edit, Finding, Fix, Severity
from pinfold.core.model.text import TextRange
from pinfold.core.rules.registry import Family, file_rule, line_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pinfold.core.formats.requirements import LogicalLine
    from pinfold.core.model.facts import Facts
    from pinfold.core.rules.view import FileView

_USERINFO = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<user>[^\s/@:?#'\"]*)(?::(?P<password>[^\s/@?#'\"]*))?@"
)
_VARIABLE_ONLY = re.compile(r"(?:\$\{[A-Z0-9_]+\})*")
_PLAIN_HTTP = re.compile(r"http://(?:[^\s/@]*@)?(?P<host>\[[^\]]*\]|[^\s/:?#]*)", re.IGNORECASE)
_LOOPBACK = re.compile(r"localhost|127(?:\.\d+){3}|\[::1\]", re.IGNORECASE)
_INDEX_OPTIONS = frozenset({"index-url", "extra-index-url", "find-links"})
_ORDINARY_USERS = frozenset({"", "git", "hg", "svn", "anonymous", "oauth2", "__token__"})


@line_rule(
    "credentials-in-url",
    Family.INDEX,
    default=Severity.WARNING,
    since="0.1",
    fix=Applicability.UNSAFE,
    reads_typical=frozenset({LineTrait.URL}),
)
def credentials_in_url(line: LogicalLine, _facts: Facts) -> Iterator[Finding]:
    """URL carries a password or a token.

    ## Why
    A dependency file is committed, mailed and printed in logs.
    pip takes credentials from a keyring, from `.netrc`, or from environment variables written as
    `${NAME}`.

    ## Example
    ```requirements
    --index-url https://deploy:s3cret@packages.example/simple
    ```
    Use instead:
    ```requirements
    --index-url https://${INDEX_USER}:${INDEX_PASSWORD}@packages.example/simple
    ```

    ## Fix safety
    Unsafe: the variables have to be set wherever the file is installed from.
    The secret should be revoked: it stays in the history of the repository.
    """
    if line.is_typical and line.texts[3] is None:
        return
    text = line.text
    if "@" not in text or "://" not in text:
        return
    end = len(text) if line.comment is None else line.comment.range.start
    for match in _USERINFO.finditer(text, 0, end):
        user, password = match["user"], match["password"]
        web = match["scheme"].lower().rpartition("+")[2] in ("http", "https", "ftp")
        secret = password if password is not None else (user if web else "")
        if not secret or _VARIABLE_ONLY.fullmatch(secret):
            continue
        if password is None and user.lower() in _ORDINARY_USERS:
            continue
        start = match.start("user")
        span = TextRange(start, match.end() - 1)
        replacement = "${INDEX_TOKEN}" if password is None else _placeholders(user)
        fix = Fix(
            "Take them from environment variables",
            (Edit(span, replacement),),
            Applicability.UNSAFE,
        )
        what = "a token" if password is None else "a password"
        yield Finding(span, f"the URL shows {what} to everyone who can read this file", (fix,))


@line_rule(
    "insecure-index",
    Family.INDEX,
    default=Severity.WARNING,
    since="0.1",
    fix=Applicability.UNSAFE,
)
def insecure_index(line: LogicalLine, _facts: Facts) -> Iterator[Finding]:
    """Packages are fetched without protection against tampering.

    ## Why
    Over plain HTTP, and from a host that `--trusted-host` excuses from a valid certificate, anyone
    on the way can replace a package, and pip runs what it gets.

    ## Example
    ```requirements
    --extra-index-url http://packages.example/simple
    ```
    Use instead:
    ```requirements
    --index-url https://packages.example/simple
    ```

    ## Fix safety
    Unsafe: the server may not speak HTTPS.
    """
    entry = line.entry
    if entry is None or entry.kind is not EntryKind.OPTION:
        return
    for option in entry.options:
        if option.value is None or not option.honoured:
            continue
        if option.name == "trusted-host":
            host = option.value.text
            if _LOOPBACK.match(host) is None:
                yield Finding(option.range, f"`{host}` is trusted without a valid certificate")
        elif option.name in _INDEX_OPTIONS:
            match = _PLAIN_HTTP.match(option.value.text)
            if match is None or _LOOPBACK.fullmatch(match["host"]):
                continue
            start = option.value.range.start
            edit = Edit(TextRange(start, start + len("http")), "https")
            fix = Fix("Use https", (edit,), Applicability.UNSAFE)
            yield Finding(
                option.value.range,
                f"`{match['host']}` is asked over plain HTTP: anyone on the way can replace "
                "what it sends",
                (fix,),
            )


@file_rule("index-confusion", Family.INDEX, default=Severity.WARNING, since="0.1")
def index_confusion(view: FileView) -> Iterator[Finding]:
    """Further index lets anyone publish under the name of a private package.

    ## Why
    The names of private packages get out, with logs and with published files, and whoever publishes
    one of them with a high version on a public index gets installed.
    pip looks a name up on every index and takes the highest version, whichever index it is on.
    Hashes on every requirement rule that out, and so does a single index that passes public
    packages on.

    ## Example
    ```requirements
    --extra-index-url https://packages.example/simple
    flask==3.1.0
    ```
    Use instead:
    ```requirements
    --index-url https://packages.example/simple
    flask==3.1.0
    ```
    """
    traits = view.document.traits
    if traits.get(LineTrait.HASHED) and not traits.get(LineTrait.UNHASHED):
        return
    for start, line in view.document.with_trait(LineTrait.OPTION):
        if line.entry is None or line.entry.honoured("no-index"):
            continue
        for option in line.entry.honoured("extra-index-url"):
            yield Finding(
                option.range.shifted(start),
                "pip takes the highest version of any index: a public package can take the place "
                "of a private one",
            )


def _placeholders(user: str) -> str:
    kept = user if _VARIABLE_ONLY.fullmatch(user) and user else "${INDEX_USER}"
    return f"{kept}:${{INDEX_PASSWORD}}"
