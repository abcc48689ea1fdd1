"""Virtual environments told by who made them: venv, virtualenv, uv.

Owns the marks that these leave in ``pyvenv.cfg``, and the folders in which people collect
environments that no tool keeps. They come last: a keeper's mark says more than a maker's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pinfold.core.environments.inspector import Judgement
from pinfold.core.environments.locators.locator import Locator, project_of
from pinfold.core.model.installation import InstallationKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pinfold.core.environments.inspector import Candidate, Inspector
    from pinfold.core.model.installation import Installation


def _identify_virtualenv(candidate: Candidate, look: Inspector) -> Judgement | None:
    del look
    if candidate.is_conda:
        return None
    if candidate.configuration is None:
        evidence = (
            "it has bin/activate_this.py and no pyvenv.cfg, as virtualenv made them before 20"
        )
    elif "virtualenv" in candidate.keys:
        evidence = f"its pyvenv.cfg names virtualenv {candidate.keys['virtualenv']}".rstrip()
    else:
        return None
    return Judgement(
        InstallationKind.VIRTUALENV, evidence, _prompt(candidate), project_of(candidate)
    )


def _identify_uv(candidate: Candidate, look: Inspector) -> Judgement | None:
    del look
    if "uv" not in candidate.keys:
        return None
    evidence = f"its pyvenv.cfg names uv {candidate.keys['uv']}".rstrip()
    return Judgement(InstallationKind.UV, evidence, _prompt(candidate), project_of(candidate))


def _identify_venv(candidate: Candidate, look: Inspector) -> Judgement | None:
    del look
    if candidate.configuration is None:
        return None
    evidence = "it has a pyvenv.cfg"
    if candidate.has_lost_configuration:
        evidence = "scripts that activate it stand there, with no pyvenv.cfg any more"
    return Judgement(InstallationKind.VENV, evidence, _prompt(candidate), project_of(candidate))


def _prompt(candidate: Candidate) -> str | None:
    prompt = None if candidate.configuration is None else candidate.configuration.prompt
    return prompt if prompt and prompt != "." and prompt.isprintable() else None


def _locate_collected(look: Inspector) -> Iterator[Installation]:
    """Yield what stands in the folders that people collect environments in."""
    around = look.surroundings
    folders = [around.folder("WORKON_HOME")]
    folders += [
        around.at_home(*parts)
        for parts in ((".virtualenvs",), (".venvs",), ("envs",), ("Envs",), (".direnv",))
    ]
    for folder in dict.fromkeys(folders):
        for path in look.children(folder):
            candidate = look.candidate(path)
            judgement = None if candidate is None else judge_maker(candidate, look)
            if candidate is not None and judgement is not None:
                yield look.environment(candidate, judgement)


def judge_maker(candidate: Candidate, look: Inspector) -> Judgement | None:
    """Return who made a virtual environment; ``None`` for conda's."""
    return (
        _identify_uv(candidate, look)
        or _identify_virtualenv(candidate, look)
        or _identify_venv(candidate, look)
    )


_COLLECTED = (
    "the same in folders that people collect environments in (`~/.virtualenvs`, `~/.venvs`, "
    "`~/envs`)"
)

UV_ENVIRONMENTS = Locator(
    "uv environments", {InstallationKind.UV: "`uv` in its `pyvenv.cfg`"}, identify=_identify_uv
)
VIRTUALENV = Locator(
    "virtualenv",
    {
        InstallationKind.VIRTUALENV: (
            "`virtualenv` in its `pyvenv.cfg`; before virtualenv 20, `bin/activate_this.py`"
        ),
    },
    identify=_identify_virtualenv,
)
VENV = Locator(
    "venv",
    {
        InstallationKind.VENV: "a `pyvenv.cfg` that no other tool has signed",
        InstallationKind.VIRTUALENV: _COLLECTED,
        InstallationKind.UV: _COLLECTED,
    },
    locate=_locate_collected,
    identify=_identify_venv,
)
