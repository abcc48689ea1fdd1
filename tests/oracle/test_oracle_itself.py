"""The oracle says what pip says: known cases, the reused parser, and pip's own loop over files."""

from __future__ import annotations

import optparse
from collections import Counter
from functools import partial
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from pip._internal.models.format_control import FormatControl
from pip._internal.models.release_control import ReleaseControl
from pip._internal.req import req_file

from tests.oracle.coverage_of_pip import UNUSED, USED, coverage_of_pip, functions_of
from tests.oracle.lines import generate_files, generate_lines
from tests.oracle.pip_reading import (
    PipReader,
    Reading,
    _RecordingParser,
    decode,
    pip_context,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pip._internal.req.req_install import InstallRequirement

SEED = 20260


@pytest.fixture
def reader() -> Iterator[PipReader]:
    """A pip in an empty directory without variables."""
    with pip_context() as reader:
        yield reader


def summary(reading: Reading) -> tuple[object, ...]:
    """What the cases below look at: kind, lines, and whatever else is there."""
    fields: dict[str, object] = {
        name: value
        for name in ("name", "extras", "specifier", "marker", "url", "target", "hashes", "dropped")
        if (value := getattr(reading, name)) not in (None, ())
    }
    if reading.options:
        fields["options"] = dict(reading.options)
    return reading.kind, (reading.first_line, reading.last_line), fields


def named(name: str, specifier: str = "", **more: object) -> dict[str, object]:
    """The fields of a requirement with a name."""
    return {"name": name, "specifier": specifier, **more}


def include(target: str, *dropped: tuple[str, str]) -> dict[str, object]:
    """The fields of an include."""
    return {"target": target, **({"dropped": dropped} if dropped else {})}


ONE = (1, 1)
SHA = "sha256:abc"
CASES: Mapping[str, list[tuple[object, ...]]] = {
    "-r a.txt -r b.txt": [("include", ONE, include("a.txt", ("requirement", "b.txt")))],
    "-c c.txt -r a.txt": [("include", ONE, include("a.txt", ("constraint", "c.txt")))],
    "-c c.txt -c d.txt": [("constraint", ONE, include("c.txt", ("constraint", "d.txt")))],
    "foo -r a.txt": [("requirement", ONE, named("foo", dropped=(("requirement", "a.txt"),)))],
    "foo --index-url https://x": [
        ("requirement", ONE, named("foo", dropped=(("index-url", "https://x"),)))
    ],
    # Unlike what pip's documentation says, these four take effect on every line.
    "foo --no-binary foo": [("requirement", ONE, named("foo", options={"no-binary": ("foo",)}))],
    "-r a.txt --all-releases foo --pre": [
        (
            "include",
            ONE,
            {**include("a.txt", ("pre", "true")), "options": {"all-releases": ("foo",)}},
        )
    ],
    "-f ./a -f ./b": [
        ("option", ONE, {"options": {"find-links": ("./a",)}, "dropped": (("find-links", "./b"),)})
    ],
    f"--hash={SHA}": [("option", ONE, {"dropped": (("hash", SHA),)})],
    "-C a=b": [("option", ONE, {"dropped": (("config-settings", "a=b"),)})],
    "-i A -i B": [
        ("option", ONE, {"options": {"index-url": ("B",)}, "dropped": (("index-url", "A"),)})
    ],
    "foo==1 --hash=sha256:abc --hash sha384:d -C a=b": [
        (
            "requirement",
            ONE,
            named(
                "foo",
                "==1",
                hashes=("sha256:abc", "sha384:d"),
                options={"hash": ("sha256:abc", "sha384:d"), "config-settings": ("a=b",)},
            ),
        )
    ],
    f"foo==1\t--hash={SHA}": [("error", ONE, {})],
    f"foo==1--hash={SHA}": [("error", ONE, {})],
    f"foo \\ \n  --hash={SHA}": [
        ("error", ONE, {}),
        ("option", (2, 2), {"dropped": (("hash", SHA),)}),
    ],
    "foo \\\n\nbar": [("requirement", (1, 2), named("foo")), ("requirement", (3, 3), named("bar"))],
    "foo=\\\n=1.0": [("requirement", (1, 2), named("foo", "==1.0"))],
    "fo\\\no": [("requirement", (1, 2), named("foo"))],
    "\\foo\\\n==1": [("requirement", (1, 2), named("foo", "==1"))],
    "foo # c \\\nbar": [("requirement", (1, 2), named("foo"))],
    "foo \\\n# c\nbar": [
        ("requirement", (1, 2), named("foo")),
        ("requirement", (3, 3), named("bar")),
    ],
    "-rother.txt": [("include", ONE, include("other.txt"))],
    "-r\tother.txt": [("include", ONE, include("other.txt"))],
    "--requirement=o": [("include", ONE, include("o"))],
    "-r=other.txt": [("include", ONE, include("=other.txt"))],
    "-r my file.txt": [("include", ONE, include("my", ("", "file.txt")))],
    "-r 'my file.txt'": [("include", ONE, include("my file.txt"))],
    "-r sub\\other.txt": [("include", ONE, include("subother.txt"))],
    "--extra-index https://x": [("option", ONE, {"options": {"extra-index-url": ("https://x",)}})],
    "--no-b foo": [("option", ONE, {"options": {"no-binary": ("foo",)}})],
    "--req x": [("error", ONE, {})],
    "--requirem x": [("include", ONE, include("x"))],
    "--pre --no-index -f d": [
        (
            "option",
            ONE,
            {"options": {"pre": ("true",), "no-index": ("true",), "find-links": ("d",)}},
        )
    ],
    "--no-index -i A": [("option", ONE, {"options": {"no-index": ("true",), "index-url": ("A",)}})],
    "--group dev": [("error", ONE, {})],
    "--no-deps": [("error", ONE, {})],
    "--uploaded-prior-to=2025-01-01": [("error", ONE, {})],
    "--requirements-from-script x.py": [("error", ONE, {})],
    "--global-option=x": [("error", ONE, {})],
    "--install-option=x": [("error", ONE, {})],
    "-Z": [("error", ONE, {})],
    "--process-dependency-links": [("error", ONE, {})],
    "foo --hash=md5:abc": [("error", ONE, {})],
    "foo --hash=abc": [("error", ONE, {})],
    "https://h/a -b.zip": [("error", ONE, {})],
    "-path/to": [("error", ONE, {})],
    # pip sees two lines; an editor breaks only at the last of these.
    "foo\x0cbar": [("requirement", ONE, named("foo")), ("requirement", ONE, named("bar"))],
    "foo\x0bbar": [("requirement", ONE, named("foo")), ("requirement", ONE, named("bar"))],
    "foo\x85bar": [("requirement", ONE, named("foo")), ("requirement", ONE, named("bar"))],
    "foo\u2028bar": [("requirement", ONE, named("foo")), ("requirement", ONE, named("bar"))],
    "foo\rbar": [("requirement", ONE, named("foo")), ("requirement", (2, 2), named("bar"))],
    "foo\r\r\nbar": [("requirement", ONE, named("foo")), ("requirement", (3, 3), named("bar"))],
    "foo\x0c\nbar\u2028\\\nx": [
        ("requirement", ONE, named("foo")),
        ("requirement", (2, 2), named("bar")),
        ("requirement", (2, 3), named("x")),
    ],
    "foo\u3000# c": [("requirement", ONE, named("foo"))],
    "foo#bar": [("error", ONE, {})],
    "foo\u00a0==1": [("error", ONE, {})],
    "foo\n\ufefffoo": [("requirement", ONE, named("foo")), ("error", (2, 2), {})],
    "my-package=1.0": [("error", ONE, {})],
    "foo==${VERSION}": [("error", ONE, {})],
    "-- foo": [("option", ONE, {"dropped": (("", "foo"),)})],
    "foo @ https://h/x.zip ; extra == 'a'": [
        ("requirement", ONE, named("foo", url="https://h/x.zip", marker='extra == "a"'))
    ],
    "git+https://h/x@v#egg=foo ; extra == 'a'": [
        ("requirement", ONE, named("foo", url="git+https://h/x@v#egg=foo", marker='extra == "a"'))
    ],
    "./foo-1.0-py3-none-any.whl": [
        ("requirement", ONE, named("foo", "==1.0", target="./foo-1.0-py3-none-any.whl"))
    ],
    "foo-1.0.zip": [("requirement", ONE, {"target": "foo-1.0.zip"})],
    "-e git+https://h/x#egg=foo": [
        (
            "editable",
            ONE,
            named("foo", url="git+https://h/x#egg=foo", target="git+https://h/x#egg=foo"),
        )
    ],
    "-e ./x[d, dev]": [("error", ONE, {})],
    "-e ./a": [("error", ONE, {})],
    "./a": [("error", ONE, {})],
    "-e foo": [("error", ONE, {})],
}

CASES_WITH_PATHS: Mapping[str, list[tuple[object, ...]]] = {
    "-e ./a -e ./b": [("editable", ONE, include("./a", ("editable", "./b")))],
    "./foo -e ./a": [("editable", ONE, include("./foo", ("editable", "./a")))],
    "-e ./a[x] ; python_version<'3'": [
        (
            "editable",
            ONE,
            {
                "extras": ("x",),
                "target": "./a[x]",
                "dropped": (("", ";"), ("", "python_version<3")),
            },
        )
    ],
    # Only a directory of that odd name could save it; there is none, so pip refuses it in practice.
    "-e ./x[d, dev]": [("editable", ONE, include("./x[d,", ("", "dev]")))],
    "-e ./x --hash=sha256:a": [("editable", ONE, include("./x", ("hash", "sha256:a")))],
    "./a": [("requirement", ONE, {"target": "./a"})],
    "a/b[X]; extra == 'a'": [
        ("requirement", ONE, {"target": "a/b", "extras": ("x",), "marker": 'extra == "a"'})
    ],
    ".": [("requirement", ONE, {"target": "."})],
    "../x": [("requirement", ONE, {"target": "../x"})],
}


@pytest.mark.parametrize("text", CASES)
def test_known_case(reader: PipReader, text: str) -> None:
    """Each verified edge case of pip's format reads as it was verified."""
    actual = [summary(reading) for reading in reader.read(text)]

    assert CASES[text] == actual


@pytest.mark.parametrize("text", CASES_WITH_PATHS)
def test_known_case_where_paths_exist(reader: PipReader, text: str) -> None:
    """Local paths read as such when pip finds them."""
    actual = [summary(reading) for reading in reader.read_with_paths_present(text)]

    assert CASES_WITH_PATHS[text] == actual


def test_real_directories_read_like_the_pretended_ones(reader: PipReader) -> None:
    """Pretending that a path exists gives what pip gives where it does."""
    (Path("a") / "b").mkdir(parents=True)
    (Path("a") / "b" / "pyproject.toml").touch()
    for text in ("a/b", "./a/b[X]", "-e a/b", "-e ./a/b[x]", "-e ./a -e ./b", "a/b ; extra == 'x'"):
        assert reader.read_with_paths_present(text) == reader.read(text)


def test_marker_of_an_editable_path_is_never_read(reader: PipReader) -> None:
    """Unquoted it is dropped; quoted it becomes part of a path that does not exist."""
    Path("a").mkdir()
    unquoted, quoted = reader.read("-e ./a ; extra=='x'\n-e \"./a ; extra=='x'\"")

    assert ("editable", None) == (unquoted.kind, unquoted.marker)
    assert "error" == quoted.kind


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("foo --hash=md5:abc", "Allowed hash algorithms"),
        ("foo --hash=abc", "must be a hash name"),
        ("my-package=1.0", "= is not a valid operator. Did you mean == ?"),
        ("--req x", "ambiguous option: --req"),
        ("--trusted-host a:b", "Port could not be cast"),
        ("foo @ FILE:///x", "You can only turn file: urls into filenames"),
        ("http://[x", "Invalid IPv6 URL"),
        ("foo -C 'a", "Could not split options"),
    ],
)
def test_errors_carry_pips_message(reader: PipReader, text: str, message: str) -> None:
    """The text of an error is pip's own, whatever kind of exception it raised."""
    (reading,) = reader.read(text)

    assert "error" == reading.kind
    assert message in str(reading.error)


