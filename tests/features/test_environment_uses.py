"""Which projects use an environment, in a few words."""

from __future__ import annotations

from pathlib import Path

from pinfold.core.environments.examination import Examined
from pinfold.core.model.environment import EnvironmentAnswer, EnvironmentState
from pinfold.core.model.installation import Installation, InstallationKind
from pinfold.features.environment_uses import own_uses, used_by
from pinfold.features.environments import Selection
from pinfold.features.installation_words import Words, words_for
from tests.features.test_environments import found

ROOT = Path("/house/shop")
NONE = EnvironmentAnswer(EnvironmentState.NONE, "there is none")


def uses(**prefixes: str | None) -> tuple[Selection, ...]:
    """Return the uses of folders of a workspace; ``__`` in a name is a slash, `shop` the root."""
    return own_uses(
        Selection(ROOT.parent / name.replace("__", "/"), found(prefix) if prefix else NONE)
        for name, prefix in prefixes.items()
    )


def shown(prefix: str, **used: str | None) -> Words:
    """Return how an installation is shown to somebody who looks from the root."""
    is_base = prefix == "/usr"
    kind = InstallationKind.SYSTEM if is_base else InstallationKind.VENV
    examined = Examined(Installation(Path(prefix), kind, is_base=is_base))
    selections = uses(**used)
    own = next((one for one in selections if one.folder == ROOT), None)
    return words_for(examined, ROOT, own, str, selections)


def test_a_folder_that_goes_along() -> None:
    """A folder counts where it uses another environment than the one around it."""
    told = uses(shop="/a", shop__web="/b", shop__web__src="/b", shop__docs="/a", shop__web__a="/a")

    assert ["shop", "shop/web", "shop/web/a"] == [
        str(use.folder.relative_to(ROOT.parent)) for use in told
    ]
    assert () == uses(shop=None, shop__web=None)


def test_who_uses_it() -> None:
    """Projects are called by their ways from the folder, and one beside it by its name."""
    used = {"shop": "/house/shop/.venv", "shop__web__api": "/b", "cellar": "/b"}

    assert "Python ?, venv, used by cellar, web/api" == shown("/b", **used).description
    assert ("cellar", "web/api") == shown("/b", **used).users
    assert "Python ?, venv" == shown("/house/shop/.venv", **used).description
    assert "used by a, b, c and 2 more" == used_by("abcde")


def test_where_it_stands() -> None:
    """What a project of the folder uses stands with the folder's own, wherever it lies."""
    assert "This project" == shown("/b", shop__web="/b").group.value
    assert "This project" == shown("/usr", shop__web="/usr").group.value
    assert "Other environments" == shown("/b", cellar="/b").group.value
    assert "Recommended" == shown("/b", shop="/b", cellar="/b").group.value
