"""What is broken among installed packages: at which line it is said, and how."""

from __future__ import annotations

import random

import pytest

from pinfold.core.files import MemoryFileSystem
from pinfold.core.model.environment import Breakage
from pinfold.core.model.facts import Facts
from pinfold.core.model.text import TextRange
from pinfold.core.workspace.workspace import Edited, Opened, Workspace
from tests.harness.environments import environment
from tests.harness.squiggles import ROOT, check, judge

CHAIN = ("a 1 requires b", "b 1 requires c", "c 1 requires missing")
SENTENCE = "c 1 requires missing, which is not installed."


def broken(text: str, *installed: str, **files: str) -> list[tuple[int, str]]:
    """Return line and message of each broken thing that is told of *text*."""
    beside = {name.replace("_", "."): content for name, content in files.items()}
    judgement = judge(text, files=beside, environment=environment(*installed))
    assert judgement.document is not None
    return [
        (judgement.document.position(finding.range.start).line, finding.message)
        for finding in judgement.findings
        if finding.rule == "broken-dependency"
    ]


def test_at_the_line_that_names_it() -> None:
    """A broken package is told at the first line that names it and applies."""
    check(
        """
        c==2 ; python_version < "3"
        C==1 ; python_version > "3"
        ~ broken-dependency: c 1 requires missing, which is not installed.
        a==1
    """,
        environment=environment(*CHAIN),
    )


def test_at_the_line_that_brought_it() -> None:
    """One that no line names is told at the nearest line, with the way from there."""
    assert [(1, f"{SENTENCE} (through `b` → `c`)")] == broken("a==1\nb==1\n", *CHAIN)
    assert [(0, f"{SENTENCE} (through `a` → `b` → `c`)")] == broken("a==1\n", *CHAIN)


def test_ties_go_to_the_first_line() -> None:
    """Of lines that are equally near, the first one answers."""
    installed = (*CHAIN, "x 1 requires b", "y 1 requires z", "z 1 requires c")

    assert [(0, f"{SENTENCE} (through `y` → `z` → `c`)")] == broken("y\nx\na\n", *installed)
    assert [(0, f"{SENTENCE} (through `x` → `b` → `c`)")] == broken("x\na\ny\n", *installed)


def test_through_an_extra() -> None:
    """What an extra of a line brings, it brings through that line."""
    installed = ('a 1 requires c; extra == "x"', "c 1 requires missing")

    assert [(0, f"{SENTENCE} (through `a` → `c`)")] == broken("a[x]==1\n", *installed)
    assert [] == broken("a==1\n", *installed)


def test_through_a_local_project() -> None:
    """A path brings what was installed from it."""
    installed = ("lib 1 requires c editable /project/lib", "c 1 requires missing")

    assert [(0, f"{SENTENCE} (through `lib` → `c`)")] == broken("-e ./lib\n", *installed)


def test_circle() -> None:
    """Packages that need each other are no obstacle."""
    installed = ("a 1 requires b", "b 1 requires a requires c", "c 1 requires missing")

    assert [(0, f"{SENTENCE} (through `a` → `b` → `c`)")] == broken("a\n", *installed)


def test_nothing_brought_it() -> None:
    """What no line brings is not this file's to tell."""
    assert [] == broken("flask\n", "flask 3", *CHAIN)
    assert [] == broken('a ; python_version < "3"\n', *CHAIN)
    assert [] == broken("a\n", "a 1 requires b", "b 1")


def test_several_at_one_line() -> None:
    """Several broken things are several findings, in the order of `pip check`."""
    installed = ("a 1 requires x requires y>=2 requires z", "y 1")

    assert [
        (0, "a 1 requires x, which is not installed."),
        (0, "a 1 requires z, which is not installed."),
        (0, "a 1 has requirement y>=2, but you have y 1."),
    ] == broken("a\ny\n", *installed)


def test_included_file_answers() -> None:
    """What an included file brings is told there, save what only this file names."""
    installed = (*CHAIN, "d 1 requires other")
    said = "d 1 requires other, which is not installed."

    assert [(1, said)] == broken("-r base.txt\nd\na\n", *installed, base_txt="a\n")
    assert [] == broken("-r base.txt\nc\n", *installed, base_txt="c\n")
    assert [(1, SENTENCE)] == broken("-r base.txt\nc\n", *installed, base_txt="a\n")
    assert [(1, SENTENCE)] == broken("-c base.txt\nc\n", *installed, base_txt="c\n")


def test_included_file_that_is_silent() -> None:
    """What an included file does not tell, because it constrains, is told here."""
    assert [(1, SENTENCE)] == broken("-r constraints.txt\nc\n", *CHAIN, constraints_txt="c\n")


def test_files_that_include_each_other() -> None:
    """In a circle of files nobody leaves it to the other."""
    assert [(1, SENTENCE)] == broken(
        "-r base.txt\nc\n", *CHAIN, base_txt="-r requirements.txt\nc\n"
    )


def test_constraints_bring_nothing() -> None:
    """A constraints file has nothing to answer for."""
    check("c==1\n", name="constraints.txt", environment=environment(*CHAIN))