def test_variables_of_the_process_are_not_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that is set outside stays unexpanded inside."""
    monkeypatch.setenv("WHERE", "elsewhere")
    with pip_context() as reader:
        (reading,) = reader.read("-r ${WHERE}.txt")

    assert "${WHERE}.txt" == reading.target


def test_context_gives_everything_back(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Directory and environment are afterwards as they were before."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WHERE", "elsewhere")
    with pip_context():
        inside = Path.cwd()

    assert tmp_path == Path.cwd() != inside
    assert not inside.exists()


def test_reused_parser_reads_like_a_new_one(reader: PipReader) -> None:
    """The recording parser takes and refuses what pip's does, with the same values."""
    recording = _RecordingParser()
    for line in generate_lines(SEED, 3000):
        for _, text in req_file.preprocess(line.text):
            recording.reset()
            with mock.patch.object(req_file, "build_parser", return_value=recording):
                actual = _outcome(text)
            assert _outcome(text) == actual


def _outcome(text: str) -> object:
    # pip takes the objects that these options write into from its finder, one for the whole run.
    finder: Any = SimpleNamespace(format_control=FormatControl(), release_control=ReleaseControl())
    try:
        arguments, values = req_file.get_line_parser(finder)(text)
    except Exception as error:  # noqa: BLE001 - whatever pip raises is its answer
        return type(error), getattr(error, "msg", str(error))
    return arguments, {name: _plain(value) for name, value in vars(values).items()}


