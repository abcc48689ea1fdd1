"""The packages that the verbs about packages look at: those of the environment that is meant.

Owns how it is named: by ``--env``, or else as `pinfold env show` finds it from the working
directory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pinfold.cli.env_scene import Refusal, meant, named_environment

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from pinfold.cli.env_scene import Scene
    from pinfold.core.model.environment import InstalledPackages


def add_environment_option(parser: ArgumentParser) -> None:
    """Let *parser* take ``--env``."""
    parser.add_argument(
        "--env",
        metavar="DIR",
        help="the environment, or an interpreter in it (default: that of the current folder)",
    )


def chosen_packages(named: str | None, scene: Scene) -> InstalledPackages | Refusal:
    """Return what is installed in the environment *named*, or in that of the working directory."""
    if named is None:
        found = meant(None, scene)
        if isinstance(found, Refusal):
            return found
        installation = found.installation
    else:
        identified = named_environment(named, scene)
        if isinstance(identified, Refusal):
            return identified
        installation = identified
    (examined,) = scene.examined([installation], thoroughly=True)
    if examined.packages is not None:
        return examined.packages
    causes = [ailment.cause for ailment in examined.installation.ailments if ailment.is_severe]
    reason = causes[0] if causes else "it has no packages of its own"
    return Refusal(f"what is installed in {installation.id} cannot be read: {reason}")
