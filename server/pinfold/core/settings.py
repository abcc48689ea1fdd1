"""Every setting of a project, declared once: what changes findings, so that editor and CI agree.

Owns the settings' types, bounds and documentation, how ``[tool.pinfold]`` of pyproject.toml and
pinfold.toml are read, and which of them counts for a file. Refuses to know what a rule does, and to
open files other than through the port it is given.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, fields, replace
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol, cast

from pinfold.core.files import is_local_path
from pinfold.core.formats.globs import BadGlob, compiled_globs, matches_glob, shown, translate_glob
from pinfold.core.model.finding import Severity
from pinfold.core.model.text import TextRange

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Iterator, Mapping
    from pathlib import Path, PurePath

    from pinfold.core.formats.toml_source import TomlDocument, TomlPath

SETTINGS_FILE_NAMES = ("pinfold.toml", "pyproject.toml")
"""The files that may hold settings; where one folder has both, the first wins."""

MAX_SETTINGS_BYTES = 1024 * 1024


class Scope(Enum):
    """Where a setting is set."""

    PROJECT = "the project: `[tool.pinfold]` in `pyproject.toml`, or `pinfold.toml`"


class Kind(Enum):
    """What a setting's value is; the value is how a message and the reference call it."""

    RULES = "a list of rule names"
    SEVERITIES = "a table of rule names and severities"
    FILE_SEVERITIES = "a table of globs, each with a table of rule names and severities"
    GLOBS = "a list of globs"
    PATH = "a path"


@dataclass(frozen=True, slots=True)
class SettingDeclaration:
    """What validation and documentation know of one setting.

    `most` bounds the number of items or keys at each level. `default` is told to people.
    """

    name: str
    kind: Kind
    default: str
    most: int
    scope: Scope
    doc: str
    example: str


def setting(
    default: object, *, kind: Kind, shown: str, doc: str, example: str, most: int = 1_000
) -> Any:
    """Declare a field of :class:`ProjectSettings` that a settings file can set."""
    # `Any`, as dataclasses.field() is typed too: the field's annotation is what holds.
    metadata = {"kind": kind, "default": shown, "most": most, "doc": doc, "example": example}
    return field(default=cast(Any, default), metadata={"setting": metadata})


SeverityTable = tuple[tuple[str, Severity], ...]
"""Rule names and severities, in the order of the file."""


@dataclass(frozen=True, slots=True)
class ProjectSettings:
    """What one settings file says; everything it does not say has its default.

    `root` is the folder that globs are relative to. `source` is the file, ``None`` where the
    project has none. Hashable, so that matches are kept.
    """

    root: Path
    source: Path | None = None
    select: tuple[str, ...] | None = setting(
        None,
        kind=Kind.RULES,
        shown="all rules",
        doc="The rules that report. A rule that is off by default stays off until `severity` turns"
        " it on.",
        example='select = ["invalid-requirement", "unpinned"]',
    )
    ignore: tuple[str, ...] = setting(
        (),
        kind=Kind.RULES,
        shown="none",
        doc="Rules that never report. Wins over every other setting.",
        example='ignore = ["unpinned"]',
    )
    severity: SeverityTable = setting(
        (),
        kind=Kind.SEVERITIES,
        shown="each rule's own",
        doc="How much the findings of a rule matter: `error`, `warning`, `info`, `hint`, or `off`.",
        example='severity = { unpinned = "error", duplicate-requirement = "off" }',
    )
    per_file_severity: tuple[tuple[str, SeverityTable], ...] = setting(
        (),
        kind=Kind.FILE_SEVERITIES,
        shown="none",
        doc="Severities for the files that a glob matches; they win over `severity`. Where several"
        " globs match a file and name the same rule, the last one wins.",
        example='[tool.pinfold.per-file-severity."requirements/dev*.txt"]\nunpinned = "off"',
    )
    exclude: tuple[str, ...] = setting(
        (),
        kind=Kind.GLOBS,
        shown="none",
        doc="Files and folders that a search for dependency files passes over. A file that is named"
        " on the command line or opened in an editor is judged all the same.",
        example='exclude = ["tests/fixtures/", "vendored"]',
    )
    environment: str | None = setting(
        None,
        kind=Kind.PATH,
        shown="the nearest one; [Environments](environments.md) has the order",
        doc="The environment that files are judged against: its folder, or the interpreter in it."
        " Relative to the folder of the settings file; `~/` at the start is the home directory."
        " If there is none at that path, no other is taken in its place. `--env` wins over it.",
        example='environment = ".venvs/dev"',
        most=4_096,
    )

    @property
    def environment_path(self) -> Path | None:
        """The environment that files are judged against, absolute, if the settings name one."""
        if self.environment is None:
            return None
        # As text, for normpath.
        path = os.path.join(self.root, os.path.expanduser(self.environment))  # noqa: PTH111
        return self.root / os.path.normpath(path)

    def severity_of(self, rule: str, default: Severity, path: PurePath) -> Severity:
        """Return how much *rule* matters in the file at *path*; `OFF` where it does not report.

        *default* is what holds where the settings say nothing.
        """
        if rule in self.ignore or (self.select is not None and rule not in self.select):
            return Severity.OFF
        found = dict(self.severity).get(rule, default)
        if self.per_file_severity:
            relative = self._relative(path)
            for glob, severities in self.per_file_severity:
                table = dict(severities)
                if rule in table and relative and matches_glob(glob, relative):
                    found = table[rule]
        return found

    def excludes(self, path: PurePath | str) -> bool:
        """Return whether the file at *path*, or a folder that it is in, is excluded."""
        return bool(self.exclude) and self._excludes(path, "")

    def excludes_directory(self, path: PurePath | str) -> bool:
        """Return whether the folder at *path*, or one that it is in, is excluded."""
        return bool(self.exclude) and self._excludes(path, "/")

    def _excludes(self, path: PurePath | str, mark: str) -> bool:
        relative = self._relative(path)
        return bool(relative) and compiled_globs(self.exclude).match_file(f"{relative}{mark}")

    def _relative(self, path: PurePath | str) -> str | None:
        """Return *path* from the settings' folder, POSIX; ``None`` where it is not below."""
        # As strings, because PurePath.relative_to would double the time that a search takes.
        text, prefix = os.fspath(path), os.path.join(self.root, "")
        return text[len(prefix) :].replace(os.sep, "/") if text.startswith(prefix) else None