def _plain(value: Any) -> object:
    assert not isinstance(value, optparse.Values)
    return repr(value)


def test_lines_are_the_same_for_the_same_seed() -> None:
    """A failure can be repeated from its seed."""
    assert list(generate_lines(SEED, 200)) == list(generate_lines(SEED, 200))
    assert list(generate_lines(SEED, 200)) != list(generate_lines(SEED + 1, 200))


def test_lines_are_varied_and_often_wrong(reader: PipReader) -> None:
    """Every kind of reading and every label is there, and pip rejects a quarter to three fifths."""
    labels: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    rejected = 0
    total = 4000
    for line in generate_lines(SEED, total):
        labels[line.kind_label] += 1
        readings = reader.read(line.text)
        kinds.update(reading.kind for reading in readings)
        rejected += any(reading.kind == "error" for reading in readings)

    assert {"requirement", "editable", "include", "constraint", "option", "error"} == set(kinds)
    assert min(kinds.values()) >= total / 200
    assert min(labels.values()) >= total / 200
    assert 0.25 <= rejected / total <= 0.6


def test_files_are_read_by_pips_own_loop_as_line_by_line(reader: PipReader) -> None:
    """Up to the first error, pip's loop over a file gives what the oracle gives for its lines."""
    path = Path("requirements.txt").absolute()
    for text in generate_files(SEED, 400):
        path.write_bytes(text.encode())
        content = decode(path.read_bytes())
        path.unlink()
        readings = reader.read(content)
        good = [*_until_error(readings)]
        # Includes are read as empty here; the line by line route never opens them.
        contents = partial(_content_of_one, str(path), content)
        with mock.patch.object(req_file, "get_file_content", contents):
            whole = reader.read_whole_file(path)

        expected = [
            (reading.name, reading.extras, reading.marker, reading.hashes, reading.editable)
            for reading in good
            if reading.kind in {"requirement", "editable"}
        ]
        assert expected == [_facts(requirement) for requirement in whole.requirements]
        assert (len(good) < len(readings)) == (whole.error is not None), text
        if whole.error is not None:
            message = str(readings[len(good)].error).partition(": ")[2]
            # The line stands in some messages with its number, which counts pip's lines there.
            assert message.split(" (from line ")[0] in str(whole.error)


