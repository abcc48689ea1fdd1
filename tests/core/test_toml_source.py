"""Every key that a TOML document has is found where it stands."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinfold.core.formats.toml_source import TomlDocument, TomlError, TomlPath, parse_toml

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_BARE = "abcxyzABC019_-"

_SCALARS = [
    *"1 +1_000 0xff 1.5e3 inf nan true false 07:32:00 1979-05-27 1979-05-27T07:32:00Z".split(),
    "1979-05-27 07:32:00",
    *("''", '""', "'a]b'", r'"#\"x"', '""""""', "''''''", '"""a"b"""""', "'''\n'''''"),
    '"""line \\\n  [x]\n y = 1 \\""" """',
    "'''\n# \\'''",
]


def _document(text: str) -> TomlDocument:
    document = parse_toml(text)
    assert isinstance(document, TomlDocument), document
    return document


@st.composite
def _toml(draw: st.DrawFn) -> str:
    """A document in a random style: headers, dots, quotes, inline tables, comments, line ends."""
    blanks = st.sampled_from(("", " ", "\t", "  "))
    breaks = st.sampled_from(("", "\n", " # ] } \" ' comment\n", " \n\t"))
    names = st.one_of(
        st.text(_BARE, min_size=1, max_size=4), st.text(st.characters(codec="utf-8"), max_size=4)
    )

    def key(name: str) -> str:
        if name and set(name) <= set(_BARE) and draw(st.booleans()):
            return name
        if name.isprintable() and "'" not in name and draw(st.booleans()):
            return f"'{name}'"
        return '"' + "".join(_escaped(character) for character in name) + '"'

    def scalar() -> str:
        return draw(st.sampled_from(_SCALARS))

    def value(depth: int) -> str:
        kind = draw(st.integers(0, 5)) if depth < 3 else 0
        if kind == 1:
            items = [value(depth + 1) for _ in range(draw(st.integers(0, 3)))]
            comma = "," if draw(st.booleans()) and items else ""
            joined = ",".join(f"{draw(breaks)}{item}{draw(breaks)}" for item in items)
            return f"[{draw(breaks)}{joined}{comma}{draw(breaks)}]"
        if kind == 2:
            unique = draw(st.lists(names, unique=True, max_size=3))
            pairs = [f"{draw(blanks)}{pair(name, depth + 1)}{draw(blanks)}" for name in unique]
            return "{" + ",".join(pairs) + "}"
        return scalar()

    def pair(name: str, depth: int) -> str:
        dotted = [name, *draw(st.lists(names, max_size=2))]
        left = f"{draw(blanks)}.{draw(blanks)}".join(key(part) for part in dotted)
        return f"{left}{draw(blanks)}={draw(blanks)}{value(depth)}"

    lines = [pair(name, 0) for name in draw(st.lists(names, unique=True, max_size=3))]
    for header in draw(st.lists(st.lists(names, min_size=1, max_size=3), max_size=5)):
        dots = f"{draw(blanks)}.{draw(blanks)}".join(key(part) for part in header)
        inner = f"{draw(blanks)}{dots}{draw(blanks)}"
        lines.append(f"[[{inner}]]" if draw(st.booleans()) else f"[{inner}]")
        lines += [pair(name, 0) for name in draw(st.lists(names, unique=True, max_size=3))]
        # A repeated array of tables, and a table inside its latest element.
        if lines[-1].startswith("[[") and draw(st.booleans()):
            lines += [lines[-1], f"[{dots}.{key('in')}]"]
    ends = st.sampled_from(("\n", "\r\n", " # comment\n", "\n\n  "))
    return "".join(line + draw(ends) for line in lines)


def _escaped(character: str) -> str:
    if character in '"\\' or not character.isprintable():
        return f"\\U{ord(character):08x}"
    return character


