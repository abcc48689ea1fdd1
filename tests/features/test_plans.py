"""A plan as programs and people are shown it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pinfold.core.formats.summary import normalised
from pinfold.core.model.plan import (
    Asker,
    ChangeKind,
    IndexUse,
    PackageChange,
    Plan,
    Release,
    Step,
    Verb,
)
from pinfold.features.operations import plan_lines
from pinfold.features.plans import asker_text, change_text, plan_json
from tests.cli.running import validate

KEY = normalised("Flask")
OLD = Release("Flask", KEY, "1.0")
NEW = Release("Flask", KEY, "2.0")
ELSEWHERE = Release("Flask", KEY, "1.0", "https://me:secret@host.example/f.zip")
EDITABLE = Release("Flask", KEY, "1.0", "/project/flask", is_editable=True)

PLAN = Plan(
    Verb.UPGRADE,
    Path("/project/.venv"),
    (Step("install", ("pip", "install", "https://me:secret@host.example/f.zip")),),
    (
        PackageChange(
            KEY,
            ChangeKind.REPLACED,
            ELSEWHERE,
            EDITABLE,
            (
                Asker("flask @ https://me:secret@host.example/f.zip", Path("/project/r.txt"), 0),
                Asker("flask"),
                Asker("flask>1", package=normalised("app")),
            ),
        ),
        PackageChange(KEY, ChangeKind.ADDED, None, NEW),
        PackageChange(KEY, ChangeKind.REMOVED, OLD, None),
    ),
    ("a 1 requires b @ https://me:secret@host.example/b.zip",),
    ("from https://me:secret@host.example",),
    (IndexUse("https://me:secret@host.example/simple", "pip.conf", is_extra=True),),
    "pip 26.3",
)


def test_shape() -> None:
    """The shape is that of the schema, and holds no secret."""
    shape = plan_json(PLAN, str)

    validate(shape, "plan")
    assert "secret" not in str(shape)
    assert "upgrade" == shape["verb"]


def test_empty() -> None:
    """A plan that does nothing has a shape too."""
    validate(plan_json(Plan(Verb.SYNC, Path("/x")), str), "plan")


@pytest.mark.parametrize(
    ("kind", "before", "after", "expected"),
    [
        (ChangeKind.ADDED, None, NEW, "Flask 2.0"),
        (ChangeKind.REMOVED, OLD, None, "Flask 1.0"),
        (ChangeKind.UPGRADED, OLD, NEW, "Flask 1.0 -> 2.0"),
        (ChangeKind.DOWNGRADED, NEW, OLD, "Flask 2.0 -> 1.0"),
        (ChangeKind.REPLACED, OLD, EDITABLE, "Flask 1.0 -> editable, from /project/flask"),
        (
            ChangeKind.REPLACED,
            ELSEWHERE,
            OLD,
            "Flask 1.0 (from https://me:******@host.example/f.zip) -> 1.0 from an index",
        ),
    ],
)
def test_words(
    kind: ChangeKind, before: Release | None, after: Release | None, expected: str
) -> None:
    """What becomes of a project is told in a line."""
    assert expected == change_text(PackageChange(KEY, kind, before, after))


def test_askers() -> None:
    """Who asks is told by file and line, by project, or by what was typed."""
    one, two, three = PLAN.changes[0].asked_by

    assert (
        "/project/r.txt:1: flask @ https://me:******@host.example/f.zip",
        "flask",
        "app: flask>1",
    ) == (asker_text(one, str), asker_text(two, str), asker_text(three, str))


def test_where_packages_come_from() -> None:
    """The default index is named beside others, and not where there is nothing else to know."""
    default, other = IndexUse("the default index", "default"), IndexUse("http://i", "pip.conf")
    plan = Plan(Verb.INSTALL, Path("/x"), indexes=(default, other))

    assert [
        "Packages come from the default index",
        "Packages come from http://i (pip.conf)",
    ] == list(plan_lines(plan, str))
    assert [] == list(plan_lines(replace(plan, indexes=(default,)), str))