def _content_of_one(
    path: str, content: str, url: str, session: object, *, constraint: bool
) -> tuple[str, str]:
    return url, content if url == path else ""


def _until_error(readings: tuple[Reading, ...]) -> Iterator[Reading]:
    for reading in readings:
        if reading.kind == "error":
            return
        yield reading


def _facts(requirement: InstallRequirement) -> tuple[object, ...]:
    return (
        requirement.name,
        tuple(sorted(requirement.extras)),
        None if requirement.markers is None else str(requirement.markers),
        tuple(
            sorted(
                f"{algorithm}:{digest}"
                for algorithm, digests in requirement.hash_options.items()
                for digest in digests
            )
        ),
        requirement.editable,
    )


def test_functions_of_pip_are_all_accounted_for() -> None:
    """Each function of the two modules is listed as used in reading files or as not."""
    for module, used in USED.items():
        listed = used | set(UNUSED[module])

        assert listed == set(functions_of(module).values())


def test_lines_and_files_reach_pips_parser(reader: PipReader) -> None:
    """Nearly all of the functions that reading uses run over the samples."""
    lines = [line.text for line in generate_lines(SEED, 1500)]
    coverage = coverage_of_pip(reader, lines, islice(generate_files(SEED, 50), 50))

    assert coverage.share >= 0.95, coverage.missed
