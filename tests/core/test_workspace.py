"""Changes reach the findings: of the file they happen in, and of the files that include it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pinfold.core.files import MemoryFileSystem
from pinfold.core.model.dependency import PackageName
from pinfold.core.model.facts import Facts
from pinfold.core.model.text import TextRange
from pinfold.core.workspace.workspace import (
    ChangedOnDisk,
    Closed,
    Edited,
    FactsArrived,
    Opened,
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
