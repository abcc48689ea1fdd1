"""Settings are read item by item, and what is wrong with one is said at its place."""

from __future__ import annotations

import re
import time
from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinfold.core.files import (
    MAX_FILE_BYTES,
    FileIdentity,
    MemoryFileSystem,
    StrPath,
    Unreadable,
)
from pinfold.core.formats.globs import BadGlob, translate_glob
from pinfold.core.formats.toml_source import TomlDocument, parse_toml
from pinfold.core.model.finding import Severity
from pinfold.core.settings import (
    ProjectSettings,
    SettingsCache,
    declared_settings,
    find_settings,
    has_settings,
    parse_settings,
    settings_reference,
)

_RULES = ("unpinned", "duplicate-requirement", "invalid-hash")
_PYPROJECT = Path("/project/pyproject.toml")


def _parse(text: str) -> ProjectSettings:
    settings, problems = parse_settings(dedent(text), _PYPROJECT, _RULES)
    assert () == problems
    return settings


def _problems(text: str, path: Path = _PYPROJECT) -> list[tuple[str, str]]:
    """Return what each problem marks, and what it says."""
    text = dedent(text)
    _, problems = parse_settings(text, path, _RULES)
    return [(problem.range.of(text), problem.message) for problem in problems]


def test_every_setting_is_read() -> None:
    """A file that sets everything gives a value that says it all."""
    settings = _parse(
        """
        [tool.pinfold]
        select = ["unpinned", "invalid-hash"]
        ignore = ["duplicate-requirement"]
        exclude = ["vendored/"]
        severity = { unpinned = "error" }
        [tool.pinfold.per-file-severity]
        "dev*.txt" = { unpinned = "off" }
        """
    )

    expected = ProjectSettings(
        root=Path("/project"),
        source=_PYPROJECT,
        select=("unpinned", "invalid-hash"),
        ignore=("duplicate-requirement",),
        severity=(("unpinned", Severity.ERROR),),
        per_file_severity=(("dev*.txt", (("unpinned", Severity.OFF),)),),
        exclude=("vendored/",),
    )
    assert expected == settings


def test_pinfold_toml_needs_no_table() -> None:
    """In pinfold.toml the settings stand at the top."""
    path = Path("/project/pinfold.toml")
    settings, problems = parse_settings('ignore = ["unpinned"]', path, _RULES)

    assert () == problems
    assert ("unpinned",) == settings.ignore


@pytest.mark.parametrize(
    ("text", "marked", "message"),
    [
        ("selct = []", "selct", "unknown setting `selct`; did you mean `select`?"),
        ("zzz = 1", "zzz", "unknown setting `zzz`"),
        (
            "per_file_severity = {}",
            "per_file_severity",
            "unknown setting `per_file_severity`; did you mean `per-file-severity`?",
        ),
        (
            'ignore = "unpinned"',
            '"unpinned"',
            (
                "`ignore` must be a list of rule names, not a string;"
                ' write for example `ignore = ["unpinned"]`'
            ),
        ),
        (
            'ignore = ["unpined"]',
            '"unpined"',
            "unknown rule `unpined`; did you mean `unpinned`?",
        ),
        ("ignore = ['x']", "'x'", "unknown rule `x`"),
        ("select = [1.5]", "1.5", "each item of `select` must be a string, not a number"),
        (
            'severity.unpinned = "eror"',
            '"eror"',
            'unknown severity `eror`; write one of "error", "warning", "info", "hint", "off"',
        ),
        (
            "severity.unpinned = 1979-05-27",
            "1979-05-27",
            (
                "a severity must be a string, not a date or time;"
                ' write one of "error", "warning", "info", "hint", "off"'
            ),
        ),
        ('severity.x = "off"', "x", "unknown rule `x`"),
        ("exclude = ['[z-a]']", "'[z-a]'", "`[z-a]` is not a glob"),
        ("exclude = ['#x']", "'#x'", "`#x` is a glob that matches no path"),
        (
            "exclude = ['a/**/b/**/c/**/d/**']",
            "'a/**/b/**/c/**/d/**'",
            (
                "`a/**/b/**/c/**/d/**` is too complex a glob;"
                " at most 1,000 characters and 3 `**` may stand in one"
            ),
        ),
        (
            "per-file-severity.'*.in' = 'off'",
            "'off'",
            "`*.in` must be a table of rule names and severities, not a string",
        ),
        (
            "severity = " + "{" + ",".join(f"r{n}=1" for n in range(1_001)) + "}",
            "{" + ",".join(f"r{n}=1" for n in range(1_001)) + "}",
            "`severity` has 1001 items; at most 1,000 count",
        ),
    ],
)
def test_wrong_setting_is_named_at_its_place(text: str, marked: str, message: str) -> None:
    """Each mistake is marked where it stands, with what to do about it."""
    assert [(marked, message)] == _problems(f"[tool.pinfold]\n{text}\n")