@dataclass(frozen=True, slots=True)
class SettingProblem:
    """Something in a settings file that was passed over, and what to do about it."""

    path: Path
    range: TextRange
    message: str


@dataclass(frozen=True, slots=True)
class FoundSettings:
    """The settings that count for a file, what is wrong with them, and the text that they are in.

    `text` is ``None`` where there is no settings file, or where it cannot be read.
    """

    settings: ProjectSettings
    problems: tuple[SettingProblem, ...] = ()
    text: str | None = None


def declared_settings() -> tuple[SettingDeclaration, ...]:
    """Return every setting, in the order of the reference."""
    return tuple(
        SettingDeclaration(
            name=declared.name.replace("_", "-"),
            scope=Scope.PROJECT,
            **declared.metadata["setting"],
        )
        for declared in fields(ProjectSettings)
        if "setting" in declared.metadata
    )


def parse_settings(
    text: str, path: Path, known_rules: Collection[str]
) -> tuple[ProjectSettings, tuple[SettingProblem, ...]]:
    """Read the settings in *text*, which is what the file at *path* holds.

    In a file named pyproject.toml they are the table ``[tool.pinfold]``, in any other the whole
    document. A setting that is wrong is passed over, item by item, and named with its place; all
    others count.
    """
    from pinfold.core.formats.toml_source import TomlDocument, TomlError, parse_toml

    settings = ProjectSettings(root=path.parent, source=path)
    match parse_toml(text):
        case TomlError(range, message):
            problem = f"not TOML, so that no setting counts: {message}"
            return settings, (SettingProblem(path, range, problem),)
        case TomlDocument() as document:
            reader = _Reader(document, path, known_rules)
            return reader.read(settings, _table_path(path)), tuple(reader.problems())


def has_settings(text: str, path: Path) -> bool:
    """Return whether *text* is a settings file: not every pyproject.toml speaks of Pinfold.

    One that mentions Pinfold but is no TOML counts, so that its error is told.
    """
    from pinfold.core.formats.toml_source import TomlError, parse_toml

    if path.name != "pyproject.toml":
        return True
    if "pinfold" not in text:
        return False
    document = parse_toml(text)
    if isinstance(document, TomlError):
        return _MENTION.search(text) is not None
    tool = document.content.get("tool")
    return isinstance(tool, dict) and "pinfold" in tool


