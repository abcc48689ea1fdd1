"""What an operation would change, who asks for it, and what it would break."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinfold.core.environments.planning.asked import Asked, askers_of, read_typed
from pinfold.core.environments.planning.outcome import (
    afterwards,
    breaks_of,
    changes_of,
    removal_of,
)
from pinfold.core.formats.summary import normalised
from pinfold.core.model.plan import Asker, ChangeKind, Release, Resolution
from tests.core.environments.planning.made import asked_in_file, packages

NOTHING = Resolution((), ())


def release(text: str) -> Release:
    """Return `name version`, or `name version SOURCE`, as a release."""
    name, version, *source = text.split()
    return Release(name, normalised(name), version, source[0] if source else None)


def resolution(*added: str, removed: tuple[str, ...] = ()) -> Resolution:
    """Return what an installer would say."""
    return Resolution(tuple(map(release, added)), tuple(map(release, removed)))


@pytest.mark.parametrize(
    ("installed", "added", "kind"),
    [
        ("", "flask 1.0", ChangeKind.ADDED),
        ("flask 1.9", "flask 1.10", ChangeKind.UPGRADED),
        ("flask 1.10", "flask 1.9", ChangeKind.DOWNGRADED),
        ("flask 1.0", "flask 1.0.0", ChangeKind.REPLACED),
        ("flask 2.0rc1", "flask 2.0", ChangeKind.UPGRADED),
        ("flask 1!1.0", "flask 2.0", ChangeKind.DOWNGRADED),
        ("flask 1.0", "flask 1.0+cpu", ChangeKind.UPGRADED),
        ("flask 2024.12.1", "flask 2025.1.1", ChangeKind.UPGRADED),
        ("flask oops", "flask 1.0", ChangeKind.REPLACED),
    ],
)
def test_kinds(installed: str, added: str, kind: ChangeKind) -> None:
    """Versions are compared as versions, whatever the installer says was there."""
    (change,) = changes_of(resolution(added), packages(installed))

    assert kind is change.kind


def test_changes() -> None:
    """Changes are in order of name; what is there is told with where it came from."""
    installed = packages("b 1.0 from https://host.example/b-1.0.zip", "c 1.0")
    changes = changes_of(resolution("B 2.0", "a 1.0", removed=("b 1.0", "c 1.0")), installed)

    assert [
        ("a", ChangeKind.ADDED, None),
        ("b", ChangeKind.UPGRADED, "https://host.example/b-1.0.zip"),
        ("c", ChangeKind.REMOVED, None),
    ] == [(change.key, change.kind, change.before and change.before.source) for change in changes]


def test_credentials() -> None:
    """Where something came from is told without the password."""
    installed = packages("b 1.0 from https://me:secret@host.example/b-1.0.zip")
    (change,) = removal_of({normalised("b"), normalised("gone")}, installed)

    assert change.before is not None
    assert "https://me:******@host.example/b-1.0.zip" == change.before.source


def test_where_from() -> None:
    """Of an editable install the folder is told, of one from an index nothing."""
    installed = packages("a 1 editable /a", "b 1")
    first, second = removal_of(installed.by_name.keys(), installed)

    assert (Release("a", normalised("a"), "1", "/a", is_editable=True), None) == (
        first.before,
        second.before and second.before.source,
    )


def test_askers() -> None:
    """A project is asked for by lines of files, by what was typed, and by other projects."""
    installed = packages("jinja2 3.0 requires markupsafe>=2", "old 1 requires markupsafe")
    typed = read_typed("MarkupSafe>2")
    assert isinstance(typed, Asked)
    asked = (
        *asked_in_file("# first\nflask\nmarkupsafe==2.1 # why\nno; python_version < '3'\n"),
        typed,
    )
    requires = {
        normalised("flask"): ("jinja2>=3", "nothing; python_version < '3'", "not a requirement")
    }
    old = Release("old", normalised("old"), "1")
    askers = askers_of(asked, installed, Resolution((), (old,), requires), [])

    path = Path("/project/requirements.txt")
    assert {
        "flask": (Asker("flask", path, 1),),
        "markupsafe": (
            Asker("markupsafe==2.1", path, 2),
            Asker("MarkupSafe>2"),
            Asker("markupsafe>=2", package=normalised("jinja2")),
        ),
        "jinja2": (Asker("jinja2>=3", package=normalised("flask")),),
    } == askers


def test_askers_that_contradict() -> None:
    """What a project that is replaced requires counts as far as the versions to come meet it.

    uv does not tell what a release requires that is not there yet.
    """
    installed = packages("shop 1 requires money<2", "till 1 requires money", "money 1")
    added = tuple(Release(name, normalised(name), "2") for name in ("shop", "money"))
    askers = askers_of((), installed, Resolution(added, added), [])

    assert (Asker("money", package=normalised("till")),) == askers[normalised("money")]


def test_askers_by_extras() -> None:
    """What a project requires for an extra counts if somebody asks for that extra."""
    installed = packages('a 1 requires b; extra == "more"', 'c 1 requires d; extra == "more"')
    askers = askers_of(asked_in_file("a[more]\nc\n"), installed, NOTHING, [])

    assert {"a", "b", "c"} == askers.keys()


def test_askers_before_there_is_an_environment() -> None:
    """Where nothing is installed, only people ask."""
    askers = askers_of(asked_in_file("flask\n-c x.txt\n./folder\n"), None, NOTHING, [])

    assert ["flask"] == list(askers)


@pytest.mark.parametrize(
    ("installed", "change", "requires", "expected"),
    [
        (
            ["a 1 requires b", "b 1"],
            resolution(removed=("b 1",)),
            {},
            ["a 1 requires b, which is not installed."],
        ),
        (
            ["a 1 requires b<2", "b 1"],
            resolution("b 2"),
            {},
            ["a 1 has requirement b<2, but you have b 2."],
        ),
        # What was broken before is nobody's news, whatever version it is broken with now.
        (["a 1 requires b<2", "b 3"], resolution("b 2"), {}, []),
        (["a 1 requires b"], resolution("c 1"), {}, []),
        # Mended.
        (["a 1 requires b<2", "b 3"], resolution("b 1"), {}, []),
        # Of what is added nothing is known, or everything.
        ([], resolution("a 1"), {}, []),
        (
            ["b 1"],
            resolution("a 1"),
            {"a": ("b>1",)},
            ["a 1 has requirement b>1, but you have b 1."],
        ),
        # Taken away with what it needs.
        (["a 1 requires b", "b 1"], resolution(removed=("b 1", "a 1")), {}, []),
        # Installed again at the same version, it needs what it needed.
        (["a 1 requires b", "b 1"], resolution("a 1", removed=("b 1",)), {}, ["a 1 requires b"]),
        (["a 1"], resolution(), {}, []),
    ],
)
def test_breaks(
    installed: list[str],
    change: Resolution,
    requires: dict[str, tuple[str, ...]],
    expected: list[str],
) -> None:
    """Only what `pip check` would newly say is told, and only what is known."""
    before = packages(*installed)
    told = {normalised(name): texts for name, texts in requires.items()}
    found = breaks_of(before, changes_of(change, before), told)

    assert len(expected) == len(found)
    assert all(one.startswith(text) for one, text in zip(found, expected, strict=True))


def test_afterwards() -> None:
    """Of a release that is added, what it requires is unknown unless somebody tells."""
    installed = packages("a 1 requires b", "b 1", "c 1 requires d")
    changes = changes_of(resolution("a 1", "b 2", "e 1", removed=("c 1",)), installed)
    then = afterwards(installed, changes, {normalised("e"): ("a",)})

    assert {"a", "b", "e"} == then.distributions.keys()
    assert {"b"} == then.untold
    assert ("b",) == then.distributions[normalised("a")].requires


NAMES = st.sampled_from("abcdef")


@given(
    st.dictionaries(NAMES, st.tuples(st.integers(1, 3), st.lists(NAMES, max_size=2))),
    st.sets(NAMES),
)
def test_removal_breaks_what_needs_it(
    written: dict[str, tuple[int, list[str]]], gone: set[str]
) -> None:
    """A removal is told of once for each of those that stay and need what was there."""
    lines = [
        f"{name} {version}" + "".join(f" requires {need}" for need in dict.fromkeys(needs))
        for name, (version, needs) in written.items()
    ]
    installed = packages(*lines)
    changes = removal_of(set(map(normalised, gone)), installed)
    expected = [
        f"{name} {version} requires {need}, which is not installed."
        for name, (version, needs) in written.items()
        if name not in gone
        for need in sorted(set(needs))
        if need in gone and need in written
    ]

    assert sorted(expected) == sorted(breaks_of(installed, changes))
