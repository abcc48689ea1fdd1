"""`pinfold list`, `tree` and `freeze`: what is installed, shown without starting anything."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from tests.cli.environment_scene import make_base, make_whole, stand_alone
from tests.core.environments.conformance import audited

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.running import Runner


@pytest.fixture
def project(pinfold: Runner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Runner:
    """`pinfold` in a project with an environment: a needs b, which is too old, and c, not there."""
    stand_alone(pinfold, monkeypatch, tmp_path)
    prefix = make_whole(pinfold.folder / ".venv", make_base(tmp_path / "base"), b="1.0", d="1.0")
    install(prefix, "A", "Requires-Dist: b>1\nRequires-Dist: c")
    install(prefix, "e", "Requires-Dist: d")
    (pinfold.folder / "work").mkdir()
    link = prefix / "lib/python3.12/site-packages/e-1.0.dist-info/direct_url.json"
    url = (pinfold.folder / "work").as_uri()
    link.write_text(f'{{"url": "{url}", "dir_info": {{"editable": true}}}}', encoding="utf-8")
    archive = prefix / "lib/python3.12/site-packages/d-1.0.dist-info/direct_url.json"
    archive.write_text(
        '{"url": "https://me:secret@host.example/d.zip", "archive_info": {}}', encoding="utf-8"
    )
    return pinfold


def install(prefix: Path, name: str, headers: str) -> None:
    """Put a distribution with some headers into an environment."""
    folder = prefix / f"lib/python3.12/site-packages/{name}-1.0.dist-info"
    folder.mkdir()
    text = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{headers}\n"
    (folder / "METADATA").write_text(text, encoding="utf-8")
    (folder / "RECORD").touch()
    (folder / "INSTALLER").write_text("pip\n", encoding="utf-8")


def test_list(project: Runner) -> None:
    """Packages stand in order of name, with where they came from; no password is shown."""
    result = project("list")
    heading, *lines = result.out.splitlines()

    assert (0, "") == (result.status, result.err)
    assert heading.startswith(".venv (CPython 3.12.1 on ")
    assert heading.endswith(", 5 packages)")
    assert [
        ["A", "1.0"],
        ["b", "1.0"],
        ["d", "1.0", "from", "https://me:******@host.example/d.zip"],
        ["e", "1.0", "editable:", "work"],
        ["pip", "25.0"],
    ] == [line.split() for line in lines]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], ["A", "b", "d", "e", "pip"]),
        (["--editable"], ["e"]),
        (["--not-required"], ["A", "e", "pip"]),
        (["--not-required", "--editable"], ["e"]),
        (["--env", ".venv"], ["A", "b", "d", "e", "pip"]),
        (["--env", ".venv/bin/python"], ["A", "b", "d", "e", "pip"]),
    ],
)
def test_list_in_json(project: Runner, options: list[str], expected: list[str]) -> None:
    """JSON has the same, by schema."""
    result = project("list", "--format", "json", *options)
    shape = result.json("list")

    assert expected == [package["name"] for package in shape["packages"]]
    assert ".venv" == shape["prefix"]
    assert "secret" not in result.out


def test_one_package_in_json(project: Runner) -> None:
    """A package is told with what it needs, and who needs it."""
    first, second, third, fourth, _ = project("list", "--format", "json").json("list")["packages"]

    assert (["b", "c"], [], "pip") == (
        first["requires"],
        first["requiredBy"],
        first["installer"],
    )
    assert (["a"], None) == (second["requiredBy"], second["source"])
    assert (["e"], "https://me:******@host.example/d.zip") == (
        third["requiredBy"],
        third["source"],
    )
    assert ("work", None) == (fourth["editable"], fourth["source"])


def test_list_of_some(project: Runner) -> None:
    """The heading says that there are more."""
    assert project("list", "--editable").out.splitlines()[0].endswith(", 1 of 5 packages)")


TREE = """\
A 1.0
├── b 1.0 does not fit: b>1 is needed
└── c is not installed (needed: c)
e 1.0
└── d 1.0
pip 25.0

Not everything fits together: `pinfold env doctor DIR` says what does not.
"""


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], TREE),
        (["e"], "e 1.0\n└── d 1.0\n"),
        (["E", "--depth", "0"], "e 1.0 ...\n"),
        (["D", "--invert"], "d 1.0\n└── e 1.0\n"),
        (["--why", "d"], "e 1.0\n└── d 1.0\n"),
        (["--why", "pip"], "pip 25.0\n"),
    ],
)
def test_tree(project: Runner, arguments: list[str], expected: str) -> None:
    """Who needs whom is drawn, and what does not fit is marked."""
    result = project("tree", *arguments)

    assert (0, "", expected) == (result.status, result.err, result.out)


def test_tree_without_lines(project: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the output has no lines to draw with, others are taken."""
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, encoding="cp1252"))
    assert 0 == project("tree").status

    assert TREE.replace("├", "|").replace("└", "`").replace("─", "-") == raw.getvalue().decode()


def test_tree_in_json(project: Runner) -> None:
    """JSON has the same trees, by schema."""
    shape = project("tree", "--format", "json").json("tree")
    first, second, _ = shape["trees"]

    assert False is shape["inverted"]
    assert [("b", "1.0", "b>1", "conflicting"), ("c", None, "c", "missing")] == [
        (below["name"], below["version"], below["requirement"], below["state"])
        for below in first["branches"]
    ]
    assert ("e", None, "d") == (
        second["name"],
        second["requirement"],
        second["branches"][0]["name"],
    )


