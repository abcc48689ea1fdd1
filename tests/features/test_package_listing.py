"""Which packages are listed, and who needs them."""

from __future__ import annotations

from pinfold.core.formats.summary import normalised
from pinfold.features.package_listing import listed, listing_json, required_by
from tests.cli.running import validate
from tests.core.environments.planning.made import packages


def test_who_needs_whom() -> None:
    """What is needed for an extra counts where another one asks for it; nobody needs himself."""
    installed = packages(
        'a 1 requires a[x]; extra == "y" requires b; extra == "x"',
        "b 1",
        "c 1 requires a[y]",
        'd 1 requires c; extra == "z"',
        "e 1 requires gone requires e",
    )

    assert {"a": ("c",), "b": ("a",), "gone": ("e",)} == required_by(installed)
    assert ["c", "d", "e"] == [one.key for one in listed(installed, only_unneeded=True)]


def test_circle() -> None:
    """Each in a circle is needed by another one."""
    installed = packages("a 1 requires b", "b 1 requires a")

    assert () == listed(installed, only_unneeded=True)


def test_only_editable() -> None:
    """Editable installs can be listed alone."""
    installed = packages("a 1 editable /a", "b 1 from file:///b", "c 1")

    assert [normalised("a")] == [one.key for one in listed(installed, only_editable=True)]


def test_shape() -> None:
    """The shape is that of the schema, also where nothing is installed."""
    validate(listing_json(packages(), (), str), "list")
