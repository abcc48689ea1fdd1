"""Requirements that no version satisfies, alone or together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pinfold.core.rules import conflicts
from pinfold.core.rules.conflicts import MAX_DEMANDS, judged
from pinfold.core.rules.demands import Demand, archive_version, comparable_url
from tests.harness.squiggles import check, judge

if TYPE_CHECKING:
    from pinfold.core.model.finding import Finding


def test_unsatisfiable() -> None:
    """A line that excludes every version is reported on its specifier, and names the clauses."""
    check("""
        alpha >=3, !=4, <2
              ~~~~~~~~~~~~ unsatisfiable: both `>=3` and `<2`
        beta==1.0,==2.0
            ~~~~~~~~~~~ unsatisfiable
        gamma==1.0,!=1.0
             ~~~~~~~~~~~ unsatisfiable
        delta~=2.0,<2
             ~~~~~~~~ unsatisfiable
        epsilon>1,<1.0.post1
               ~~~~~~~~~~~~~ unsatisfiable
        zeta<0
            ~~ unsatisfiable: no version satisfies `<0`
        eta>=1,!=1.*,<2  --config-settings=a=b
           ~~~~~~~~~~~~ unsatisfiable: all of
    """)


def test_satisfiable() -> None:
    """Whatever leaves a version, be it a pre-release or a local one, is nobody's fault."""
    check(
        """
        alpha>=1.0.dev0,<1.0a1
        beta==1.0,!=1.0+a
        gamma>1.0,<1.0.0.1
        delta==1.0+a,<=1.0
        epsilon<=0
        zeta===1.0,==1.0.0
    """,
        name="requirements.in",
    )


def test_line_that_never_applies() -> None:
    """What holds in no environment excludes nothing; what holds in an old one does."""
    check(
        """
        alpha>=3,<2 ; extra == "x"
        beta>=3,<2 ; python_version < "3" and python_version > "3.5"
        gamma>=3,<2 ; platform_release > "5"
        delta>=3,<2 ; python_version == "3.7"
             ~~~~~~ unsatisfiable
    """,
        name="requirements.in",
    )


def test_constraint_that_forbids() -> None:
    """In a constraints file it is a warning: it says that the package must not be installed."""
    (finding,) = judge("alpha<0\n", name="constraints.txt").findings

    assert ("unsatisfiable", "warning") == (finding.rule, finding.severity.value)


def test_two_lines() -> None:
    """Lines that exclude each other are told at the later one, with an environment."""
    check(
        """
        Alpha >= 4
        alpha<4
        ~~~~~~~ conflicting-requirements: `alpha<4` conflicts with `Alpha>=4` (line 1): no version \
satisfies both, for example on Python 3.13 on Linux
        beta==1 ; python_version < "3.9"
        beta==2 ; python_version >= "3.9"
        gamma==1 ; python_version <= "3.9"
        gamma==2 ; python_version >= "3.9" and sys_platform == "win32"
        ~~~~~~~~ conflicting-requirements: on Python 3.9 on Windows, where both apply, no version
    """,
        name="requirements.in",
    )


def test_three_lines() -> None:
    """Where only three together exclude everything, all three are named."""
    (finding,) = _conflicts("alpha>=1,!=1.*\nalpha!=2.*\nalpha<3\n")

    assert (
        "`alpha<3` conflicts with `alpha>=1,!=1.*` (line 1) and `alpha!=2.*` (line 2): "
        "no version satisfies all three, for example on Python 3.13 on Linux"
    ) == finding.message
    assert [0, 15] == [related.range.start for related in finding.related]


def test_other_file() -> None:
    """A line of an included file is named, and is related with its place in that file."""
    (finding,) = _conflicts(
        "-r base.txt\nalpha>=4\n", files={"base.txt": "# all of us\nalpha<4  # old\n"}
    )
    (related,) = finding.related

    assert "`alpha>=4` conflicts with `alpha<4` (base.txt, line 2): no version" in finding.message
    assert ("base.txt", 12, 19) == (related.path.name, related.range.start, related.range.end)