class SettingsFiles(Protocol):
    """What this module asks of a file system; :mod:`pinfold.core.files` has it.

    Whatever `read_bytes` gives instead of bytes says why in an attribute `detail`.
    """

    def read_bytes(self, path: Path, limit: int) -> object:
        """Return the bytes of a file, or why there are none."""
        ...

    def identity(self, path: Path) -> Hashable | None:
        """Return what changes with the file, ``None`` where there is none."""
        ...


class SettingsCache:
    """What was found, so that a folder is looked at once and an unchanged file parsed once."""

    __slots__ = ("by_directory", "by_file")

    def __init__(self) -> None:
        self.by_directory: dict[Path, FoundSettings] = {}
        self.by_file: dict[Path, tuple[Hashable, frozenset[str], FoundSettings | None]] = {}

    def look_again(self) -> None:
        """Forget which folder has which settings; files whose identity stayed are not read."""
        self.by_directory.clear()


def find_settings(
    path: Path,
    root: Path,
    filesystem: SettingsFiles,
    known_rules: Collection[str],
    cache: SettingsCache | None = None,
) -> FoundSettings:
    """Return the settings for the file at *path*: the nearest settings file up to *root* wins.

    Both paths are absolute. A file outside of *root* is looked up in its own folder only. With a
    *cache*, nothing on disk is looked at twice until :meth:`SettingsCache.look_again`.
    """
    cache = cache or SettingsCache()
    passed: list[Path] = []
    found: FoundSettings | None = None
    for directory in _upwards(path.parent, root):
        found = cache.by_directory.get(directory)
        if found is not None:
            break
        passed.append(directory)
        found = _settings_in(directory, filesystem, frozenset(known_rules), cache)
        if found is not None:
            break
    if found is None:
        found = FoundSettings(ProjectSettings(root))
    cache.by_directory.update(dict.fromkeys(passed, found))
    return found


def settings_reference() -> str:
    """Return the reference of all settings in Markdown, one sentence a line."""
    return _REFERENCE_START + "".join(_reference(declared) for declared in declared_settings())


_REFERENCE_START = """\
# Settings

What changes findings is set in the project, so that editor and CI agree.
It stands in the table `[tool.pinfold]` of `pyproject.toml`, or in `pinfold.toml` without a table.
The nearest such file counts, looking from the judged file's folder upwards.
The search ends at the repository's root, or else at the folder that was started in.
Files are not merged.
Where a folder has both files, `pinfold.toml` wins.
A setting that is wrong is named with its line and passed over; everything else counts.

Globs are written as in a `.gitignore` file and are relative to the folder of the settings file.
A glob without a slash matches at any depth.
`*` does not cross a slash, `**` does.
A slash at the end matches folders only.
A folder that matches takes all that is in it along.
At most three `**` stand in one glob.
"""

_MENTION = re.compile(r"^\s*\[?\s*[\"']?tool[\"']?\s*\.\s*[\"']?pinfold\b", re.MULTILINE)

_MOST_PROBLEMS = 100


def _reference(declared: SettingDeclaration) -> str:
    doc = declared.doc.replace(". ", ".\n")
    table = "" if declared.example.startswith("[") else "[tool.pinfold]\n"
    unit = " characters" if declared.kind is Kind.PATH else ""
    return (
        f"\n## `{declared.name}`\n\n{doc}\n\n"
        f"- Type: {declared.kind.value}, at most {declared.most:,}{unit}\n"
        f"- Default: {declared.default}\n"
        f"- Set in {declared.scope.value}\n\n"
        f"```toml\n{table}{declared.example}\n```\n"
    )


def _table_path(path: Path) -> TomlPath:
    return ("tool", "pinfold") if path.name == "pyproject.toml" else ()


def _upwards(directory: Path, root: Path) -> Iterator[Path]:
    yield directory
    if directory == root or not directory.is_relative_to(root):
        return
    for parent in directory.parents:
        yield parent
        if parent == root:
            return


def _settings_in(
    directory: Path, filesystem: SettingsFiles, known_rules: frozenset[str], cache: SettingsCache
) -> FoundSettings | None:
    found = [
        settings
        for name in SETTINGS_FILE_NAMES
        if (settings := _read_settings(directory / name, filesystem, known_rules, cache))
    ]
    if len(found) < 2:
        return found[0] if found else None
    # Silence would leave somebody wondering why their settings do nothing.
    winner, loser = found
    assert loser.settings.source is not None
    shadowed = SettingProblem(
        loser.settings.source,
        TextRange(0, 0),
        f"the settings here do not count, because {SETTINGS_FILE_NAMES[0]} stands beside this file;"
        " keep one of the two",
    )
    return FoundSettings(winner.settings, (*winner.problems, shadowed), winner.text)