def test_everything_else_goes_on() -> None:
    """A wrong item is passed over; its neighbours and the other settings count."""
    text = """
        [tool.pinfold]
        selct = ["unpinned"]
        ignore = ["nonsense", "unpinned", 3]
        exclude = ["[z-a]", "vendored"]
        severity = { unpinned = "loud", invalid-hash = "hint" }
        """
    settings, problems = parse_settings(dedent(text), _PYPROJECT, _RULES)

    assert 5 == len(problems)
    assert (None, ("unpinned",), ("vendored",), (("invalid-hash", Severity.HINT),)) == (
        settings.select,
        settings.ignore,
        settings.exclude,
        settings.severity,
    )


def test_syntax_error_is_named_with_its_line() -> None:
    """A file that is no TOML gives the defaults and one problem on the line at fault."""
    text = '[tool.pinfold]\nignore = ["unpinned"\nseverity = {}\n'

    assert [("severity = {}", "not TOML, so that no setting counts: unclosed array")] == _problems(
        text
    )


@pytest.mark.parametrize("text", ["tool = 1", "[tool]\npinfold = []", "[[tool.pinfold]]"])
def test_table_that_is_none(text: str) -> None:
    """`tool.pinfold` that is no table is said to be none."""
    assert ["`tool.pinfold` must be a table; write `[tool.pinfold]`"] == [
        message for _, message in _problems(text)
    ]


def test_problems_are_bounded() -> None:
    """A file of a hundred thousand mistakes gives a hundred problems, soon."""
    text = "[tool.pinfold]\n" + "".join(f"{'x' * 40}{n} = 1\n" for n in range(20_000))
    started = time.process_time()
    problems = _problems(text)

    assert 100 == len(problems)
    assert time.process_time() - started < 20


def test_foreign_text_stays_on_one_line() -> None:
    """A key with a line end or an escape code cannot forge a message."""
    ((_, message),) = _problems('[tool.pinfold]\n"a\\nb\\u001b[31m" = 1')

    assert message.isprintable()


@given(st.text('[]{}=.,"\n abtoolpinfoldselectignoreseverity1', max_size=80))
def test_no_text_makes_reading_fail(text: str) -> None:
    """Any text gives settings, and problems inside of the text."""
    for name in ("pyproject.toml", "pinfold.toml"):
        _, problems = parse_settings(text, Path("/x") / name, _RULES)

        assert all(problem.range.end <= len(text) for problem in problems)


_DECLARED = """
    [tool.pinfold]
    select = ["unpinned", "invalid-hash"]
    ignore = ["invalid-hash"]
    severity = { unpinned = "error" }
    [tool.pinfold.per-file-severity]
    "requirements/" = { unpinned = "info" }
    "dev*.txt" = { unpinned = "off" }
    "/base.txt" = { invalid-hash = "error" }
    """


@pytest.mark.parametrize(
    ("rule", "path", "expected"),
    [
        ("unpinned", "/project/base.txt", Severity.ERROR),
        ("unpinned", "/project/requirements/base.txt", Severity.INFO),
        ("unpinned", "/project/requirements/dev-1.txt", Severity.OFF),
        ("unpinned", "/project/sub/dev.txt", Severity.OFF),
        ("unpinned", "/elsewhere/dev.txt", Severity.ERROR),
        ("invalid-hash", "/project/base.txt", Severity.OFF),
        ("duplicate-requirement", "/project/base.txt", Severity.OFF),
    ],
)
def test_severity_of_a_rule_in_a_file(rule: str, path: str, expected: Severity) -> None:
    """`ignore` and `select` win, then the last glob that matches, then `severity`."""
    assert expected == _parse(_DECLARED).severity_of(rule, Severity.WARNING, Path(path))


