"""What `uninstall` takes away."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinfold.core.environments.planning.demands import possible_demands
from pinfold.core.environments.planning.refusal import Refusal, RefusalReason
from pinfold.core.environments.planning.uninstalling import SEEDS, Uninstallation, to_uninstall
from pinfold.core.formats.summary import normalised
from pinfold.core.model.wording import at_command_line
from tests.core.environments.planning.made import packages


@pytest.mark.parametrize(
    ("texts", "reason", "message", "action"),
    [
        ([], RefusalReason.NOTHING_NAMED, "nothing to uninstall is named", None),
        (["flsk"], RefusalReason.NOT_INSTALLED, "`flsk` is not installed", "mean `Flask`?"),
        (["xyzzy"], RefusalReason.NOT_INSTALLED, "`xyzzy` is not installed", None),
        (
            ["flsk", "Flask", "djago"],
            RefusalReason.NOT_INSTALLED,
            "`flsk`, `djago` are not installed",
            "did you mean `Flask`, `Django`?",
        ),
        (["flask==1"], RefusalReason.INVALID, "`flask==1` is no name", "without versions"),
        (["flask[x]"], RefusalReason.INVALID, "`flask[x]` is no name", "without versions"),
        ([""], RefusalReason.INVALID, "`` is no name", "without versions"),
    ],
)
def test_refused(texts: list[str], reason: RefusalReason, message: str, action: str | None) -> None:
    """What is not installed is not uninstalled, and a slip of the pen is noticed."""
    refusal = to_uninstall(texts, packages("Flask 1", "Django 4"))

    assert isinstance(refusal, Refusal)
    assert (reason, True) == (refusal.reason, message in refusal.message)
    assert (action is None) is (refusal.action is None)
    assert (action or "") in at_command_line(refusal.action or "")


def taken(texts: list[str], *lines: str, kept: tuple[str, ...] = ()) -> list[str]:
    """Return what goes beside what is named."""
    found = to_uninstall(
        texts, packages(*lines), with_unused=True, kept=list(map(normalised, kept))
    )
    assert isinstance(found, Uninstallation)
    return list(found.unused)


def test_named() -> None:
    """Names are compared as names, each counts once, and nothing else goes."""
    found = to_uninstall(["Flask_X", "flask-x"], packages("flask.x 1 requires b", "b 1"))

    assert Uninstallation(("flask-x",), ()) == found  # type: ignore[arg-type]  # names as text


@pytest.mark.parametrize(
    ("lines", "kept", "expected"),
    [
        (["a 1 requires b", "b 1 requires c", "c 1"], (), ["b", "c"]),
        (["a 1 requires b", "b 1 requires c", "c 1", "d 1 requires c"], (), ["b"]),
        (["a 1 requires b", "b 1", "d 1"], (), ["b"]),
        (["a 1 requires b", "b 1 requires c", "c 1"], ("c",), ["b"]),
        (["a 1 requires b", "b 1 requires c", "c 1"], ("b",), []),
        (["a 1 requires setuptools", "setuptools 1"], (), []),
        (["a 1 requires gone"], (), []),
        # A circle holds nobody up.
        (["a 1 requires b", "b 1 requires c", "c 1 requires b"], (), ["b", "c"]),
        # What may be needed for an extra that somebody has asked for is needed.
        (["a 1 requires b", "b 1", 'd 1 requires b; extra == "x"'], (), []),
        (['a 1 requires b; extra == "x"', "b 1"], (), ["b"]),
    ],
)
def test_unused(lines: list[str], kept: tuple[str, ...], expected: list[str]) -> None:
    """What was brought along goes too, unless something else needs it or somebody wants it."""
    assert expected == taken(["a"], *lines, kept=kept)


def test_in_the_base() -> None:
    """What an environment only sees in its base is not uninstalled from there."""
    installed = packages("a 1 requires b", "b 1")
    key, other = installed.by_name
    base = Path("/usr/lib/python3/dist-packages")
    seen = replace(installed.by_name[other], folder=base / "b-1.dist-info")
    installed = replace(installed, by_name={key: installed.by_name[key], other: seen})
    refusal = to_uninstall(["b"], installed)
    found = to_uninstall(["a"], installed, with_unused=True)

    assert isinstance(refusal, Refusal)
    assert f"`b` lies in {base}, which the environment only looks into" == refusal.message
    assert Uninstallation((key,), ()) == found


NAMES = st.sampled_from("abcdefgh")


@given(
    st.dictionaries(NAMES, st.lists(NAMES, max_size=3), min_size=1),
    st.data(),
)
def test_unused_is_never_needed(written: dict[str, list[str]], data: st.DataObject) -> None:
    """Nothing that stays needs what goes, and what goes was needed by what went."""
    installed = packages(
        *(f"{name} 1" + "".join(f" requires {n}" for n in needs) for name, needs in written.items())
    )
    named = data.draw(st.lists(st.sampled_from(sorted(written)), min_size=1))
    found = to_uninstall(named, installed, with_unused=True)
    assert isinstance(found, Uninstallation)
    markers = installed.environment.markers
    needs = {
        key: {demand.key for demand in possible_demands(one, markers)}
        for key, one in installed.by_name.items()
    }
    staying = needs.keys() - set(found.names)

    assert not any(needs[one] & set(found.unused) for one in staying)
    assert all(any(gone in needs[other] for other in found.names) for gone in found.unused)
    assert not SEEDS & set(found.unused)
