"""What the VS Code client contributes for the language: grammar, names of files, snippets."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pinfold.core.formats.entry import EntryKind
from pinfold.core.formats.requirements import parse_requirements
from pinfold.core.workspace.dependency_files import classify_name
from tests.editors.required import absent
from tests.oracle.lines import generate_lines
from tests.oracle.real_files import shared_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pinfold.core.formats.requirements import LogicalLine
    from pinfold.core.model.text import TextRange

ROOT = Path(__file__).parents[2]
CLIENT = ROOT / "client-vscode"

NAME = "entity.name.class."
EXTRA = "entity.name.tag."
OPTION = "entity.other.attribute-name."
COMMENT = "comment.line."
OPERATOR = "keyword.operator.comparison."
VERSION = "constant.numeric."
STRING = "string.quoted."
VARIABLE = "variable."
KEYWORD = "keyword.operator."
PARENTHESIS = "punctuation.section."
URL = "string.unquoted."

_LINE_END = re.compile(r"\r\n|\n|\r")
# White space and line ends that are none to an editor, and what takes two of its columns.
_UNUSUAL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\xa0\u2028\u2029\ufeff\U00010000-\U0010ffff]"
)
# A continuation amid a word, and a backslash before one, which pip takes away with it.
_CUT_WORD = re.compile(r"[^\s\\]\\+[\r\n]|(?m:^\\\S)")
# What people write. Damaged lines are for the server to complain of, whatever colours they have.
_WRITTEN = frozenset(
    "requirement hashed configured path editable include constraint options mixed comment variable"
    " continuation".split()
) | {"bare URL", "named URL", "refused option", "stray word"}

_EXAMPLE = re.compile("^```requirements\n(.*?)^```$", re.MULTILINE | re.DOTALL)

Tokens = list[list[tuple[int, int, list[str]]]]


def tokenized(texts: Sequence[str]) -> list[Tokens]:
    """Return the tokens of each text, as VS Code would have them."""
    node = shutil.which("node")
    modules = CLIENT / "node_modules" / "vscode-textmate"
    if node is None or not modules.is_dir():
        absent("Node with the packages of client-vscode", "npm ci in client-vscode gets them")
    done = subprocess.run(
        [node, str(CLIENT / "test" / "tokens.mjs"), "--print"],
        input=json.dumps(texts),
        stdout=subprocess.PIPE,
        encoding="utf-8",
        timeout=120,
        check=True,
    )
    tokens: list[Tokens] = json.loads(done.stdout)
    return tokens


def scopes_of(text: str, tokens: Tokens) -> list[list[str]]:
    """Return the scopes of each character of *text*; line ends have none."""
    scopes: list[list[str]] = [[] for _ in text]
    starts = [0, *(end.end() for end in _LINE_END.finditer(text))]
    for start, line in zip(starts, tokens, strict=True):
        for first, last, names in line:
            scopes[start + first : start + last] = [names] * (last - first)
    return scopes


def missed(text: str, tokens: Tokens) -> Iterator[str]:
    """Yield the parts of *text* that our reader knows and the grammar does not."""
    scopes = scopes_of(text, tokens)
    for start, line in parse_requirements(text).located():
        for kinds, span in _parts(line):
            for offset in range(start + span.start, start + span.end):
                # White space, and the backslash of a continuation, may have any scope.
                is_said = any(scope.startswith(kinds) for scope in scopes[offset])
                if not is_said and text[offset] not in " \t\r\n\\":
                    yield f"{kinds} at {offset - start} of {line.text!r}: {scopes[offset]}"
                    break


def _parts(line: LogicalLine) -> Iterator[tuple[tuple[str, ...], TextRange]]:
    """Yield where the parts of *line* stand, each with the scopes of which it has one."""
    if line.comment is not None:
        yield (COMMENT,), line.comment.range
    entry = line.entry
    if entry is None or entry.kind is EntryKind.ERROR:
        return
    for option in entry.options:
        yield (OPTION,), option.spelling.range
    dependency = entry.dependency
    if dependency is None or entry.kind is EntryKind.EDITABLE:
        return
    is_named = dependency.url is None or " @ " in entry.text
    if dependency.name is not None and dependency.path is None and is_named:
        yield (NAME,), dependency.name.range
    for extra in dependency.extras:
        yield (EXTRA,), extra.range
    for clause in dependency.clauses:
        yield (OPERATOR, VERSION, VARIABLE), clause.range
    if dependency.url is not None and not re.search(r"\s|;$", dependency.url.text):
        yield (URL, EXTRA, PARENTHESIS), dependency.url.range
    # What has a scheme that is none of pip's is a path to it, and a URL to anybody else.
    is_odd = dependency.path is not None and "://" in dependency.path.text
    if dependency.marker is not None and not is_odd:
        yield (OPERATOR, STRING, VARIABLE, KEYWORD, PARENTHESIS), dependency.marker.range


def is_written(text: str) -> bool:
    """Return whether an editor and pip see the same lines, white space and words."""
    return _UNUSUAL.search(text) is None and _CUT_WORD.search(text) is None


def written_texts() -> list[str]:
    """Return requirements of all kinds, one or more to a text."""
    generated = (line for line in generate_lines(11, 2_000) if line.kind_label in _WRITTEN)
    texts = [line.text for line in generated]
    texts += [path.read_text() for path in sorted((ROOT / "docs" / "example").rglob("*.txt"))]
    for page in sorted((ROOT / "docs" / "rules").glob("*.md")):
        texts += _EXAMPLE.findall(page.read_text())
    texts += [path.read_text("utf-8", "replace") for path in shared_files()]
    return [text for text in texts if is_written(text)]


def test_grammar_and_reader() -> None:
    """What our reader takes for a name, an extra, a comparison, an option … has that scope."""
    texts = written_texts()
    found = [
        part
        for text, tokens in zip(texts, tokenized(texts), strict=True)
        for part in missed(text, tokens)
    ]

    assert len(texts) > 1_500
    assert [] == found


def test_nothing_is_left_over() -> None:
    """In the example workspace, each character has a scope, and none is called invalid."""
    texts = [path.read_text() for path in sorted((ROOT / "docs" / "example").rglob("*.txt"))]
    left = [
        line
        for text, tokens in zip(texts, tokenized(texts), strict=True)
        for line in _lines_left_over(text, scopes_of(text, tokens))
    ]

    assert texts
    assert [] == left


def _lines_left_over(text: str, scopes: Sequence[Sequence[str]]) -> Iterator[str]:
    entries = parse_requirements(text).entries()
    for start, entry in entries:
        for offset in range(start + entry.range.start, start + entry.range.end):
            is_said = scopes[offset] and not any("invalid" in scope for scope in scopes[offset])
            if not is_said and not text[offset].isspace() and entry.kind is not EntryKind.ERROR:
                yield entry.text
                break


# Names of files.


def contributed(language: str) -> re.Pattern[str]:
    """Return what a path matches that the client says is of *language*; in small letters."""
    for found in manifest()["languages"]:
        if found["id"] == language:
            names = [f"**/{name}" for name in found.get("filenames", ())]
            return re.compile("|".join(map(_expression, names + found["filenamePatterns"])))
    raise AssertionError(language)


@cache
def manifest() -> Any:
    """Return what the client contributes."""
    return json.loads((CLIENT / "package.json").read_text())["contributes"]


def _expression(pattern: str) -> str:
    """Return a glob of VS Code's as a regular expression for a whole path."""
    signs = {"**/": "(?:.*/)?", "*": "[^/]*", "{": "(?:", "}": ")", ",": "|"}
    words = re.split(r"(\*\*/|\*|[{},]|\[[^]]+\])", pattern)
    return (
        "".join(
            signs.get(word, word if word.startswith("[") else re.escape(word)) for word in words
        )
        + r"\Z"
    )