def test_own_line_before_the_include() -> None:
    """A conflict with a line of this file is told there, whichever is read first."""
    check(
        """
        alpha>=4
        ~~~~~~~~ conflicting-requirements: (base.txt, line 1)
        -r base.txt
    """,
        name="requirements.in",
        files={"base.txt": "alpha<4"},
    )


def test_two_included_files() -> None:
    """What two included files disagree about is told at the include that brings the later."""
    check(
        """
        -r one.txt
        -r deep.txt
        ~~~~~~~~~~~ conflicting-requirements: `alpha<4` (two.txt, line 1) conflicts with `alpha>=4`
    """,
        files={"one.txt": "alpha>=4", "deep.txt": "-r two.txt", "two.txt": "alpha<4"},
    )


def test_included_file_tells_it_itself() -> None:
    """What an included file sees by itself is not told again by those that include it."""
    files = {"both.txt": "-r one.txt\nalpha>=4", "one.txt": "alpha<4", "c.txt": "beta==1\nbeta==2"}

    assert [] == _conflicts("-r both.txt\n-c c.txt\nbeta\n", files=files)
    assert 1 == len(_conflicts(files["both.txt"], name="both.txt", files=files))
    assert 1 == len(_conflicts(files["c.txt"], name="c.txt", files=files))


def test_constraints() -> None:
    """A constraint counts for what is required, and for nothing else."""
    check(
        """
        -c limits.txt
        alpha>=4
        ~~~~~~~~ conflicting-requirements: `alpha<4` (limits.txt, line 1)
        delta
        ~~~~~ conflicting-requirements: `delta<0` (limits.txt, line 4)
        gamma>=4 ; sys_platform == "win32"
    """,
        name="requirements.in",
        files={
            "limits.txt": "alpha<4\nbeta==1\ngamma<4 ; sys_platform != 'win32'\ndelta<0",
            "more.txt": "beta==2",
        },
    )
    assert [] == _conflicts(
        "-c limits.txt\n-c more.txt\n", files={"limits.txt": "beta==1", "more.txt": "beta==2"}
    )
    (finding,) = _conflicts(
        "-c limits.txt\n-c more.txt\nbeta\n", files={"limits.txt": "beta==1", "more.txt": "beta==2"}
    )
    assert 14 == finding.range.start


def test_constraint_that_forbids_what_is_required() -> None:
    """A package that a constraint forbids conflicts with what requires it, in either order."""
    files = {"no.txt": "alpha<0 ; os_name == 'posix'\nalpha<3"}

    assert [0] == [one.range.start for one in _conflicts("alpha\n-c no.txt\n", files=files)]
    assert [10] == [one.range.start for one in _conflicts("-c no.txt\nalpha\n", files=files)]


def test_archives() -> None:
    """The file name of a wheel on disk says name and version; the whole line is marked."""
    check(
        """
        alpha==1
        ./wheels/alpha-2.0-py3-none-any.whl
        ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~ conflicting-requirements: (line 1)
        ./wheels/beta-2.0-py3-none-any.whl
        ./more/beta-2.0-py3-none-any.whl
        ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~ duplicate-requirement: on line 3
    """,
        files={
            "wheels/alpha-2.0-py3-none-any.whl": "",
            "wheels/beta-2.0-py3-none-any.whl": "",
            "more/beta-2.0-py3-none-any.whl": "",
        },
    )


def test_constraints_file_that_is_installed_from_too() -> None:
    """A file that one include constrains by and another installs is required."""
    files = {"one.txt": "alpha>=4", "two.txt": "alpha<4", "more.txt": "-r one.txt\n"}

    assert 1 == len(_conflicts("-c one.txt\n-r more.txt\n-c two.txt\n", files=files))


def test_same_line_again() -> None:
    """Each line that says what is excluded is told; lines that say the same are one."""
    check(
        """
        alpha==1
        alpha==2
        ~~~~~~~~ conflicting-requirements
        alpha == 2
        ~~~~~~~~~~ conflicting-requirements
    """,
        name="requirements.in",
    )