def _read_settings(
    path: Path, filesystem: SettingsFiles, known_rules: frozenset[str], cache: SettingsCache
) -> FoundSettings | None:
    """Return what the settings file at *path* says; ``None`` where there is none."""
    identity = filesystem.identity(path)
    if identity is None:
        return None
    known = cache.by_file.get(path)
    if known is not None and known[:2] == (identity, known_rules):
        return known[2]
    found = _parse_file(path, filesystem.read_bytes(path, MAX_SETTINGS_BYTES), known_rules)
    cache.by_file[path] = (identity, known_rules, found)
    return found


def _parse_file(path: Path, data: object, known_rules: frozenset[str]) -> FoundSettings | None:
    if not isinstance(data, bytes):
        detail = getattr(data, "detail", "cannot be read")
        if path.name == "pyproject.toml":
            # Nothing says that it would have spoken of Pinfold.
            return None
        return _unread(path, f"this settings file {detail}, so that no setting counts")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if b"pinfold" not in data and path.name == "pyproject.toml":
            return None
        byte = f"byte 0x{data[error.start]:02x} at offset {error.start}"
        return _unread(path, f"{byte} is not UTF-8, so that no setting counts; save it as UTF-8")
    if not has_settings(text, path):
        return None
    settings, problems = parse_settings(text, path, known_rules)
    return FoundSettings(settings, problems, text)


def _unread(path: Path, message: str) -> FoundSettings:
    settings = ProjectSettings(root=path.parent, source=path)
    return FoundSettings(settings, (SettingProblem(path, TextRange(0, 0), message),))


