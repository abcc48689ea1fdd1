"""Why an installer failed, read from what it wrote: a kind, a sentence, what can be done about it.

Owns the one place where text that is written for people is taken apart, for uv and pip say no more
than that and an exit status. Each sign was read from real output of pip 22.3, 24.0 and 26.3 and of
uv 0.5 and 0.13.9; what none of them fits is unknown, and never guessed. Refuses to know which
requirement lines are meant: it gives the requirements as the installer wrote them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion

from pinfold.core.environments.installers.credentials import advice
from pinfold.core.formats.secrets import masked
from pinfold.core.model.dependency import PackageName
from pinfold.core.model.plan import Asker, Failure, FailureKind
from pinfold.core.process import Ending

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from pinfold.core.process import Completed

MAX_CHARACTERS = 512 * 1024
"""Of the end of each stream; what went wrong stands there."""

_K = FailureKind


@dataclass(frozen=True, slots=True)
class _Sign:
    """What is to be found in the text, and what that means.

    In `cause` and `action`, ``{name}`` stands for the group of that name, and the group `package`
    is the project at fault. `pattern` is compiled when something has failed, not at each start.
    """

    kind: FailureKind
    pattern: str
    cause: str
    action: str | None = None


_TAMPERED = (
    "Try again, for the download may have been cut off; if it stays so, update the hashes only if"
    " the release is known to have been replaced"
)
_OTHER_PYTHON = "Choose another version of {package}, or an environment with another Python"

# Bounded, and only where a word begins: a build can print what it likes, and a lot of it.
_NAME = r"(?<![A-Za-z0-9._-])(?P<package>[A-Za-z0-9](?:[A-Za-z0-9._-]{0,200}[A-Za-z0-9])?)"

_NOT_RESOLVED = (
    "Temporary failure in name resolution|Name or service not known|getaddrinfo failed"
    "|nodename nor servname"
)

# In the order of what counts: an index that wants a password also makes it look as if there were no
# such package, and a full disk makes a build fail.
_SIGNS: tuple[_Sign, ...] = (
    _Sign(
        _K.DISK_FULL,
        r"No space left on device|os error 28\b|There is not enough space on the disk",
        "the disk is full",
        "Make room, then try again",
    ),
    _Sign(
        _K.EXTERNALLY_MANAGED,
        r"externally-managed-environment|is externally managed",
        "this Python belongs to the system's package manager",
        "Create an environment and install there",
    ),
    _Sign(
        _K.NO_ENSUREPIP,
        r"ensurepip is not available|No module named '?ensurepip",
        "this Python was installed without ensurepip, so its environments get no pip",
        "Install the system's package for it (on Debian and Ubuntu: apt install python3-venv)",
    ),
    _Sign(
        _K.HASH_MISMATCH,
        r"all requirements must have their versions pinned with ==\. These do not: " + _NAME,
        "hashes are demanded of all requirements, and {package} is not pinned to one version",
        "Pin {package}, with its hashes",
    ),
    _Sign(
        _K.HASH_MISMATCH,
        r"Hashes are required in --require-hashes mode, but they are missing from some"
        r"|requirement must have (?:its|a) hash",
        "hashes are demanded of all requirements, and some have none",
        "Add the hashes that are missing",
    ),
    _Sign(
        _K.HASH_MISMATCH,
        r"(?:no trusted hash was provided for|must be pinned upfront with `==`, but found): `"
        + _NAME,
        "hashes are demanded of all requirements, and {package} is not pinned or has none",
        "Pin {package}, with its hashes",
    ),
    _Sign(
        _K.HASH_MISMATCH,
        r"someone may have tampered with them\. (?:unknown package|" + _NAME + r")",
        "what was downloaded for {package} has another hash than it should have",
        _TAMPERED,
    ),
    _Sign(
        _K.HASH_MISMATCH,
        r"Hash mismatch for `" + _NAME,
        "what was downloaded for {package} has another hash than it should have",
        _TAMPERED,
    ),
    _Sign(
        _K.NO_COMPILER,
        r"error: command '[^']+' failed: (?:No such file|None|Permission)|unable to execute '"
        r"|Microsoft Visual C\+\+ [0-9.]+ or greater is required"
        r"|(?:cargo|rustc), the Rust [a-z ]+, is not installed"
        r"|CMake must be installed|Unknown compiler\(s\)",
        "{package} has to be built here, and there is no compiler for it",
        "Install a compiler (on Debian and Ubuntu: apt install build-essential), or choose a"
        " version that has a wheel",
    ),
    _Sign(
        _K.MISSING_HEADER,
        r"fatal error: '?(?P<header>[^\s':]+\.(?:h|hpp|hh))'?(?:: No such file| file not found)"
        r"|Cannot open include file: '(?P<header2>[^']+)'",
        "{package} has to be built here, and the header {header} is missing",
        "Install the development package of the library that has {header}, or choose a version"
        " that has a wheel",
    ),
    _Sign(
        _K.BUILD_FAILED,
        r"install (?:overlapped )?build dependencies did not run successfully"
        r"|Failed to (?:resolve|install) requirements from `(?:build-system\.requires|setup\.py)",
        "what {package} needs to be built cannot be installed",
        "See which indexes are used; the log has what was missing",
    ),
    _Sign(
        _K.BUILD_FAILED,
        r"metadata-generation-failed|subprocess-exited-with-error|failed-wheel-build-for-install"
        r"|Failed building wheel for|The build backend returned an error|Build backend failed"
        r"|Failed to build `|Could not build wheels for",
        "{package} could not be built",
        "The log has what its build said; a version that has a wheel needs no build",
    ),
    _Sign(
        _K.BROKEN_WHEEL,
        r"Wheel '"
        + _NAME
        + r"' located at \S+ is invalid|"
        + r"(?<![A-Za-z0-9._-])(?P<package2>[A-Za-z0-9._-]{1,200}) has"
        r" an invalid wheel|Invalid wheel filename|The wheel is invalid"
        r"|[Cc]orrupt(?:ed)? (?:zip|wheel)|invalid Zip archive|Bad magic number"
        r"|[Uu]nable to locate the end of central directory record"
        r"|missing \S*(?:RECORD|WHEEL|METADATA)"
        r"|(?:RECORD|WHEEL|METADATA) file (?:not found|is missing)"
        r"|No .?dist-info.? directory found|failed to open file `[^`]*/(?:RECORD|WHEEL|METADATA)`"
        r"|The structure of `(?P<package3>[A-Za-z0-9._-]+)` \([^)]*\) was invalid",
        "the wheel of {package} is damaged",
        "Clear the installer's cache and try again; if it stays so, choose another version",
    ),
    _Sign(
        _K.DENIED,
        r"Permission denied|os error 13\b|Access is denied|\[WinError 5\]"
        r"|Read-only file system|Operation not permitted",
        "a file may not be written",
        "See who owns the environment; never install with sudo into one of your own",
    ),
    _Sign(
        _K.PROXY,
        r"\b407\b|Proxy Authentication Required|ProxyError|Cannot connect to proxy"
        r"|Tunnel connection failed|proxy connect",
        "the proxy does not let the request through, or cannot be reached",
        "Check the proxy that is set up (HTTPS_PROXY, or proxy in pip's configuration)",
    ),
    _Sign(
        _K.FORBIDDEN,
        r"\b403\b (?:Client )?[Ee]rror|403 Forbidden|status code 403",
        "the index refuses to give the package to this user",
        "Ask whoever runs the index for access, for those whose credentials are used",
    ),
    _Sign(
        _K.UNAUTHORIZED,
        r"\b401\b (?:Client )?[Ee]rror|401 Unauthorized|status code 401"
        r"|lack of valid authentication credentials|Missing credentials for ",
        "the index wants a password and was given none, or a wrong one",
        "Put the credentials into netrc, a keyring or the index's address",
    ),
    _Sign(
        _K.CERTIFICATE,
        r"CERTIFICATE_VERIFY_FAILED|confirming the ssl certificate|invalid peer certificate"
        r"|certificate verify failed|UnknownIssuer|SSLError",
        "the certificate of the index cannot be verified",
        "Name the certificate of your authority: cert in pip's configuration, or SSL_CERT_FILE for"
        " uv",
    ),
    _Sign(
        _K.NO_NETWORK,
        r"incomplete-download|IncompleteRead|Connection broken|end of file before message length"
        r"|connection closed before message completed|error decoding response body"
        r"|unexpected EOF during|failed to read .* unexpected end of file"
        r"|[Rr]equest or response body error|Connection interrupted",
        "the download was cut off",
        "Try again",
    ),
    _Sign(
        _K.NO_NETWORK,
        r"Failed to resolve (?:IP address for )?'(?P<host>[^'\s]{1,253})'"
        r"|host='(?P<host2>[^'\s]{1,253})', port=[0-9]+\): (?:(?!host=').){0,600}?(?:"
        + _NOT_RESOLVED
        + r")|for url \(https?://(?:[^/\s@)]{0,2000}@)?(?P<host3>[^/\s:@)]{1,253})[^\s)]{0,2000}\)"
        r" (?:cause|Caused by): client error \(Connect\) (?:cause|Caused by): dns error",
        "the name of the index cannot be looked up: {host}",
        "Check the network, and the address of the index",
    ),
    _Sign(
        _K.NO_NETWORK,
        _NOT_RESOLVED + "|dns error",
        "the name of the index cannot be looked up",
        "Check the network, and the address of the index",
    ),
    _Sign(
        _K.NO_NETWORK,
        r"NewConnectionError|Failed to establish a new connection|tcp connect error"
        r"|Connection refused|ConnectTimeoutError|Network is unreachable|Connection reset"
        r"|ReadTimeoutError|Read timed out|operation timed out|No route to host"
        r"|when the network is disabled|network was disabled",
        "the index cannot be reached",
        "Check the network, the proxy if there is one, and the address of the index",
    ),
    _Sign(
        _K.NO_NETWORK,
        r"\b5[0-9][0-9] Server Error|HTTP status server error \((?P<status>5[0-9][0-9])"
        r"|too many 5[0-9][0-9] error responses",
        "the index answers with an error of its own",
        "Try again later, or ask whoever runs the index",
    ),
    _Sign(
        _K.WRONG_PYTHON,
        r"Package '?"
        + _NAME
        + r"'? requires a different Python: (?P<have>\S+) not in '(?P<need>[^']+)'",
        "{package} needs Python {need}, and this is {have}",
        _OTHER_PYTHON,
    ),
    _Sign(
        _K.WRONG_PYTHON,
        _NAME + r"(?:[=<>!~][^\s]{0,200})? requires Python (?P<need>[=<>!~][^\s]*)",
        "{package} needs Python {need}",
        _OTHER_PYTHON,
    ),
    _Sign(
        _K.WRONG_PYTHON,
        r"the (?:current|requested) Python version \((?P<have>[^)]+)\) does not satisfy"
        r" Python(?P<need>[^\s]+) and " + _NAME,
        "{package} needs Python {need}, and this is {have}",
        _OTHER_PYTHON,
    ),
    _Sign(
        _K.WRONG_PYTHON,
        _NAME + r"(?:[=<>!~][^\s]{0,200})? has no wheels with a matching Python"
        r"|only found wheels for `" + _NAME.replace("package", "package2"),
        "{package} has no wheel that fits this Python, and nothing to build one from",
        _OTHER_PYTHON,
    ),
    _Sign(
        _K.WRONG_PYTHON,
        _NAME + r"(?:[=<>!~][^\s]{0,200})? has no wheels with a matching (?:platform|Python ABI)",
        "{package} has no wheel that fits this system, and nothing to build one from",
        "Choose another version of {package}",
    ),
    _Sign(
        _K.WRONG_PYTHON,
        r"Python (?P<have>[0-9.]+) is not supported\. Please use Python (?P<need>[0-9.]+) or newer",
        "Python {have} is too old for this installer, which needs {need}",
        "Choose an environment with another Python",
    ),
)

_CLOSER = re.compile(r"\(from versions: none\)")


def explain(completed: Completed) -> Failure:
    """Return why a run of pip, uv or venv has failed."""
    if completed.ending is Ending.CANCELLED:
        return Failure(_K.CANCELLED, "it was cancelled")
    if completed.ending is Ending.TIMED_OUT:
        return Failure(_K.TIMED_OUT, "it took too long, and was ended", "Try again")
    raw = "".join(
        stream.decode("utf-8", "replace")[-MAX_CHARACTERS:] + "\n"
        for stream in (completed.output, completed.errors)
    )
    text = _flowing(raw)
    for sign in _SIGNS:
        match = re.search(sign.pattern, text)
        if match is not None:
            return _failure(sign, match, text)
    return (
        _conflict(raw, text)
        or _nothing_found(text)
        or Failure(_K.UNKNOWN, _last_words(completed), "The log has everything that was said")
    )


def with_advice(failure: Failure, installer: str) -> Failure:
    """Return a failure with what helps, where an index wants credentials, for ``uv`` or ``pip``."""
    if failure.kind is _K.UNAUTHORIZED:
        return replace(failure, action=advice(installer, other=False))
    if failure.kind is _K.FORBIDDEN:
        # They may be known, and be those of somebody who may not have it.
        return replace(failure, action=f"{failure.action}. {advice(installer, other=True)}")
    return failure


def needs_closer_look(completed: Completed) -> bool:
    """Return whether pip has found nothing, or no way, without saying why.

    Where an index refuses to answer or cannot be reached, pip tells no more than that it has found
    no version, unless it is asked to be talkative. In a quiet run it says neither which
    requirements are in conflict nor what it was that could not be built.
    """
    if completed.ending is not Ending.EXITED:
        return False
    text = completed.errors.decode("utf-8", "replace")
    if _CLOSER.search(text) is not None:
        return True
    said = completed.output.decode("utf-8", "replace") + text
    if "have conflicting dependencies" in text:
        return _CAUSED.search(said) is None
    return "subprocess-exited-with-error" in text and _built_package(_flowing(said)) is None


# Older uv draws its errors, and breaks them to the width of a terminal; pip draws a frame around
# what a build says.
_FRAME = re.compile(r"(?:\s|[│├╰╭┌└─▶×]+>?)+")


def _flowing(raw: str) -> str:
    """Return the text as one line, without what is drawn."""
    return _FRAME.sub(" ", masked(raw))


def _failure(sign: _Sign, match: re.Match[str], text: str) -> Failure:
    groups = {
        name.rstrip("0123456789"): value
        for name, value in match.groupdict().items()
        if value is not None
    }
    package = groups.get("package") or _built_package(text)
    values = {"package": package or "a package", **groups}
    return Failure(
        sign.kind,
        sign.cause.format_map(_Known(values)),
        None if sign.action is None else sign.action.format_map(_Known(values)),
        (_key(package),) if package and "{package}" in sign.cause else (),
    )


class _Known(dict[str, str]):
    """Stands in for what a sign did not find."""

    def __missing__(self, key: str) -> str:
        return {"header": "that it needs", "have": "another", "need": "another"}.get(key, "it")


_BUILT = re.compile(
    r"""
      Failed\ to\ (?:build|download\ and\ build)\ `(?P<uv>[A-Za-z0-9][A-Za-z0-9._-]*)
    | Failed\ to\ build\ (?:installable\ wheels\ .{0,80}?\ projects\ )?
      \(?(?P<old>[A-Za-z0-9][\w.-]{0,200})\)?
    | Failed\ building\ wheel\ for\ (?P<pip>[A-Za-z0-9][A-Za-z0-9._-]*)
    | Encountered\ error\ while\ generating\ package\ metadata\.\ (?:from\ )?(?P<metadata>\S+)
    | Failed\ to\ (?:install|read|fetch|unzip\ wheel|download):?\ `?(?P<wheel>[A-Za-z0-9._-]+?)
      (?:[-=@`\ ]|\.whl)
    """,
    re.VERBOSE,
)


# What pip has taken up last, for older ones do not say what they failed to build.
_COLLECTED = re.compile(r"(?<![^ ])Collecting (?P<name>[A-Za-z0-9][A-Za-z0-9._-]{0,200})")
_NO_NAMES = frozenset({"installable", "http", "https", "See"})


def _built_package(text: str) -> str | None:
    """Return the project that was worked on when it failed."""
    for match in (*_BUILT.finditer(text), *reversed([*_COLLECTED.finditer(text)])):
        name = next(value for value in match.groups() if value is not None)
        if "://" not in name and "/" not in name and name not in _NO_NAMES:
            return name
    return None


def _key(name: str) -> PackageName:
    return PackageName(canonicalize_name(name))


_CAUSED = re.compile(r"The conflict is caused by:\n(?P<lines>(?:[ \t]+\S[^\n]*\n)+)")
_PIP_LINE = re.compile(
    r"""
    ^[\ \t]{1,20} (?: (?P<user>The\ user\ requested)\ (?:\(constraint\)\ )?(?P<asked>\S.*)
           | (?P<name>\S+)\ (?P<version>\S+)\ depends\ on\ (?P<needs>\S.*)
         )$
    """,
    re.VERBOSE | re.MULTILINE,
)
# `shop==1.0 depends on money>=2`, `shop>=1.0,<=2.0 depends on one of: …`.
_UV_DEPENDS = re.compile(
    r"(?<![\w.=<>!~-])(?P<name>[A-Za-z0-9][A-Za-z0-9._-]{0,200})"
    r"(?:\[[^\]\s]{0,200}\])?"
    r"(?:[=<>!~][^\s]{0,200})?"
    r" depends? on (?P<needs>[A-Za-z0-9][^\s]*?)(?=,? (?:and|we|or|which)\b|[,.]?(?: |$))"
)
_UV_ASKS = re.compile(
    r"(?<!conclude that )(?:you require|your project (?:depends on|requires)) (?P<needs>\S+?)"
    r"(?=[,.]?(?: |$))"
)
_UV_ALSO = re.compile(r"you require \S+ and (?P<needs>[A-Za-z0-9][^\s,]*)(?=,? we can conclude)")
_DEPENDS = re.compile(r" depends? on ")
_UNSATISFIABLE = re.compile(r"unsatisfiable|are incompatible|cannot be used")


def _conflict(raw: str, text: str) -> Failure | None:
    """Return which requirements cannot be met together."""
    caused = _CAUSED.search(raw)
    if caused is not None:
        askers = tuple(_pip_askers(caused["lines"]))
    elif "have conflicting dependencies" in text:
        askers = ()
    elif (
        _UNSATISFIABLE.search(text)
        and (_DEPENDS.search(text) or _UV_ALSO.search(text))
        and not _NONE_OF.search(text)
    ):
        askers = tuple(dict.fromkeys(_uv_askers(text)))
    else:
        return None
    if not askers:
        return Failure(_K.CONFLICT, "the requirements cannot be met together")
    return conflict_between(askers)


def conflict_between(askers: Sequence[Asker], own: Collection[Asker] = ()) -> Failure:
    """Return that *askers* cannot be met together; *own* of them nobody has asked for.

    They are what an upgrade keeps to, and are at fault as little as they can be loosened.
    """
    packages = dict.fromkeys(
        name
        for asker in askers
        for name in (asker.package, _name_in(asker.text))
        if name is not None
    )
    # That `shop` was asked for says nothing once it is said what `shop` needs.
    through = {asker.package for asker in askers}
    telling = [
        asker
        for asker in askers
        if asker.package is not None or _name_in(asker.text) not in through
    ]
    said = ", ".join(
        f"{_sentence(asker)} (as is installed)" if asker in own else _sentence(asker)
        for asker in (telling or askers)[:_MOST_ASKERS]
        # That an upgrade names a project without a version asks for nothing.
        if asker not in own or _name_in(asker.text) != asker.text
    )
    return Failure(
        _K.CONFLICT,
        f"these requirements cannot be met together: {said}",
        "Loosen one of them",
        tuple(packages),
        tuple(asker for asker in askers if asker not in own),
    )


_MOST_ASKERS = 6


def _sentence(asker: Asker) -> str:
    return asker.text if asker.package is None else f"{asker.text} (from {asker.package})"


def _pip_askers(lines: str) -> Iterator[Asker]:
    for match in _PIP_LINE.finditer(lines):
        if match["user"]:
            yield Asker(match["asked"].strip())
        else:
            yield Asker(match["needs"].strip(), package=_key(match["name"]))


def _uv_askers(text: str) -> Iterator[Asker]:
    for match in _UV_DEPENDS.finditer(text):
        # `Python` is no project: uv speaks so of Requires-Python.
        if not match["needs"].startswith("Python"):
            yield Asker(match["needs"], package=_key(match["name"]))
    for pattern in (_UV_ASKS, _UV_ALSO):
        for match in pattern.finditer(text):
            yield Asker(match["needs"])


def _name_in(text: str) -> PackageName | None:
    try:
        return _key(Requirement(text).name)
    except InvalidRequirement:
        return None


_NONE_OF = re.compile(
    r"(?<![\w.-])(?P<name>[A-Za-z0-9][\w.-]{0,200}) was not found in the"
    r" (?:package registry|provided package|cache)"
)
_NO_VERSION = re.compile(
    r"""
      there\ (?:is|are)\ no\ versions?\ of\ (?P<uv>[A-Za-z0-9][\w.-]*)(?P<specifier>[=<>!~]\S*)?
    | only\ (?P<only>[A-Za-z0-9][\w.-]*)\S*\ is\ available
    | satisfies\ the\ requirement\ (?P<pip>[A-Za-z0-9][\w.-]*)\S*.{0,400}?
      \(from\ versions:\ (?P<versions>[^)]*)\)
    """,
    re.VERBOSE,
)


def _nothing_found(text: str) -> Failure | None:
    """Return which project, or which version of it, there is not."""
    match = _NONE_OF.search(text)
    if match is not None:
        return _no_package(match["name"])
    match = _NO_VERSION.search(text)
    if match is None:
        return None
    name = match["uv"] or match["only"] or match["pip"]
    python = _ignored_for_python(text)
    if python is not None:
        return python
    if match["pip"] and match["versions"].strip() == "none":
        if _NO_TAG in text:
            return _other_python(
                name,
                f"{name} has no wheel that fits this Python or system, and nothing to build one"
                " from",
            )
        return _no_package(name)
    offered = [version.strip() for version in (match["versions"] or "").split(",") if version]
    newest = f"; the newest is {offered[-1]}" if offered else ""
    return Failure(
        _K.NO_SUCH_VERSION,
        f"no version of {name} is what is asked for{newest}",
        "Ask for a version that there is",
        (_key(name),),
    )


_IGNORED = "Ignored the following versions that require a different python version: "
_IGNORED_FOR = re.compile(
    r" ERROR: Could not find a version that satisfies the requirement (?P<asked>\S+)"
)


def _ignored_for_python(text: str) -> Failure | None:
    """Return that what is asked for is there, but for other Pythons."""
    before, is_told, rest = text.rpartition(_IGNORED)
    del before
    match = _IGNORED_FOR.search(rest) if is_told else None
    if match is None:
        return None
    try:
        requirement = Requirement(match["asked"])
        for ignored in rest[: match.start()].split(";"):
            version, _, need = ignored.strip().partition(" Requires-Python ")
            if requirement.specifier.contains(version, prereleases=True):
                cause = f"{requirement.name} {version} needs Python {need}"
                return _other_python(requirement.name, cause)
    except (InvalidRequirement, InvalidVersion):
        pass
    return None


def _other_python(name: str, cause: str) -> Failure:
    return Failure(_K.WRONG_PYTHON, cause, _OTHER_PYTHON.format(package=name), (_key(name),))


_NO_TAG = "Skipping link: none of the wheel's tags"


def _no_package(name: str) -> Failure:
    return Failure(
        _K.NO_SUCH_PACKAGE,
        f"there is no package {name} on the indexes that are used",
        "Check the spelling, and which indexes are used",
        (_key(name),),
    )


_ERROR = re.compile(r"^[ \t]{0,20}(?:ERROR|error|Error): *(?P<said>\S.*)$", re.MULTILINE)


def _last_words(completed: Completed) -> str:
    """Return what the installer itself calls the error, else that it gave none."""
    text = masked(completed.errors.decode("utf-8", "replace")[-MAX_CHARACTERS:])
    match = _ERROR.search(text)
    if match is not None:
        said = match["said"].strip().rstrip(".")
        return said[:_LONGEST] + ("…" if len(said) > _LONGEST else "")
    status = completed.status
    return "the installer gave no reason" if status is None else f"it ended with status {status}"


_LONGEST = 300
