"""Where an installer takes packages from: what the user has set up, told to pip and to uv alike.

Owns the one answer to which indexes count: of pip's configuration, uv's own, requirements files
and the command line. pip reads its configuration by itself; uv does not, and gets it as variables,
which unlike options no other user of the machine sees. Refuses to expand variables and to ask any
index.

What counts for uv:

- If uv has been told of indexes itself (``UV_*``, ``uv.toml``, ``[tool.uv]``), those, as on the
  user's own command line; where pip's configuration names others, a note says so.
- Else what pip would use. pip takes the best version that any of its indexes has, so uv is told to
  (``unsafe-best-match``); its own way, the first index that has the project, would give other
  packages than pip.
- Everything else (certificate, proxy, timeout, constraints, ...) as pip has it, where uv has not
  been told by a variable of its own.
"""

from __future__ import annotations

import os
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from pinfold.core.environments.installers.credentials import read_netrc, with_credentials
from pinfold.core.environments.installers.index_options import (
    IndexOption,
    read_index_options,
    split_options,
)
from pinfold.core.environments.installers.installer import Sources
from pinfold.core.environments.installers.pip_configuration import (
    PipConfiguration,
    read_pip_configuration,
)
from pinfold.core.environments.installers.uv_configuration import read_uv_indexes
from pinfold.core.formats.secrets import masked
from pinfold.core.model.plan import IndexUse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pinfold.core.environments.installers.installer import Target, Wanted
    from pinfold.core.environments.places import Surroundings
    from pinfold.core.files import FileSystem

PIP_DEFAULTS = PipConfiguration({})

DEFAULT = IndexUse("the default index", "default")
"""The public one; its address is the installer's to know."""

# Where uv would rather be asked by an option, or has no equal.
_LOST = {
    "prefer-binary": "prefers older wheels to newer source archives",
    "client-key": "names a key for a client certificate",
    "use-deprecated": "asks for old behaviour of pip",
    "config-settings": "hands settings to build backends",
    "all-releases": "also considers pre-releases of some packages",
    "only-final": "considers no pre-releases of some packages",
    "uploaded-prior-to": "considers only what was uploaded before some time",
}