def test_long_ways_and_strange_names() -> None:
    """A way is cut in the middle, and a message is one line of bounded length."""
    installed = [f"p{n} 1 requires p{n + 1}" for n in range(20)]
    ((_, message),) = broken("p0\n", *installed)

    assert message.endswith("(through `p0` → `p1` → `p2` → `p3` → `…` → `p17` → `p18` → `p19`)")

    found = environment("c 1 requires missing")
    assert found.packages is not None
    object.__setattr__(found.packages.broken[0], "message", "c\n1 " + "x" * 10_000)
    (finding,) = [
        finding
        for finding in judge("c\n", environment=found).findings
        if finding.rule == "broken-dependency"
    ]

    assert finding.message.startswith("c 1 xxx")
    assert len(finding.message) <= 2_000


def test_not_for_this_python() -> None:
    """An installed package that excludes the Python is told, here too with the way to it."""
    check(
        """
        numpy==2.3.0
        ~~~~~ not-for-this-python: is for Python `>=3.12`, and `.venv` has CPython 3.11.2
        pandas==2.2.0
        ~~~~~~ not-for-this-python: (through `pandas` → `old`)
    """,
        environment=environment(
            "numpy 2.3.0 requires python>=3.12",
            "pandas 2.2.0 requires old",
            "old 1 requires python<3",
        ),
    )


@pytest.mark.parametrize(
    ("wheel", "said"),
    [
        ("py3-none-any", None),
        ("py2.py3-none-any", None),
        ("py311-none-any", None),
        ("cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64", None),
        ("cp311-cp311t-linux_x86_64", None),
        ("cp38-abi3-musllinux_1_1_x86_64", None),
        ("cp38-abi3-freebsd_13_amd64", None),
        ("py2-none-any", "wheel is for Python 2, `.venv` has CPython 3.11.2"),
        ("py312-none-any", "wheel is for Python 3.12, `.venv` has CPython 3.11.2"),
        ("cp38-cp38-linux_x86_64", "wheel is for CPython 3.8, `.venv` has CPython 3.11.2"),
        ("cp312-abi3-linux_x86_64", "wheel is for CPython 3.12 and later, `.venv` has"),
        ("pp311-pypy311_pp73-linux_x86_64", "wheel is for PyPy 3.11, `.venv` has"),
        ("cp311-cp311-win_amd64", "wheel is for Windows, `.venv` is for Linux"),
        ("cp311-none-macosx_11_0_arm64", "wheel is for macOS, `.venv` is for Linux"),
    ],
)
def test_wheels(wheel: str, said: str | None) -> None:
    """The tags in a wheel's name say which Pythons and systems it is for."""
    filename = f"tool-1.0-{wheel}.whl"
    lines = (
        f"tool @ https://files.example/{filename}",
        f"https://files.example/{filename} ; python_version > '3'",
        f"./{filename}",
    )
    found = [
        [
            f.message
            for f in judge(f"{line}\n", environment=environment("tool 1.0")).findings
            if f.rule == "not-for-this-python"
        ]
        for line in lines
    ]

    for messages in found:
        assert [] == messages if said is None else messages[0].startswith(said)


def test_wheel_that_is_left_out() -> None:
    """A wheel that a marker leaves out here may be for any Python."""
    line = 'tool @ https://files.example/tool-1.0-cp38-cp38-win32.whl ; python_version < "3.9"\n'
    findings = judge(line, environment=environment("tool 1.0")).findings

    assert ["unused-marker"] == [finding.rule for finding in findings]


@pytest.mark.parametrize("seed", range(20))
def test_file_of_everything_says_what_pip_says(seed: int) -> None:
    """Where every installed project is listed, the findings are what `pip check` prints."""
    chance = random.Random(seed)
    names = [f"p{number}" for number in range(60)]
    lines = []
    for name in names:
        needed = chance.sample([*names, "gone", "lost"], chance.randrange(5))
        limits = ("", ">=1", "<1", '; python_version < "3"')
        requires = "".join(f" requires {other}{chance.choice(limits)}" for other in needed)
        python = chance.choice(["", "", "", " requires python>=3.12"])
        lines.append(f"{name} 1.0{requires}{python}")
    found = environment(*lines)
    assert found.packages is not None
    listed = [f"{name}==1.0" for name in names]
    chance.shuffle(listed)
    judgement = judge("\n".join(listed), environment=found)
    said = [f.message for f in judgement.findings if f.rule == "broken-dependency"]
    pip_says = [b.message for b in found.packages.broken if b.breakage is not Breakage.PYTHON]

    assert pip_says
    assert sorted(pip_says) == sorted(said)


def test_follows_edits() -> None:
    """After any edit the findings are those of the new text read from scratch."""
    chance = random.Random(1)
    names = [f"p{number}" for number in range(12)]
    found = environment(
        *(
            f"{name} 1 requires {chance.choice(names)} requires {chance.choice(['gone', *names])}"
            for name in names
        )
    )
    path = ROOT / "requirements.txt"
    text = "p0\np1\n"
    workspace = Workspace(
        MemoryFileSystem({str(path): text}),
        working_directory=ROOT,
        locale_encoding="utf-8",
        facts=Facts(environment=found),
    )
    workspace.apply(Opened(path, text))
    for _ in range(60):
        start = chance.randrange(len(text) + 1)
        end = min(len(text), start + chance.randrange(4))
        new = chance.choice(["", "\n", "p3\n", "7", 'p2 ; python_version < "3"\n', "# "])
        snapshot = workspace.apply(Edited(path, ((TextRange(start, end), new),)))
        text = text[:start] + new + text[end:]
        again = judge(text, facts=Facts(environment=found))

        assert again.findings == snapshot.judge(path).findings