class _Reader:
    """One reading of a document: what is right of it, and the list of what is not."""

    def __init__(self, document: TomlDocument, path: Path, known_rules: Collection[str]) -> None:
        self._document = document
        self._path = path
        self._known_rules = known_rules
        self._problems: list[SettingProblem] = []

    def problems(self) -> list[SettingProblem]:
        """Return what is wrong, in the order of the text, at most a hundred."""
        problems = sorted(self._problems, key=lambda problem: problem.range)
        return problems[:_MOST_PROBLEMS]

    def read(self, settings: ProjectSettings, table: TomlPath) -> ProjectSettings:
        content: object = self._document.content
        for key in table:
            content = content.get(cast(str, key), {}) if isinstance(content, dict) else None
        if not isinstance(content, dict):
            name = ".".join(str(key) for key in table)
            self._complain(table, f"`{name}` must be a table; write `[{name}]`")
            return settings
        declarations = {declared.name: declared for declared in declared_settings()}
        values: dict[str, Any] = {}
        for name, value in content.items():
            declared = declarations.get(name)
            if declared is None:
                hint = _did_you_mean(name, declarations)
                self._complain_of_key((*table, name), f"unknown setting {shown(name)}{hint}")
                continue
            read = self._value((*table, name), value, declared)
            if read is not None:
                values[name.replace("-", "_")] = read
        return replace(settings, **values)

    def _value(
        self, path: TomlPath, value: object, declared: SettingDeclaration
    ) -> tuple[object, ...] | str | None:
        """Return the value of one setting without what is wrong in it; ``None`` if all of it is."""
        expected = _EXPECTED[declared.kind]
        if not isinstance(value, expected):
            self._complain(path, _wrong_type(path, value, declared.kind.value, declared.example))
            return None
        assert isinstance(value, list | dict | str)
        if len(value) > declared.most:
            unit = "characters" if declared.kind is Kind.PATH else "items"
            self._complain(
                path, f"{_last(path)} has {len(value)} {unit}; at most {declared.most:,} count"
            )
            return None
        match declared.kind:
            case Kind.RULES:
                return tuple(self._items(path, cast("list[object]", value), self._rule))
            case Kind.GLOBS:
                return tuple(self._items(path, cast("list[object]", value), self._glob))
            case Kind.SEVERITIES:
                return self._severities(path, cast("dict[str, object]", value))
            case Kind.FILE_SEVERITIES:
                return tuple(
                    self._file_severities(path, cast("dict[str, object]", value), declared)
                )
            case Kind.PATH:
                return self._local_path(path, cast("str", value))

    def _local_path(self, path: TomlPath, text: str) -> str | None:
        """Return *text* if it is a path that may be looked at, which a stranger may have named."""
        if not text.strip() or not text.isprintable():
            self._complain(path, f"{_last(path)} must be a path")
        elif text.startswith("~") and text[1:2] not in ("", "/", "\\"):
            self._complain(path, f"{_last(path)} may start with `~/`, not with `~` and a name")
        elif not is_local_path(text) or not is_local_path(os.path.join(self._path.parent, text)):
            self._complain(path, f"{_last(path)} must be a folder of this machine, and no device")
        else:
            return text
        return None

    def _items(
        self, path: TomlPath, items: list[object], is_right: Callable[[TomlPath, str], bool]
    ) -> Iterator[str]:
        for index, item in enumerate(items):
            place = (*path, index)
            if not isinstance(item, str):
                message = f"each item of {_last(path)} must be a string, not {_type_name(item)}"
                self._complain(place, message)
            elif is_right(place, item):
                yield item

    def _severities(self, path: TomlPath, table: Mapping[str, object]) -> SeverityTable:
        found = []
        for rule, severity in table.items():
            place = (*path, rule)
            if not self._rule(place, rule):
                continue
            if severity in _SEVERITIES:
                found.append((rule, Severity(severity)))
            else:
                self._complain(place, _wrong_severity(severity))
        return tuple(found)

    def _file_severities(
        self, path: TomlPath, table: Mapping[str, object], declared: SettingDeclaration
    ) -> Iterator[tuple[str, SeverityTable]]:
        for glob, severities in table.items():
            place = (*path, glob)
            if not self._glob(place, glob):
                continue
            if isinstance(severities, dict) and len(severities) <= declared.most:
                yield glob, self._severities(place, severities)
            else:
                self._complain(
                    place, _wrong_type(place, severities, Kind.SEVERITIES.value, declared.example)
                )

    def _rule(self, place: TomlPath, name: str) -> bool:
        if name in self._known_rules:
            return True
        hint = _did_you_mean(name, self._known_rules)
        message = f"unknown rule {shown(name)}{hint}"
        self._complain_of_key(place, message)
        return False

    def _glob(self, place: TomlPath, glob: str) -> bool:
        try:
            translated = translate_glob(glob)
        except BadGlob as error:
            self._complain_of_key(place, str(error))
            return False
        if translated is None:
            self._complain_of_key(place, f"{shown(glob)} is a glob that matches no path")
            return False
        return True

    def _complain(self, path: TomlPath, message: str) -> None:
        if len(self._problems) < 10 * _MOST_PROBLEMS:
            range = self._document.value_range(path)
            self._problems.append(SettingProblem(self._path, range, message))

    def _complain_of_key(self, path: TomlPath, message: str) -> None:
        if len(self._problems) < 10 * _MOST_PROBLEMS:
            range = self._document.key_range(path)
            self._problems.append(SettingProblem(self._path, range, message))


_EXPECTED: Mapping[Kind, type] = {
    Kind.RULES: list,
    Kind.GLOBS: list,
    Kind.SEVERITIES: dict,
    Kind.FILE_SEVERITIES: dict,
    Kind.PATH: str,
}

_SEVERITIES = tuple(severity.value for severity in Severity)

_TYPE_NAMES = {
    bool: "a boolean",
    int: "a number",
    float: "a number",
    str: "a string",
    list: "a list",
    dict: "a table",
}


def _wrong_type(path: TomlPath, value: object, expected: str, example: str | None) -> str:
    hint = f"; write for example `{example}`" if example and "\n" not in example else ""
    return f"{_last(path)} must be {expected}, not {_type_name(value)}{hint}"


def _wrong_severity(value: object) -> str:
    known = ", ".join(f'"{name}"' for name in _SEVERITIES)
    if isinstance(value, str):
        return f"unknown severity {shown(value)}; write one of {known}"
    return f"a severity must be a string, not {_type_name(value)}; write one of {known}"


def _type_name(value: object) -> str:
    return _TYPE_NAMES.get(type(value), "a date or time")


def _last(path: TomlPath) -> str:
    return shown(str(path[-1]))


def _did_you_mean(name: str, known: Collection[str]) -> str:
    if len(name) > 60:
        return ""
    from difflib import get_close_matches

    near = get_close_matches(name.lower().replace("_", "-"), sorted(known), n=1)
    return f"; did you mean `{near[0]}`?" if near else ""