def is_coloured(path: str) -> bool:
    """Return whether VS Code takes *path* for a requirements file.

    The longest pattern decides, which is why those for plain text are the longer ones.
    """
    lower = path.lower()
    if contributed("plaintext").match(lower):
        return False
    return contributed("pip-requirements").match(lower) is not None


def wakes(path: str) -> bool:
    """Return whether a workspace with this file in it starts the extension."""
    events = json.loads((CLIENT / "package.json").read_text())["activationEvents"]
    kind = "workspaceContains:"
    globs = [event.removeprefix(kind) for event in events if event.startswith(kind)]
    return any(re.match(_expression(glob), path) for glob in globs)


@pytest.mark.parametrize(
    "path",
    [
        "p/requirements.txt",
        "p/requirements.in",
        "p/constraints.txt",
        "p/constraints.in",
        "p/dev-requirements.txt",
        "p/requirements-dev.txt",
        "p/requirements_test.in",
        "p/requirements3.txt",
        "p/Requirements.TXT",
        "p/requirement.txt",
        "p/reqs.txt",
        "p/reqs-dev.txt",
        "p/test_reqs.txt",
        "p/a-reqs-b.txt",
        "p/requirements/base.txt",
        "p/requirements/base.in",
        "p/requirements/extra/gpu.txt",
        "p/constraints/3.10.txt",
        "p/reqs/dev.txt",
        "p/requirements-docs/base.txt",
        "p/product-requirements.txt",
        # And what is none.
        "p/requests.txt",
        "p/notes.txt",
        "p/requirements.md",
        "p/requirements.txt.bak",
        "p/prereqs.txt",
        "p/requirements/README.txt",
        "p/requirements/extra/licence.txt",
        "p/apt-requirements.txt",
        "p/requirements_npm.txt",
        "p/requirements.galaxy.in",
    ],
)
def test_files_of_the_language(path: str) -> None:
    """A file whose name Pinfold looks for has the language, and wakes the extension."""
    is_ours = classify_name(f"/{path}") is not None

    assert is_ours == is_coloured(path)
    # What wakes an extension is looked for with capitals as they are.
    assert not is_ours or path != path.lower() or wakes(path)