def test_urls() -> None:
    """A URL is of one version if its archive says so, and two URLs exclude each other."""
    check(
        """
        alpha @ https://files.example/alpha-1.0.tar.gz
        alpha>=2
        ~~~~~~~~ conflicting-requirements: with `alpha @ files.example/alpha-1.0.tar.gz` (line 1)
        beta @ git+https://git.example/beta.git
        beta>=2
        beta @ git+https://git.example/beta
        beta @ git+https://git.example/beta@main
        ~~~~ conflicting-requirements: (line 3): they are two different URLs
        gamma @ https://files.example/v1.0.tar.gz
        gamma>=2
        delta @ https://files.example/${FILE}
        delta @ https://files.example/delta.zip
    """,
        name="requirements.in",
    )


def test_spellings_of_a_local_url() -> None:
    """A `file:` URL leads to this machine, however its host is written."""
    assert [] == _conflicts(
        "alpha @ file:///x/alpha.zip\nalpha @ file:/x/alpha.zip\n"
        "alpha @ file://localhost/x/alpha.zip\nalpha @ ./alpha.zip\n"
    )


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        (
            "https://user:secret@one.example/a/b/alpha-1.0.zip",
            "https://two.example/alpha-1.0.zip?token=secret",
            "`alpha @ two.example/alpha-1.0.zip` conflicts with `alpha @ one.example/…/alpha",
        ),
        (
            "git+https://g.example/group/alpha.git@v1",
            "git+https://g.example/group/alpha.git@v2",
            "`alpha @ g.example/…/alpha.git@v2` conflicts with",
        ),
        (
            "https://g.example/secret/alpha.zip",
            "https://g.example/other/alpha.zip",
            "`alpha @ g.example/…/alpha.zip` (line 1): they are two URLs that differ in the path",
        ),
        (
            "https://g.example/alpha.zip#sha256=0",
            "https://g.example/alpha.zip",
            "they are two URLs that differ in the digest",
        ),
        ("file:///x/alpha.zip", "file:/y/beta.zip", "`alpha @ …/beta.zip` conflicts with"),
        ("https://one.example", "https://two.example", "`alpha @ two.example` conflicts with"),
        ("https://one.example/a", f"https://two.example/{'b' * 200}", "bbb…` conflicts with"),
    ],
)
def test_different_urls(one: str, other: str, told: str) -> None:
    """A message shows what differs between two URLs, and no secret."""
    (finding,) = _conflicts(f"alpha @ {one}\nalpha @ {other}\n")

    assert told in finding.message
    assert "secret" not in finding.message
    assert len(finding.message) < 300


def test_files_in_other_folders() -> None:
    """An included file is called by its path from the judged one."""
    files = {"a.txt": "beta", "one/a.txt": "-r two.txt", "one/two.txt": "alpha==1"}
    text = "-r a.txt\n-r one/a.txt\nalpha==2\n"
    (finding,) = _conflicts(text, files=files)

    assert "`alpha==1` (one/two.txt, line 1)" in finding.message
    assert "conflicts with `alpha==1` (../one/two.txt, line 1)" in (
        _conflicts("-r ../one/a.txt\nalpha==2\n", name="sub/r.txt", files=files)[0].message
    )


def test_implementations_that_lag_behind() -> None:
    """PyPy is named with a Python that it speaks, and nothing is told of one that it does not."""
    pypy = 'platform_python_implementation == "PyPy"'
    (finding,) = _conflicts(f'alpha==1 ; implementation_name == "pypy"\nalpha==2 ; {pypy}\n')

    assert "on PyPy 3.11 on Linux, where both apply" in finding.message
    assert [] == _conflicts(f'alpha==1 ; {pypy} and python_version == "3.15"\nalpha==2\n')


