"""A requirement written into requirements files, and taken out of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pinfold.core.formats.document import Document
from pinfold.core.formats.requirements import parse_requirements
from pinfold.core.formats.summary import normalised, summary_of
from pinfold.core.model.files import FileRole
from pinfold.core.rules.view import FileView, IncludedFile
from pinfold.features.fixing import edited_text
from pinfold.features.saving_requirements import (
    NotSaved,
    SaveFile,
    Saving,
    save_files,
    to_remove,
    to_save,
)
from tests.harness.environments import environment
from tests.oracle.pip_reading import pip_context

HASH = "sha256:" + "0" * 64
OTHER = "sha256:" + "f" * 64


def file(text: str, name: str = "requirements.txt") -> SaveFile:
    """Return a file that holds *text*."""
    return SaveFile(Path("/project") / name, Document.read(text))


def saved(text: str, requirement: str, *, hashes: tuple[str, ...] = ()) -> str:
    """Return *text* with *requirement* saved in it."""
    answer = environment("python 3.11.2")
    assert answer.packages is not None
    markers = answer.packages.environment.markers
    found = to_save([file(text)], requirement, hashes=hashes, markers=markers)
    assert isinstance(found, Saving), found
    return edited_text(text, found.edits)


@pytest.mark.parametrize(
    ("before", "requirement", "after"),
    [
        ("", "flask", "flask\n"),
        ("flask\n", "flask", "flask\n"),
        ("flask\n", "Flask==1.0", "flask==1.0\n"),
        ("Flask_X>=1  # why\nb\n", "flask-x==2.0", "Flask_X==2.0  # why\nb\n"),
        (
            "flask==1 ; python_version > '3' # x\n",
            "flask>=2,<3",
            "flask>=2,<3 ; python_version > '3' # x\n",
        ),
        ("flask[a]==1\n", "flask[b]", "flask[a,b]==1\n"),
        ("flask[a]\n", "flask[A]==2", "flask[a]==2\n"),
        ("flask[a] # x\n", "flask[b]==2", "flask[a,b]==2 # x\n"),
        ("flask # x", "flask[a]==2", "flask[a]==2 # x"),
        ("x @ https://h.example/x.zip # c \\\n\n", "x==1", "x==1  # c\n\n"),
        ("flask==1\n", "flask", "flask==1\n"),
        ("flask==1\n", "flask==1.*", "flask==1.*\n"),
        ("flask>=1,<2\n", "flask<2,>=1", "flask>=1,<2\n"),
        ("flask (>=1)\n", "flask==2", "flask (==2)\n"),
        ("flask == 1\r\nb\r\n", "flask==2", "flask ==2\r\nb\r\n"),
        ("flask==1\n", "flask @ https://h.example/f.zip", "flask @ https://h.example/f.zip\n"),
        (
            "flask==1; python_version > '3' # c\n",
            "flask @ https://h.example/f.zip",
            "flask @ https://h.example/f.zip ; python_version > '3'  # c\n",
        ),
        ("flask @ https://h.example/f.zip # c\n", "flask==1", "flask==1  # c\n"),
        (
            "flask @ https://h.example/f.zip\n",
            "flask @ https://h.example/g.zip",
            "flask @ https://h.example/g.zip\n",
        ),
        (
            "flask==1 \\\n  ; python_version > '3'\n",
            "flask==2",
            "flask==2 \\\n  ; python_version > '3'\n",
        ),
        (
            "flask==1; python_version > '3'\n",
            "flask==2; python_version > '2'",
            "flask==2; python_version > '2'\n",
        ),
        (
            "flask==1; python_version < '3'\nflask==2; python_version >= '3'\n",
            "flask==3",
            "flask==1; python_version < '3'\nflask==3; python_version >= '3'\n",
        ),
        (
            "flask==1; python_version < '3'\nflask==2; python_version >= '3'\n",
            "flask==0.5; python_version < '3'",
            "flask==0.5; python_version < '3'\nflask==2; python_version >= '3'\n",
        ),
        ("flask==1 --config-settings a=b\n", "flask==2", "flask==2 --config-settings a=b\n"),
        ("-e ./x\n", "-e ./x", "-e ./x\n"),
        (
            "-e git+https://h.example/x#egg=x\n",
            "-e git+https://h.example/x#egg=x",
            "-e git+https://h.example/x#egg=x\n",
        ),
        # Where it belongs.
        ("a\nc\n", "b==1", "a\nb==1\nc\n"),
        ("A\nb-x\nb.y\n", "B_z", "A\nb-x\nb.y\nB_z\n"),
        ("a\nc\n", "d", "a\nc\nd\n"),
        ("b\nc\n", "a", "a\nb\nc\n"),
        ("# all\nb\nc\n", "a", "# all\na\nb\nc\n"),
        ("a\n# about c\nc\n", "b", "a\nb\n# about c\nc\n"),
        ("a\n    # via x\nc\n", "b", "a\n    # via x\nb\nc\n"),
        ("c\na\n", "b", "c\na\nb\n"),
        ("c\na\n\n# the end\n", "b", "c\na\nb\n\n# the end\n"),
        ("a\n\n# the end\n", "b", "a\nb\n\n# the end\n"),
        ("# nothing yet\n", "b", "# nothing yet\nb\n"),
        ("# nothing yet", "b", "# nothing yet\nb"),
        ("a\nc", "d", "a\nc\nd"),
        ("a\r\nc\r\n", "b", "a\r\nb\r\nc\r\n"),
        ("a\r\nc", "d", "a\r\nc\r\nd"),
        ("-r base.txt\n--pre\nb\n", "a", "-r base.txt\n--pre\na\nb\n"),
        ("a\n--pre\n", "b", "a\nb\n--pre\n"),
        ("z\na\n--pre\n", "b", "z\na\n--pre\nb\n"),
        ("a\nc\n", "-e ./b", "a\nc\n-e ./b\n"),
        ("a\n./b\nc\n", "b", "a\n./b\nc\nb\n"),
        ("c\na \\", "b", "c\na \\\n\nb"),
        ("b=1\nc\n", "a", "b=1\na\nc\n"),
    ],
)
def test_saved(before: str, requirement: str, after: str) -> None:
    """What stands there is kept as far as it can be, and what is new comes where it belongs."""
    assert after == saved(before, requirement)


@pytest.mark.parametrize(
    ("before", "requirement", "after"),
    [
        (
            f"flask==1 \\\n    --hash={HASH}  # why\n",
            "flask==2",
            f"flask==2 \\\n    --hash={OTHER}  # why\n",
        ),
        (f"flask==1 --hash={HASH}\n", "flask==2", f"flask==2 \\\n    --hash={OTHER}\n"),
        (f"flask==1 --hash={HASH}\n", "flask[x]", f"flask[x]==1 --hash={HASH}\n"),
        (
            f"flask==1 --hash={HASH}\n",
            "b==2",
            f"b==2 \\\n    --hash={OTHER}\nflask==1 --hash={HASH}\n",
        ),
    ],
)
def test_saved_with_hashes(before: str, requirement: str, after: str) -> None:
    """Hashes go with the version that they are of."""
    assert after == saved(before, requirement, hashes=(OTHER,))


@pytest.mark.parametrize(
    ("before", "requirement", "reason"),
    [
        ("flask==1\nflask==2\n", "flask==3", "more than once (requirements.txt, line 1; requirem"),
        (f"flask==1 --hash={HASH}\n", "flask==2", "has hashes, which are those of another"),
        (f"flask==1 --hash={HASH}\n", "b==2", "asks for hashes, so a line without one"),
        ("-e git+https://h.example/x#egg=x\n", "x==1", "asks for an editable install of `x`"),
        ("x==1\n", "-e git+https://h.example/x#egg=x", "asks for no editable install of `x`"),
        ("./x-1-py3-none-any.whl\n", "x==1", "asks for `./x-1-py3-none-any.whl`: change it there"),
        ("a\n", "b=1", "`b=1` is not one requirement"),
        ("a\n", "-r x.txt", "is not one requirement"),
        ("a\n", "a\nb", "is not one requirement"),
        ("a\n", "", "is not one requirement"),
        ("a\n", "a # why", "is not one requirement"),
        ("a\n", f"a --hash={HASH}", "has options"),
        ("a\n", "https://me:secret@[x/y", "is not one requirement"),
        (
            "x; python_version<'3'\nx; python_version>'3'\n",
            "x==1; os_name == 'nt'",
            "more than once",
        ),
    ],
)
def test_not_saved(before: str, requirement: str, reason: str) -> None:
    """What would change more than it should is refused, with the reason."""
    found = to_save([file(before)], requirement)

    assert isinstance(found, NotSaved)
    assert reason in found.message
    assert "secret" not in found.message


def test_saved_in_an_included_file() -> None:
    """A project that stands in an included file is changed there; a new one comes first."""
    files = [file("-r base.txt\nz\n"), file("flask==1\n", "base.txt")]
    changed, added = to_save(files, "flask==2"), to_save(files, "b")

    assert isinstance(changed, Saving)
    assert isinstance(added, Saving)
    assert ("base.txt", "flask==2\n") == (
        changed.path.name,
        edited_text("flask==1\n", changed.edits),
    )
    assert ("requirements.txt", "-r base.txt\nb\nz\n") == (
        added.path.name,
        edited_text("-r base.txt\nz\n", added.edits),
    )


def test_files_of_a_view() -> None:
    """A file that only constrains is none to save requirements in."""
    path = Path("/project/requirements.txt")
    document = Document.read("")
    view = FileView(
        path,
        FileRole.REQUIREMENTS,
        document,
        included=(
            IncludedFile(Path("/project/a.txt"), document, is_constraint=False),
            IncludedFile(Path("/project/c.txt"), document, is_constraint=True),
        ),
    )

    assert ["requirements.txt", "a.txt"] == [one.path.name for one in save_files(view)]


def removed(text: str, name: str) -> str:
    """Return *text* without the requirements of a project."""
    found = to_remove([file(text)], normalised(name))
    return edited_text(text, found[0].edits) if found else text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a\nX\nb\n", "a\nb\n"),
        ("a\n# about x\nx==1 # why\nb\n", "a\n# about x\nb\n"),
        ("a\nx==1 \\\n  --hash=sha256:00\n    # via a\n    # and b\n# b\nb\n", "a\n# b\nb\n"),
        ("x<1; os_name == 'nt'\na\nx>1; os_name != 'nt'\n", "a\n"),
        ("a\nx", "a"),
        ("a\r\nx", "a"),
        ("a\n\nx", "a\n"),
        ("a\nx\nx", "a"),
        ("a\nx\nb\nx\n", "a\nb\n"),
        ("x", ""),
        ("x\n", ""),
        ("a\n-e git+https://h.example/x#egg=x\n", "a\n"),
        ("a\n", "a\n"),
        ("x=1\n", "x=1\n"),
    ],
)
def test_removed(before: str, after: str) -> None:
    """A line goes with what is said on it and indented below; the comment above it stays."""
    assert after == removed(before, "x")


def test_removed_everywhere() -> None:
    """A project goes out of every file that asks for it."""
    files = [file("x\n"), file("a\n", "a.txt"), file("b\nx\n", "b.txt")]

    assert ["requirements.txt", "b.txt"] == [
        one.path.name for one in to_remove(files, normalised("x"))
    ]


LINES = st.sampled_from(
    [
        "a", "A==1", "b>=1,<2  # why", "c[x]; python_version > '3'", "c_d ; os_name == 'nt'",
        "d @ https://h.example/d.zip", "-e ./e", "-r other.txt", "--pre", "# comment",
        "  # indented",
        "", "b=1", "a \\\n  ; os_name == 'posix'", "e (>=1)", "# odd \\", "f # odd \\", "f==1\x0c",
        "./g-1.zip", "b --config-settings x=y", "${X}", "b\u2028", "\ta", "d==1\\",
    ]
)  # fmt: skip
ENDS = st.sampled_from(["\n", "\n", "\n", "\r\n", "\r"])
TEXTS = st.lists(st.tuples(LINES, ENDS), max_size=8).flatmap(
    lambda pairs: st.sampled_from(
        [
            "".join(line + end for line, end in pairs),
            "".join(line + end for line, end in pairs).rstrip("\r\n"),
        ]
    )
)
WANTED = st.sampled_from(
    [
        "a", "a==2", "B", "b[z]>=1.5", "bb", "c==3; python_version > '3'", "c-d", "e==2", "z",
        "d @ https://h.example/other.zip", "d==4", "-e ./e", "-e ./new", "./g-1.zip", "f===1.0",
    ]
)  # fmt: skip


def pip_reads(text: str) -> list[tuple[object, ...]]:
    """Return what pip makes of each line of *text*, in order; a refused one ends nothing."""
    with pip_context() as reader:
        return [
            (
                reading.kind,
                reading.text,
                reading.name,
                reading.extras,
                reading.specifier,
                reading.marker,
                reading.url,
                reading.target,
            )
            for reading in reader.read_with_paths_present(text)
        ]


@given(TEXTS, WANTED)
@example("c\na \\", "b")
@example("f # odd \\", "z")
@example("a\r", "b")
@example("d==1\\\n# odd \\\na\n", "d @ https://h.example/other.zip")
def test_pip_reads_the_rest_as_before(text: str, requirement: str) -> None:
    """After saving, pip reads every other line the same, and what is new exactly once."""
    found = to_save([file(text)], requirement)
    if isinstance(found, NotSaved):
        return
    before, after = pip_reads(text), pip_reads(edited_text(text, found.edits))
    fresh = list(after)
    for reading in before:
        if reading in fresh:
            fresh.remove(reading)
    gone = list(before)
    for reading in after:
        if reading in gone:
            gone.remove(reading)
    (wanted,) = pip_reads(requirement)

    assert len(found.edits) == len(fresh) <= 1
    assert len(gone) <= len(fresh)
    assert len(before) + len(fresh) - len(gone) == len(after)
    for reading in fresh:
        assert (wanted[0], wanted[2] and normalised(str(wanted[2]))) == (
            reading[0],
            reading[2] and normalised(str(reading[2])),
        )
        assert set(map(str, wanted[3])) <= set(map(str, reading[3]))  # type: ignore[call-overload]
        if wanted[4]:
            assert wanted[4] == reading[4]


@given(TEXTS, st.sampled_from("abcdef"))
def test_removal_leaves_the_rest(text: str, name: str) -> None:
    """After a removal, pip reads every other line as before, and none of the project."""
    key = normalised(name)
    (found, *more) = to_remove([file(text)], key) or (Saving(Path(), ()),)
    after = edited_text(text, found.edits)
    lines = parse_requirements(text).lines
    expected = "".join(line.text for line in lines if summary_of(line).name != key)

    assert not more
    assert pip_reads(expected) == pip_reads(after)
    assert text.endswith(("\n", "\r")) <= (after.endswith(("\n", "\r")) or not after)