def test_default_severity_holds_where_nothing_is_said() -> None:
    """Selecting a rule does not turn on one that is off by default."""
    settings = _parse('[tool.pinfold]\nselect = ["unpinned"]')

    assert Severity.OFF == settings.severity_of("unpinned", Severity.OFF, Path("/project/a.in"))


@pytest.mark.parametrize(
    ("glob", "path", "expected"),
    [
        ("vendored", "/project/a/vendored/requirements.txt", True),
        ("/vendored", "/project/a/vendored/requirements.txt", False),
        ("a/*.txt", "/project/a/b.txt", True),
        ("a/*.txt", "/project/a/c/b.txt", False),
        ("a/**/b.txt", "/project/a/c/d/b.txt", True),
        ("*", "/elsewhere/b.txt", False),
        ("*", "/projects/b.txt", False),
    ],
)
def test_excluded_paths(glob: str, path: str, expected: bool) -> None:
    """Globs are those of .gitignore, relative to the folder of the settings file."""
    settings = ProjectSettings(root=Path("/project"), exclude=(glob,))

    assert expected == settings.excludes(Path(path))


def test_excluded_folder() -> None:
    """A glob with a final slash means folders only."""
    settings = ProjectSettings(root=Path("/project"), exclude=("fixtures/",))

    assert settings.excludes_directory("/project/tests/fixtures")
    assert not settings.excludes("/project/tests/fixtures")
    assert not settings.excludes_directory("/project")


@given(
    st.text("ab*?", min_size=1, max_size=8).filter(lambda glob: "**" not in glob),
    st.text("ab", min_size=1, max_size=12),
)
def test_atomic_stars_match_what_stars_match(glob: str, name: str) -> None:
    """Taking the first fit for each star but the last changes no answer."""
    translated = translate_glob("/" + glob)
    assert translated is not None
    plain = glob.replace("*", ".*").replace("?", ".")

    assert bool(re.fullmatch(plain, name)) == bool(re.search(translated[0], name))


def test_glob_made_to_take_forever() -> None:
    """Forty stars against a name that nearly matches are answered at once."""
    settings = ProjectSettings(root=Path("/project"), exclude=("*a" * 40 + "b",))
    started = time.process_time()
    excluded = settings.excludes("/project/" + "/".join(["a" * 250] * 16))

    assert not excluded
    assert time.process_time() - started < 2


def test_glob_of_double_stars_is_bounded() -> None:
    """Too many double stars are refused, as is a glob without end."""
    for glob in ("**/a/**/b/**/c/**", "a" * 1_001):
        with pytest.raises(BadGlob):
            translate_glob(glob)


class _CountingFiles(MemoryFileSystem):
    """Counts what is read and looked at."""

    def __init__(self, files: dict[str, bytes | str]) -> None:
        super().__init__(files)
        self.reads: list[str] = []
        self.looks = 0

    def read_bytes(self, path: StrPath, limit: int = MAX_FILE_BYTES) -> bytes | Unreadable:
        self.reads.append(str(path))
        return super().read_bytes(path, limit)

    def identity(self, path: StrPath) -> FileIdentity | None:
        self.looks += 1
        return super().identity(path)


@pytest.mark.parametrize(
    ("judged", "source"),
    [
        ("/w/requirements.txt", "/w/pyproject.toml"),
        ("/w/a/requirements.txt", "/w/a/pinfold.toml"),
        ("/w/a/b/c/requirements.txt", "/w/a/pinfold.toml"),
        ("/w/d/requirements.txt", "/w/pyproject.toml"),
        ("/elsewhere/requirements.txt", None),
    ],
)
def test_nearest_settings_file_wins(judged: str, source: str | None) -> None:
    """The nearest file that speaks of Pinfold counts, up to the root and no further."""
    files = MemoryFileSystem(
        {
            "/pinfold.toml": "",
            "/w/pyproject.toml": "[tool.pinfold]",
            "/w/a/pinfold.toml": "",
            "/w/a/b/pyproject.toml": "[project]\nname = 'pinfold'",
            "/w/d/pyproject.toml": "[tool.black",
        }
    )
    found = find_settings(Path(judged), Path("/w"), files, _RULES)

    assert (Path(source) if source else None, ()) == (found.settings.source, found.problems)