class SourceReader:
    """Reads anew for each question, since the files may have changed; a few small ones.

    *folder* is the one that the installer runs in.
    """

    def __init__(
        self, surroundings: Surroundings, filesystem: FileSystem, folder: Path | None = None
    ) -> None:
        self._surroundings = surroundings
        self._filesystem = filesystem
        self._folder = folder

    def for_pip(self, target: Target, wanted: Wanted) -> Sources:
        """Return where pip takes packages from; it is told only what it has to be kept from."""
        configuration = self._pip(target)
        typed, _ = split_options(wanted.extra_options)
        in_files = read_index_options((*wanted.files, *wanted.constraints), self._filesystem)
        effective = _Effective(configuration, typed)
        effective.heed_files(in_files)
        notes = list(configuration.problems)
        kept = []
        # Only what is planned may say where packages go; an empty value takes the option back.
        for name, option in (
            ("user", "--no-user"),
            ("target", "--target="),
            ("prefix", f"--prefix={target.prefix}"),
            ("root", "--root=/"),
        ):
            setting = configuration.get(name)
            if setting is not None and (name != "user" or configuration.is_on(name)):
                kept.append(option)
                notes.append(
                    f"pip's option {name}, which {setting.origin} sets, does not count here"
                )
        keyring = configuration.get("keyring-provider")
        has_keyring = keyring is not None and keyring.value in ("import", "subprocess")
        return Sources(
            self._with_credentials(effective.uses(), has_keyring=has_keyring),
            tuple(notes),
            MappingProxyType({}),
            (*wanted.extra_options, *kept),
        )

    def for_uv(self, target: Target, wanted: Wanted) -> Sources:
        """Return where uv takes packages from, and how it is told."""
        configuration = self._pip(target)
        typed, others = split_options(wanted.extra_options)
        in_files = read_index_options((*wanted.files, *wanted.constraints), self._filesystem)
        own = read_uv_indexes(self._folder, self._surroundings, self._filesystem)
        pips = _Effective(configuration, ())
        variables, options, notes = self._translated(configuration)
        if own:
            if typed:
                effective = _Effective(PIP_DEFAULTS, typed)
                variables.update(self._index_variables(effective, notes))
                options += ["--no-index"] if effective.no_index else []
                uses = effective.uses() if effective.is_default_set else own
                uses += tuple(use for use in effective.uses()[1:] if use not in uses)
                uses += tuple(use for use in own if use.is_extra and use not in uses)
            else:
                uses = _with_files(own, in_files)
            if pips.is_set and not _are_same(own, pips.uses()):
                origins = ", ".join(dict.fromkeys(use.origin for use in own))
                others_said = ", ".join(pips.origins())
                notes.append(
                    f"uv goes by {origins}; the indexes that pip is told of by {others_said} are"
                    " others, and do not count"
                )
            ignored = [option for option in in_files if option.name == "index-url"]
            if ignored and any(not use.is_extra for use in own):
                notes.append(
                    f"uv does not heed --index-url in {ignored[-1].origin}, since it has been told"
                    " of a default index"
                )
        else:
            effective = _Effective(configuration, typed)
            effective.heed_files(in_files)
            # uv reads those of the files by itself, with variables expanded.
            told = effective.without(in_files)
            variables.update(self._index_variables(told, notes))
            if told.no_index:
                options.append("--no-index")
            several = len(effective.uses()) > 1
            if several and self._surroundings.variable("UV_INDEX_STRATEGY") is None:
                variables["UV_INDEX_STRATEGY"] = "unsafe-best-match"
            uses = effective.uses()
        keyring = variables.get("UV_KEYRING_PROVIDER") or self._surroundings.variable(
            "UV_KEYRING_PROVIDER"
        )
        return Sources(
            self._with_credentials(uses, has_keyring=keyring == "subprocess"),
            (*configuration.problems, *notes),
            MappingProxyType(variables),
            (*others, *options),
        )

    def _with_credentials(
        self, uses: Iterable[IndexUse], *, has_keyring: bool
    ) -> tuple[IndexUse, ...]:
        netrc = read_netrc(self._surroundings, self._filesystem)
        return with_credentials(uses, netrc, has_keyring=has_keyring)

    def _pip(self, target: Target) -> PipConfiguration:
        return read_pip_configuration(target.prefix, self._surroundings, self._filesystem)

    def _index_variables(self, effective: _Effective, notes: list[str]) -> dict[str, str]:
        variables = {}
        if effective.default is not None:
            variables["UV_DEFAULT_INDEX"] = effective.default.value
        if effective.extras:
            variables["UV_INDEX"] = " ".join(option.value for option in effective.extras)
        links = []
        for option in effective.links:
            place = self._place(option.value)
            if "://" not in place and not self._filesystem.exists(self._absolute(place)):
                # pip passes it over with a warning, uv would fail.
                notes.append(f"{place}, which {option.origin} names for archives, does not exist")
            else:
                links.append(place)
        if links:
            variables["UV_FIND_LINKS"] = ",".join(links)
        return variables

    def _place(self, text: str) -> str:
        home = self._surroundings.home
        return home + text[1:] if home is not None and text.startswith("~/") else text

    def _absolute(self, text: str) -> Path:
        return Path(text) if self._folder is None else self._folder / text

    def _translated(
        self, configuration: PipConfiguration
    ) -> tuple[dict[str, str], list[str], list[str]]:
        """Return variables, options and notes for what is not about indexes."""
        variables: dict[str, str] = {}
        for name, variable in (
            ("cert", "SSL_CERT_FILE"),
            ("client-cert", "SSL_CLIENT_CERT"),
            ("timeout", "UV_HTTP_TIMEOUT"),
            ("retries", "UV_HTTP_RETRIES"),
        ):
            setting = configuration.get(name)
            if setting is not None and self._surroundings.variable(variable) is None:
                variables[variable] = self._place(setting.value)
        proxy = configuration.get("proxy")
        if proxy is not None:
            # Those that uv reads are everybody's; pip's own counts for pip before them.
            variables.update(dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), proxy.value))
        hosts = " ".join(word for word, _ in configuration.words("trusted-host"))
        if hosts and self._surroundings.variable("UV_INSECURE_HOST") is None:
            variables["UV_INSECURE_HOST"] = hosts
        if configuration.is_on("pre") and self._surroundings.variable("UV_PRERELEASE") is None:
            variables["UV_PRERELEASE"] = "allow"
        notes = [
            f"uv has nothing like pip's option {name}, which {setting.origin} sets: it {what}"
            for name, what in _LOST.items()
            if (setting := configuration.get(name)) is not None
        ]
        keyring = configuration.get("keyring-provider")
        if keyring is not None and self._surroundings.variable("UV_KEYRING_PROVIDER") is None:
            if keyring.value == "subprocess":
                variables["UV_KEYRING_PROVIDER"] = "subprocess"
            elif keyring.value == "import":
                notes.append(
                    "uv asks the program keyring alone for credentials, not the module that"
                    f" {keyring.origin} asks for"
                )
        return variables, self._options(configuration), notes

    def _options(self, configuration: PipConfiguration) -> list[str]:
        options = []
        for name in ("no-binary", "only-binary"):
            setting = configuration.get(name)
            names = [] if setting is None else setting.value.split(",")
            for package in _after_none(names):
                options += [f"--{name}", package]
        for constraint, _ in configuration.words("constraint"):
            options += ["-c", self._place(constraint)]
        if configuration.is_on("require-hashes"):
            options.append("--require-hashes")
        isolation = configuration.get("no-build-isolation")
        # The wrong way round, but so it is: `no-build-isolation = false` turns isolation off.
        if isolation is not None and not configuration.is_on("no-build-isolation"):
            options.append("--no-build-isolation")
        return options