def test_inverted_tree_in_json(project: Runner) -> None:
    """An inverted one says so, and what is cut says why."""
    shape = project("tree", "--format", "json", "--invert", "--depth", "0").json("tree")

    assert True is shape["inverted"]
    assert [("b", "depth"), ("c", "depth"), ("d", "depth"), ("pip", None)] == [
        (tree["name"], tree["cut"]) for tree in shape["trees"]
    ]


def test_colours(project: Runner) -> None:
    """What does not fit stands out, and so does what was asked about."""
    out = project("tree", "--color", "always", "A").out

    assert "\x1b[1mA\x1b[0m 1.0" in out
    assert "\x1b[1;31mdoes not fit: b>1 is needed\x1b[0m" in out
    assert "\x1b[2meditable: work\x1b[0m" in project("list", "--color", "always").out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["tree", "bb"], "nothing is called `bb` there; did you mean `b`?"),
        (["tree", "--why", "x\x1b"], "nothing is called `x\\x1b` there"),
        (["tree", "--why", "b", "A"], "--why takes the only package that is to be named"),
        (["tree", "--why", "b", "--invert"], "not allowed with argument"),
        (["tree", "--depth", "-1"], "`-1` is no number of levels"),
        (["tree", "--depth", "x"], "`x` is no number of levels"),
        (["list", "--env", "gone"], "gone does not exist"),
        (["tree", "--env", "work"], "work holds neither a pyvenv.cfg nor an interpreter"),
        (["freeze", "--env", ""], "an empty path names nothing"),
        (["freeze", "-r", "gone.txt"], "gone.txt: does not exist"),
        (["freeze", "-r", "work"], "work: "),
        (["freeze", "--local", "--user"], "not allowed with argument"),
    ],
)
def test_bad_input(project: Runner, arguments: list[str], told: str) -> None:
    """What is named and is not there is a failed operation, told in a line."""
    result = project(*arguments)

    assert (2, "") == (result.status, result.out)
    assert told in result.err


@pytest.mark.parametrize("verb", ["list", "tree", "freeze"])
def test_no_environment(
    pinfold: Runner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, verb: str
) -> None:
    """Where there is no environment, that is said."""
    result = stand_alone(pinfold, monkeypatch, tmp_path)(verb)

    assert 2 == result.status
    assert "no environment for the current folder: " in result.err


def test_without_packages(project: Runner) -> None:
    """An environment that has no folder for packages says so."""
    project.write("empty/pyvenv.cfg", "home = /usr/bin\n")
    result = project("list", "--env", "empty")

    assert 2 == result.status
    assert "empty cannot be read: " in result.err


def test_damage(project: Runner) -> None:
    """Metadata that cannot be trusted are told of."""
    folder = project.folder / ".venv/lib/python3.12/site-packages/half-2.0.dist-info"
    folder.mkdir()
    (line,) = [line for line in project("list").out.splitlines() if "half" in line]

    assert ["half", "2.0", "warning:", "it", "has", "no", "metadata"] == line.split()


def test_freeze(project: Runner) -> None:
    """What is written is a requirements file; pip is left out, unless it is wanted."""
    result = project("freeze")
    lines = [
        "A==1.0",
        "b==1.0",
        "d @ https://me:secret@host.example/d.zip",
        "# Editable Git install with no remote (e==1.0)",
        f"-e {project.folder / 'work'}",
    ]

    assert (0, "") == (result.status, result.err)
    assert lines == result.out.splitlines()
    assert "pip==25.0" in project("freeze", "--all").out
    assert "-e" not in project("freeze", "--exclude-editable").out
    assert "b==" not in project("freeze", "--exclude", "B").out


def test_freeze_in_the_order_of_a_file(project: Runner) -> None:
    """Order and comments of a file are kept; what is odd is told apart from the lines."""
    project.write("requirements.txt", "# mine\nb\nx\n")
    result = project("freeze", "-r", "requirements.txt", "--exclude-editable")

    assert [
        "# mine",
        "b==1.0",
        "## The following requirements were added by pip freeze:",
        "A==1.0",
        "d @ https://me:secret@host.example/d.zip",
    ] == result.out.splitlines()
    assert "pinfold: requirements.txt asks for x, which is not installed\n" == result.err


def test_folders_of_freeze(
    project: Runner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What an environment sees in its base, and in the user's folder, can be told apart."""
    configuration = project.folder / ".venv/pyvenv.cfg"
    text = configuration.read_text(encoding="utf-8").replace("= false", "= true")
    configuration.write_text(text, encoding="utf-8")
    # The environment lies below it, as those do that some tools keep for their users.
    users = project.folder
    (users / "lib/python3.12/site-packages").mkdir(parents=True)
    install(users, "mine", "")
    install(tmp_path / "base", "theirs", "")
    monkeypatch.setenv("PYTHONUSERBASE", str(users))
    names = [line.partition("==")[0] for line in project("freeze").out.splitlines()]

    assert {"mine", "theirs"} <= set(names)
    assert ["mine==1.0"] == project("freeze", "--user").out.splitlines()
    assert not {"mine==1.0", "theirs==1.0"} & set(project("freeze", "--local").out.splitlines())
    assert "A==1.0" in project("freeze", "--local").out


@pytest.mark.parametrize("verb", ["list", "tree", "freeze"])
def test_nothing_is_started(project: Runner, verb: str) -> None:
    """Files are read, and nothing else is asked of the system."""
    with audited() as events:
        assert 0 == project(verb).status

    assert events
    assert [] == [
        event for event in events if not event.startswith(("open", "os.listdir", "os.scandir"))
    ]