def test_without_a_file_the_defaults_hold() -> None:
    """No settings file means the defaults, relative to the root."""
    found = find_settings(Path("/w/a/requirements.txt"), Path("/w"), MemoryFileSystem(), _RULES)

    assert ProjectSettings(Path("/w")) == found.settings


def test_shadowed_file_is_told() -> None:
    """Where both files have settings, the one that does not count says so."""
    files = MemoryFileSystem(
        {"/w/pyproject.toml": "[tool.pinfold]", "/w/pinfold.toml": "ignore = ['unpinned']"}
    )
    found = find_settings(Path("/w/requirements.txt"), Path("/w"), files, _RULES)

    assert ("unpinned",) == found.settings.ignore
    assert [Path("/w/pyproject.toml")] == [problem.path for problem in found.problems]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"x = '\xff'",
            "byte 0xff at offset 5 is not UTF-8, so that no setting counts; save it as",
        ),
        (b"#" * 2_000_000, "this settings file is larger than 1 MiB, so that no setting counts"),
    ],
)
def test_unreadable_settings_file_is_told(content: bytes, message: str) -> None:
    """A settings file that cannot be read gives the defaults and says why."""
    files = MemoryFileSystem({"/w/pinfold.toml": content})
    found = find_settings(Path("/w/requirements.txt"), Path("/w"), files, _RULES)

    assert ProjectSettings(Path("/w"), Path("/w/pinfold.toml")) == found.settings
    assert [True] == [problem.message.startswith(message) for problem in found.problems]


def test_folder_named_like_a_settings_file() -> None:
    """A folder called pinfold.toml is told, one called pyproject.toml is nobody's business."""
    files = MemoryFileSystem()
    files.make_directory("/w/pinfold.toml")
    files.make_directory("/w/pyproject.toml")
    found = find_settings(Path("/w/requirements.txt"), Path("/w"), files, _RULES)

    assert ["this settings file is a directory, not a file, so that no setting counts"] == [
        problem.message for problem in found.problems
    ]


def test_cache_reads_an_unchanged_file_once() -> None:
    """A folder is looked at once a run, and a file is read again only when it changed."""
    files = _CountingFiles({"/w/pinfold.toml": "", "/w/a/b/requirements.txt": ""})
    cache = SettingsCache()
    for _ in range(3):
        find_settings(Path("/w/a/b/requirements.txt"), Path("/w"), files, _RULES, cache)
    first = (len(files.reads), files.looks)
    cache.look_again()
    find_settings(Path("/w/a/b/dev.txt"), Path("/w"), files, _RULES, cache)
    second = len(files.reads)
    files.write("/w/pinfold.toml", "ignore = ['unpinned']")
    cache.look_again()
    found = find_settings(Path("/w/a/b/dev.txt"), Path("/w"), files, _RULES, cache)

    assert ((1, 6), 1, 2, ("unpinned",)) == (
        first,
        second,
        len(files.reads),
        found.settings.ignore,
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[tool.pinfold]", True),
        ("[tool]\npinfold = {}", True),
        ("[tool.pinfold", True),
        ("tool . pinfold.x = = 1", True),
        ("[project]\ndependencies = ['pinfold']", False),
        ("dependencies = ['pinfold'", False),
        ("", False),
    ],
)
def test_which_pyproject_speaks_of_pinfold(text: str, expected: bool) -> None:
    """A pyproject.toml without our table is none of our business, broken or not."""
    assert expected == has_settings(text, _PYPROJECT)


def test_reference_has_every_setting() -> None:
    """Each declared setting has its heading, its default and an example that is right."""
    reference = settings_reference()
    for declared in declared_settings():
        assert f"\n## `{declared.name}`\n" in reference
        assert f"- Default: {declared.default}\n" in reference
        table = "" if declared.example.startswith("[") else "[tool.pinfold]\n"
        document = parse_toml(table + declared.example)
        assert isinstance(document, TomlDocument)
        assert [declared.name] == list(document.content["tool"]["pinfold"])
    examples = re.findall(r"```toml\n(.*?)```", reference, re.DOTALL)
    rules = {*_RULES, "invalid-requirement"}

    assert [()] * len(examples) == [parse_settings(text, _PYPROJECT, rules)[1] for text in examples]


def test_settings_can_be_a_key() -> None:
    """Settings are hashable, so that what is computed from them can be kept."""
    assert 1 == len({_parse(_DECLARED), _parse(_DECLARED)})
