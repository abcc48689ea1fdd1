"""Changes reach the findings: of the file they happen in, and of the files that include it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pinfold.core.environments.selection import EnvironmentQuery
from pinfold.core.files import MemoryFileSystem
from pinfold.core.model.dependency import PackageName
from pinfold.core.model.environment import (
    Environment,
    EnvironmentAnswer,
    EnvironmentState,
    InstalledDistribution,
    InstalledPackages,
    MarkerEnvironment,
)
from pinfold.core.model.facts import Facts
from pinfold.core.model.text import TextRange
from pinfold.core.workspace.snapshot import DiskFiles
from pinfold.core.workspace.workspace import (
    ChangedOnDisk,
    Closed,
    Edited,
    EnvironmentsAnswered,
    FactsArrived,
    Opened,
    RootsChanged,
    Workspace,
)

if TYPE_CHECKING:
    from pinfold.core.model.finding import Finding

ROOT = Path("/project")
MAIN = ROOT / "requirements.txt"
BASE = ROOT / "base.txt"


def workspace_of(filesystem: MemoryFileSystem) -> Workspace:
    """Return a workspace on *filesystem* that knows nothing yet."""
    return Workspace(filesystem, working_directory=ROOT, locale_encoding="utf-8", facts=Facts())


def findings(workspace: Workspace, path: Path = MAIN) -> tuple[Finding, ...]:
    """Return what is found in the file at *path* now."""
    return workspace.snapshot.judge(path).findings


def rules_found(workspace: Workspace, path: Path = MAIN) -> list[str]:
    """Return the rules that find something in the file at *path* now."""
    return [finding.rule for finding in findings(workspace, path)]


def test_facts_give_findings_their_fix() -> None:
    """What was found before a version was known is found with its fix afterwards."""
    workspace = workspace_of(MemoryFileSystem({str(MAIN): "flask\n"}))
    before = findings(workspace)[0].fixes
    workspace.apply(FactsArrived(Facts(versions={PackageName("flask"): "3.1.0"})))
    after = findings(workspace)[0].fixes

    assert () == before
    assert ["Pin `flask` to 3.1.0"] == [fix.title for fix in after]


def test_edit_of_an_included_file_that_is_not_saved() -> None:
    """A requirement typed into an included file is a duplicate in the one that includes it."""
    text = "-r base.txt\nflask==3.1.0\n"
    workspace = workspace_of(MemoryFileSystem({str(MAIN): text, str(BASE): "\n"}))
    before = rules_found(workspace)
    workspace.apply(Opened(BASE, "\n"))
    workspace.apply(Edited(BASE, ((TextRange(0, 0), "flask==3.1.0"),)))
    edited = rules_found(workspace)
    workspace.apply(Closed(BASE))

    assert [] == before
    assert ["duplicate-requirement"] == edited
    assert [] == rules_found(workspace)


def test_change_on_disk() -> None:
    """A file is read again once it is said to have changed, and not before."""
    filesystem = MemoryFileSystem({str(MAIN): "-r base.txt\n"})
    workspace = workspace_of(filesystem)
    missing = rules_found(workspace)
    filesystem.write(BASE, "")
    unsaid = rules_found(workspace)
    workspace.apply(ChangedOnDisk((BASE,)))

    assert ["missing-file"] == missing == unsaid
    assert [] == rules_found(workspace)


def test_changed_settings_weigh_findings_anew() -> None:
    """Findings that were kept with their lines follow the settings when these change."""
    filesystem = MemoryFileSystem({str(MAIN): "flask\n"})
    workspace = workspace_of(filesystem)
    workspace.apply(Opened(MAIN, "flask\n"))
    before = rules_found(workspace)
    filesystem.write(ROOT / "pinfold.toml", 'ignore = ["unpinned"]\n')
    workspace.apply(ChangedOnDisk((ROOT / "pinfold.toml",)))

    assert ["unpinned"] == before
    assert [] == rules_found(workspace)


def test_edit_of_what_is_not_open_changes_nothing() -> None:
    """A client that has lost track does not make findings up."""
    workspace = workspace_of(MemoryFileSystem({str(MAIN): "flask==3.1.0\n"}))
    before = workspace.snapshot

    assert before is workspace.apply(Edited(MAIN, ((TextRange(0, 5), "x"),)))


def answer(**versions: str) -> EnvironmentAnswer:
    """Return an answer with these packages installed."""
    environment = Environment(
        ROOT / ".venv", (), None, MarkerEnvironment({}, "Python of this test")
    )
    by_name = {
        PackageName(name): InstalledDistribution(name, PackageName(name), version, ROOT)
        for name, version in versions.items()
    }
    packages = InstalledPackages(environment, by_name)
    return EnvironmentAnswer(EnvironmentState.FOUND, "it is the nearest", packages)


def query(workspace: Workspace, path: Path = MAIN) -> EnvironmentQuery:
    """Return the question for the environment of a file."""
    return workspace.snapshot.environment_query(path)


def test_environments_that_answer() -> None:
    """What is installed gives findings, and the versions that fixes pin to."""
    workspace = workspace_of(MemoryFileSystem({str(MAIN): "flask\n"}))
    workspace.apply(EnvironmentsAnswered({query(workspace): answer(flask="3.1.0")}))
    (finding,) = findings(workspace)
    workspace.apply(EnvironmentsAnswered({query(workspace): answer()}))

    assert ["Pin `flask` to 3.1.0"] == [fix.title for fix in finding.fixes]
    assert ["not-installed", "unpinned"] == rules_found(workspace)


def test_versions_that_are_named_win() -> None:
    """Somebody who names versions means these, whatever is installed."""
    workspace = workspace_of(MemoryFileSystem({str(MAIN): "flask\n"}))
    workspace.apply(FactsArrived(Facts(versions={PackageName("flask"): "3.0"})))
    workspace.apply(EnvironmentsAnswered({query(workspace): answer(flask="3.1", django="4.0")}))

    assert {"flask": "3.0", "django": "4.0"} == workspace.snapshot.facts_of(MAIN).versions


def test_facts_stay_the_same_object() -> None:
    """Findings are kept for as long as the facts of a file are the same object."""
    other = ROOT / "other/requirements.txt"
    workspace = workspace_of(MemoryFileSystem({str(MAIN): "", str(other): ""}))
    one, two = answer(flask="3.1"), answer(flask="3.0")
    workspace.apply(EnvironmentsAnswered({query(workspace): one}))
    first = workspace.snapshot.facts_of(MAIN)
    workspace.apply(EnvironmentsAnswered({query(workspace, other): two}))
    workspace.apply(Opened(MAIN, ""))
    workspace.apply(ChangedOnDisk((other,)))
    kept = workspace.snapshot.facts_of(MAIN)
    workspace.apply(EnvironmentsAnswered({query(workspace): two}))
    changed = workspace.snapshot.facts_of(MAIN)
    workspace.apply(FactsArrived(Facts()))

    assert first is kept
    assert changed is not first
    assert changed is workspace.snapshot.facts_of(other) or changed.environment is two
    assert workspace.snapshot.facts_of(MAIN) is not changed


def test_files_with_the_same_answer_share_facts() -> None:
    """One environment, one set of facts, however many folders there are."""
    other = ROOT / "other/requirements.txt"
    workspace = workspace_of(MemoryFileSystem({str(MAIN): "", str(other): ""}))
    one = answer(flask="3.1")
    workspace.apply(EnvironmentsAnswered({query(workspace): one, query(workspace, other): one}))

    assert workspace.snapshot.facts_of(MAIN) is workspace.snapshot.facts_of(other)


def test_file_without_an_answer() -> None:
    """As long as nobody has looked, no rule says anything of environments."""
    other = ROOT / "other/requirements.txt"
    workspace = workspace_of(MemoryFileSystem({str(MAIN): "flask==1\n", str(other): "flask==1\n"}))
    workspace.apply(EnvironmentsAnswered({query(workspace): answer()}))

    assert ["not-installed"] == rules_found(workspace)
    assert [] == rules_found(workspace, other)


@pytest.mark.parametrize(
    ("roots", "git", "path", "stop"),
    [
        (["/project", "/project/sub"], "/project", "/project/sub/deep/x.txt", "/project/sub"),
        (["/project"], "/project/sub", "/project/sub/deep/x.txt", "/project"),
        ([], "/project/sub", "/project/sub/deep/x.txt", "/project/sub"),
        ([], None, "/project/sub/deep/x.txt", "/project"),
        ([], None, "/elsewhere/sub/x.txt", "/elsewhere/sub"),
    ],
)
def test_where_the_search_for_an_environment_ends(
    roots: list[str], git: str | None, path: str, stop: str
) -> None:
    """At the workspace folder, else the repository, else the working directory, else the folder."""
    filesystem = MemoryFileSystem({path: ""})
    if git is not None:
        filesystem.make_directory(f"{git}/.git")
    workspace = workspace_of(filesystem)
    workspace.apply(RootsChanged(tuple(map(Path, roots))))
    snapshot = workspace.snapshot

    assert EnvironmentQuery(Path(path).parent, Path(stop)) == snapshot.environment_query(Path(path))


@pytest.mark.parametrize(
    ("git", "path", "stop"),
    [
        ("/project", "/project/sub/x.txt", "/project"),
        (None, "/project/sub/x.txt", "/project"),
        (None, "/elsewhere/sub/deep/x.txt", "/elsewhere/sub"),
    ],
)
def test_folders_that_are_merely_named(git: str | None, path: str, stop: str) -> None:
    """On the command line, a folder that is named does not end the search."""
    filesystem = MemoryFileSystem({path: ""})
    if git is not None:
        filesystem.make_directory(f"{git}/.git")
    workspace = workspace_of(filesystem)
    workspace.apply(RootsChanged((Path("/project/sub"), Path("/elsewhere/sub"))))
    snapshot = replace(workspace.snapshot, searches_above_roots=True)

    assert Path(stop) == snapshot.environment_query(Path(path)).stop


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("env", "/project/env"),
        ("../env", "/env"),
        ("./a/../env/", "/project/env"),
        ("/opt/env", "/opt/env"),
        ("~/env", "/home/me/env"),
    ],
)
def test_configured_environment(value: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The setting is a path from the folder of its file, or from the home directory."""
    monkeypatch.setenv("HOME", "/home/me")
    settings = f'environment = "{value}"\n'
    filesystem = MemoryFileSystem({str(ROOT / "pinfold.toml"): settings, str(MAIN): ""})
    workspace = workspace_of(filesystem)

    assert Path(expected) == query(workspace).configured


def test_what_a_copy_has_read_is_learned() -> None:
    """A thread reads with a copy of its own; afterwards nothing of it is read again."""
    files = MemoryFileSystem({"/project/base.txt": "flask==3.1.0\n"})
    disk = DiskFiles(files, "utf-8")
    path = Path("/project/base.txt")
    copy = disk.without(())
    read = copy.read(path)

    disk.learn(copy)

    assert read is disk.read(path)