def test_same_language_as_the_python_extension() -> None:
    """Where both are there, a file that has the language in one has it in the other."""
    theirs = (
        "**/requirements.txt",
        "**/requirements.in",
        "**/constraints.txt",
        "**/*requirements*.{txt,in}",
        "**/*constraints*.txt",
        "**/requirements/*.{txt,in}",
        "**/constraints/*.txt",
    )
    found = next(found for found in manifest()["languages"] if found["id"] == "pip-requirements")
    ours = {*found["filenamePatterns"], *(f"**/{name}" for name in found["filenames"])}
    paths = [
        re.sub(r"\{(.*?),.*?\}", r"\1", pattern).replace("**/", "p/").replace("*", "x")
        for pattern in theirs
    ]

    assert ["pip requirements", "requirements.txt"] == found["aliases"]
    assert ours
    assert [] == [path for path in paths if not is_coloured(path)]


# Snippets, words.


def test_snippets_are_what_pip_reads() -> None:
    """Each snippet, left as it comes, is read by pip without complaint."""
    refused = {}
    for name, body in ((name, body) for name, _, body in snippets()):
        text = _as_it_comes(body)
        # Some stand behind a requirement, or in an option.
        text = f"a==1 {text}" if text.startswith((";", "--hash", "#")) else text
        text = f"-r {text}" if text.startswith("${") else text
        kinds = {entry.kind for _, entry in parse_requirements(text).entries()}
        if not kinds or EntryKind.ERROR in kinds or re.search(r"\$(?!\{NAME\})", text):
            refused[name] = text

    assert {} == refused


def test_prefixes_of_snippets_are_unique() -> None:
    """No two snippets are called by the same word."""
    prefixes = [prefix for _, prefixes, _ in snippets() for prefix in prefixes]

    assert sorted(set(prefixes)) == sorted(prefixes)


def snippets() -> list[tuple[str, list[str], str]]:
    """Return name, prefixes and body of each snippet."""
    found = json.loads((CLIENT / "snippets" / "pip-requirements.json").read_text())
    return [
        (name, _lines(snippet["prefix"]), "\n".join(_lines(snippet["body"])))
        for name, snippet in found.items()
    ]


def _lines(written: str | list[str]) -> list[str]:
    return [written] if isinstance(written, str) else written


def _as_it_comes(body: str) -> str:
    """Return a snippet with the first of what is offered at each of its places."""
    body = body.replace("\\${", "\0").replace("\\}", "\1")
    body = re.sub(r"\$\{\d+\|([^,|]*)[^|]*\|\}", r"\1", body)
    body = re.sub(r"\$\{\d+:([^}]*)\}", r"\1", body)
    return body.replace("\0", "${").replace("\1", "}").replace("\\\\", "\\")


@pytest.mark.parametrize("name", ["a", "Flask", "zope.interface", "ruamel_yaml-2", "2to3"])
def test_a_name_is_a_word(name: str) -> None:
    """A double click takes a package's name whole, and nothing else."""
    configuration = json.loads((CLIENT / "language-configuration.json").read_text())
    words = re.findall(configuration["wordPattern"], f"-e {name}[x]>=1")

    assert ["e", name, "x", "1"] == words