def _after_none(names: list[str]) -> list[str]:
    """Return the names that count: ``:none:`` takes back all before it."""
    stripped = [name.strip() for name in names if name.strip()]
    while ":none:" in stripped:
        del stripped[: stripped.index(":none:") + 1]
    return stripped


class _Effective:
    """What pip ends up with: its configuration, then the command line, then files in their order.

    `default` is ``None`` for the public index. With `no_index` neither it nor `extras` count.
    """

    def __init__(self, configuration: PipConfiguration, typed: Iterable[IndexOption]) -> None:
        setting = configuration.get("index-url")
        self.default = (
            None if setting is None else IndexOption("index-url", setting.value, setting.origin)
        )
        self.extras = [
            IndexOption("extra-index-url", word, origin)
            for word, origin in configuration.words("extra-index-url")
        ]
        self.links = [
            IndexOption("find-links", word, origin)
            for word, origin in configuration.words("find-links")
        ]
        off = configuration.get("no-index") if configuration.is_on("no-index") else None
        self._off = None if off is None else IndexOption("no-index", "", off.origin)
        for option in typed:
            if option.name == "index-url":
                self.default = option
            elif option.name == "extra-index-url":
                self.extras.append(option)
            elif option.name == "find-links":
                self.links.append(option)
            else:
                self._off = option
        if self._off is not None:
            self.default = None
            self.extras = []

    @property
    def no_index(self) -> bool:
        """Whether only what `links` name counts."""
        return self._off is not None

    @property
    def is_default_set(self) -> bool:
        """Whether the public index was replaced, or ruled out."""
        return self.default is not None or self.no_index

    @property
    def is_set(self) -> bool:
        """Whether there is anything but pip's own default."""
        return bool(self.default or self.extras or self.links or self._off)

    def heed_files(self, options: Iterable[IndexOption]) -> None:
        """Change what lines of requirements files change, as pip's ``handle_option_line`` does."""
        for option in options:
            if option.name == "no-index":
                self._off, self.default, self.extras = option, None, []
            elif option.name == "index-url" and not self.no_index:
                # It takes the place of all that were known until then.
                self.default, self.extras = option, []
            elif option.name == "extra-index-url" and not self.no_index:
                self.extras.append(option)
            elif option.name == "find-links":
                self.links.append(option)

    def without(self, options: tuple[IndexOption, ...]) -> _Effective:
        """Return what counts and is not among *options*."""
        rest = _Effective(PIP_DEFAULTS, ())
        rest.default = None if self.default in options else self.default
        rest.extras = [extra for extra in self.extras if extra not in options]
        rest.links = [link for link in self.links if link not in options]
        rest._off = None if self._off in options else self._off
        return rest

    def uses(self) -> tuple[IndexUse, ...]:
        """Return what counts, for people."""
        uses = [
            IndexUse(masked(option.value), option.origin, is_extra=True)
            for option in (*self.extras, *self.links)
        ]
        if self.no_index:
            return tuple(uses)
        default = self.default
        first = DEFAULT if default is None else IndexUse(masked(default.value), default.origin)
        return (first, *uses)

    def origins(self) -> tuple[str, ...]:
        """Return who has said so, each once."""
        options = (self.default, *self.extras, *self.links, self._off)
        return tuple(dict.fromkeys(option.origin for option in options if option is not None))


def _with_files(
    own: tuple[IndexUse, ...], in_files: tuple[IndexOption, ...]
) -> tuple[IndexUse, ...]:
    """Return the indexes that uv goes by when it has its own and files name some."""
    uses = list(own)
    if all(use.is_extra for use in own):
        named = [option for option in in_files if option.name == "index-url"]
        default = IndexUse(masked(named[-1].value), named[-1].origin) if named else DEFAULT
        uses.insert(0, default)
    uses.extend(
        IndexUse(masked(option.value), option.origin, is_extra=True)
        for option in in_files
        if option.name in ("extra-index-url", "find-links")
    )
    return tuple(uses)


def _are_same(left: Iterable[IndexUse], right: Iterable[IndexUse]) -> bool:
    def comparable(uses: Iterable[IndexUse]) -> set[tuple[str, bool]]:
        return {(use.url.rstrip(os.sep), use.is_extra) for use in uses}

    return comparable(left) == comparable(right)