def test_source_archive_without_a_name() -> None:
    """pip learns which project it is by building it, so nothing is certain before."""
    assert [] == _conflicts("alpha==2\nhttps://files.example/alpha-1.0.tar.gz\n")
    assert 1 == len(_conflicts("alpha==2\nhttps://files.example/alpha-1.0-py3-none-any.whl\n"))


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("git+https://u@G.example/a.git@1", "git+https://g.example/a@1", True),
        ("https://g.example/a.zip#egg=a", "https://g.example/a.zip", True),
        ("https://g.example/a.zip#sha256=0", "https://g.example/a.zip", False),
        ("https://g.example/a.zip#sha256=0", "https://g.example/a.zip#egg=a&sha256=0", True),
        ("https://g.example:443/a.zip?b=1&c=2", "https://g.example/a.zip?c=2&b=1", True),
        ("https://g.example/a.zip?b=1", "https://g.example/a.zip?b=2", False),
        ("https://g.example:8443/a.zip", "https://g.example/a.zip", False),
        ("git+ssh://git@g.example:22/a", "git+ssh://g.example/a", True),
        ("file:///x/a.zip", "file:/x/a.zip", True),
        ("file:///x/a.zip", "file://localhost/x/a.zip", True),
        ("file:///x/a.zip", "file:///y/a.zip", False),
        ("https://g.example/a.zip#subdirectory=x", "https://g.example/a.zip", False),
        ("git+https://g.example/a.git@1", "git+https://g.example/a.git@2", False),
    ],
)
def test_comparable_urls(one: str, other: str, *, is_same: bool) -> None:
    """Credentials and spelling make no other place; a revision, a folder or a digest does."""
    assert is_same is (comparable_url(one) == comparable_url(other))


@pytest.mark.parametrize(
    ("name", "url", "version"),
    [
        ("My.Tool", "https://f.example/my_tool-1.0-py3-none-any.whl", "1.0"),
        ("my-tool", "https://f.example/my_tool-1.0%2Bcu1-py3-none-any.whl#sha256=0", "1.0+cu1"),
        ("my-tool", "https://f.example/my-tool-1.0.tar.gz", "1.0"),
        ("my-tool", "https://f.example/other-1.0.tar.gz", None),
        ("my-tool", "https://f.example/archive/v1.0.zip", None),
        ("my-tool", "https://f.example/my_tool-1.0-1-2-3-4.whl", None),
        ("my-tool", "git+https://f.example/my-tool-1.0.zip", None),
        ("my-tool", "https://[f.example/my-tool-1.0.zip", None),
    ],
)
def test_archive_version(name: str, url: str, version: str | None) -> None:
    """The file name of an archive says the version if it is one of that project."""
    assert version == archive_version(name, url)


def test_demands_on_one_project_are_limited() -> None:
    """Ten thousand different lines of one project are read in no time; the first hundred count."""
    text = "".join(f"alpha!={number}.5\n" for number in range(10_000))
    assert [] == _conflicts(text, name="requirements.in")

    found = _conflicts("".join(f"alpha=={number}\n" for number in range(10_000)))
    assert MAX_DEMANDS - 1 == len(found)
    assert 1 == len(_conflicts(f"alpha>=2\nalpha<2\n{text}", name="requirements.in"))


def test_clauses_are_limited() -> None:
    """No more clauses than packaging can take reach it, and what is beyond is not judged."""
    many = ",".join(f"!={number}.*" for number in range(99))

    assert 1 == len(judged((Demand("==1"), Demand("==2"), Demand(many))))
    assert () == judged((Demand(many), Demand("==1000"), Demand("==2000")))
    assert () == judged((Demand(">=1"), Demand("no version"), Demand("<2")))


def test_environment_is_named_for_what_applies() -> None:
    """Of the environments in which a conflict holds, the most usual one is named."""
    (clash,) = judged(
        (Demand("==1", "python_version < '3.12'"), Demand("==2", "sys_platform != 'linux'"))
    )

    assert ("Python 3.11 on macOS", False) == (clash.environment, clash.holds_everywhere)


def test_compatible_lines_are_not_tried_in_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    """What all lines allow together needs no look at any marker."""
    monkeypatch.setattr(conflicts, "worlds", None)

    assert () == judged((Demand(">=1", "python_version > '3.9'"), Demand("<2"), Demand("!=1.5")))


def _conflicts(
    text: str, *, name: str = "requirements.txt", files: dict[str, str] | None = None
) -> list[Finding]:
    judgement = judge(text, name=name, files=dict(files or {}))
    return [one for one in judgement.findings if one.rule == "conflicting-requirements"]