def _paths(value: Any, path: TomlPath = ()) -> list[tuple[TomlPath, Any]]:
    found = [(path, value)] if path else []
    if isinstance(value, dict):
        for key, child in value.items():
            found += _paths(child, (*path, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            found += _paths(child, (*path, index))
    return found


@given(_toml())
def test_every_path_is_found_where_it_stands(text: str) -> None:
    """What stands at a value's range reads as that value; a key's range holds the key."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        assert isinstance(parse_toml(text), TomlError)
        return
    document = _document(text)

    for path, value in _paths(content):
        location = document.find(path)
        assert location is not None, path
        if not isinstance(value, dict | list):
            again = tomllib.loads(f"value = {location.value.of(text)}")["value"]
            assert repr(value) == repr(again)
        key = location.key.of(text)
        if isinstance(path[-1], str) and not key.startswith("["):
            assert {path[-1]: 1} == tomllib.loads(f"{key} = 1")


@given(st.text("[]{}=.,#\"'\\\n\r\t ab1é-:", max_size=60))
def test_no_text_makes_it_fail(text: str) -> None:
    """Any text is a document or an error whose range lies inside of it."""
    result = parse_toml(text)

    if isinstance(result, TomlError):
        assert 0 <= result.range.start <= result.range.end <= len(text)
    else:
        assert all(result.find(path) is not None for path, _ in _paths(result.content))


@pytest.mark.parametrize(
    ("text", "path", "key", "value"),
    [
        ("[tool.pinfold]\nselect = ['a']", ("tool", "pinfold", "select", 0), "'a'", "'a'"),
        ("[tool.pinfold]\nselect = []", ("tool", "pinfold"), "[tool.pinfold]", "[tool.pinfold]"),
        ("[tool.pinfold]\n", ("tool",), "tool", "tool"),
        ("tool.pinfold.x = 1", ("tool", "pinfold", "x"), "x", "1"),
        ("tool = {pinfold = { x = 1 }}", ("tool", "pinfold", "x"), "x", "1"),
        ('["tool" . "p\\u0069"]\nx=1#', ("tool", "pi", "x"), "x", "1"),
        ("[[a]]\n[[a]]\nx = 2\n[a.b]\ny = 3", ("a", 1, "b", "y"), "y", "3"),
        ("x = [\n 1, # ]\n [2,\n 3]]", ("x", 1, 1), "3", "3"),
        ('x = """\n]"""\ny = 2', ("y",), "y", "2"),
    ],
)
def test_styles_of_writing_a_key(text: str, path: TomlPath, key: str, value: str) -> None:
    """Each way to write a key and a value is found."""
    location = _document(text).find(path)
    assert location is not None

    assert (key, value) == (location.key.of(text), location.value.of(text))


def test_missing_path_falls_back_to_what_encloses_it() -> None:
    """A key that is not there is told of at its table, then at the start of the file."""
    text = "a = 1\n[tool.pinfold]\n"
    document = _document(text)

    assert "[tool.pinfold]" == document.key_range(("tool", "pinfold", "x", "y")).of(text)
    assert (0, 0) == (document.key_range(("b",)).start, document.value_range(("b",)).end)


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("a = 1\nb = = 2\n", "= 2"),
        ("a = 1\r\nb = = 2\r\n", "= 2"),
        ("a = 1\n  b\nc = 3", "b"),
        ("a = [1,\n 2\n\n", "2"),
        ("é = 1", "é = 1"),
        ("", None),
        ("a = 1\na = 2", "a = 2"),
        ("\n\na = " + "9" * 5000, ""),
    ],
)
def test_syntax_error_is_marked(text: str, marked: str | None) -> None:
    """tomllib's line and column become a range, whatever the line ends."""
    result = parse_toml(text)

    assert marked == (result.range.of(text) if isinstance(result, TomlError) else None)


def test_deep_nesting_is_an_error_or_skipped() -> None:
    """Ten thousand brackets neither overflow the stack nor take long."""
    assert isinstance(parse_toml("a = " + "[" * 10_000 + "]" * 10_000), TomlError)
    text = "a = " + "[" * 100 + "'] # [', 1" + "]" * 100 + "\nb = 2"
    document = _document(text)

    assert "2" == document.value_range(("b",)).of(text)
