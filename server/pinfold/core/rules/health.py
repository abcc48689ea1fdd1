"""Rules on the environment itself: broken, damaged, or of another Python than the project asks for.

One finding a file each, at what it requires first. What is wrong was found out by
:mod:`pinfold.core.environments.health`; what is wrong among the packages that are installed is in
:mod:`pinfold.core.rules.broken`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pinfold.core.model.finding import Finding, Related, Severity
from pinfold.core.model.wording import in_editor
from pinfold.core.rules.environment import first_subject
from pinfold.core.rules.installed import one_line
from pinfold.core.rules.registry import Family, file_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pinfold.core.model.environment import EnvironmentAnswer
    from pinfold.core.model.installation import Ailment
    from pinfold.core.rules.view import FileView


@file_rule(
    "broken-environment",
    Family.ENVIRONMENT,
    default=Severity.ERROR,
    constraints_default=Severity.OFF,
    since="0.1",
)
def broken_environment(view: FileView) -> Iterator[Finding]:
    """Environment of the file is broken and cannot be used as it is.

    ## Why
    Environments break without anybody touching them: the interpreter that one was made from is
    upgraded or removed, a folder is renamed, a file is cut off.
    What follows is a strange message when something is started, and nothing that leads to the
    cause.
    The message says what has happened and what mends it; the page "Broken environments" of the
    documentation explains all causes.
    Packages are still compared with the file where they can be read.

    ## Example
    ```requirements
    flask==3.1.0
    ```
    Where this is installed:
    ```installed
    broken its base interpreter is gone: /usr/local/bin does not exist
    flask 3.1.0
    ```
    Use instead:
    ```requirements
    flask==3.1.0
    ```
    ```installed
    flask 3.1.0
    ```
    """
    answer = view.facts.environment
    ailments = [] if answer is None else [one for one in answer.ailments if one.is_severe]
    where = first_subject(view) if ailments else None
    if answer is None or where is None:
        return
    tail = ""
    if answer.packages is None:
        tail = "; until then nothing is compared with what is installed"
    causes = "; ".join(one_line(ailment.cause) for ailment in ailments)
    # What mends the first nearly always mends the others too: the environment is made anew.
    mending = _mending(next((one for one in ailments if one.repair), ailments[0]))
    yield Finding(where, f"`{_name(answer)}` is broken: {causes}{mending}{tail}")


@file_rule(
    "damaged-environment",
    Family.ENVIRONMENT,
    default=Severity.INFO,
    constraints_default=Severity.OFF,
    since="0.1",
)
def damaged_environment(view: FileView) -> Iterator[Finding]:
    """Environment of the file works, but something in it is left half done or leads nowhere.

    ## Why
    An install or removal that was interrupted leaves packages without their metadata, which
    cannot be imported or uninstalled, and folders that begin with `~`.
    An editable install whose folder was moved cannot be imported either.
    The page "Broken environments" of the documentation explains all this.
    That an environment has no pip is no damage.

    ## Example
    ```requirements
    flask==3.1.0
    ```
    Where this is installed:
    ```installed
    damaged numpy (it has no METADATA) is not installed completely
    flask 3.1.0
    ```
    Use instead:
    ```requirements
    flask==3.1.0
    ```
    ```installed
    flask 3.1.0
    ```
    """
    answer = view.facts.environment
    if answer is None or answer.packages is None or not answer.ailments:
        return
    if any(ailment.is_severe for ailment in answer.ailments):
        # What is broken as a whole is built anew, and its parts with it.
        return
    ailments = [ailment for ailment in answer.ailments if _is_damage(ailment)]
    where = first_subject(view) if ailments else None
    if where is not None:
        told = "; ".join(one_line(one.cause) + _mending(one) for one in ailments)
        yield Finding(where, f"`{_name(answer)}` is damaged: {told}")


@file_rule(
    "wrong-python",
    Family.ENVIRONMENT,
    default=Severity.WARNING,
    constraints_default=Severity.OFF,
    since="0.1",
)
def wrong_python(view: FileView) -> Iterator[Finding]:
    """Environment of the file has another Python than the project asks for.

    ## Why
    What runs here is then not what the project is written and tested for, and tools such as uv,
    pyenv or Poetry refuse the environment or replace it.
    The nearest `.python-version` counts, `requires-python` in `pyproject.toml`, Poetry's `python`
    there, `python_requires` in `setup.cfg`, and what a `Pipfile` requires.
    As many numbers are compared as the file says: `3.12` is met by every 3.12.

    ## Example
    ```requirements
    flask==3.1.0
    ```
    Where this is installed:
    ```installed
    python 3.11.2
    asks .python-version 3.12
    flask 3.1.0
    ```
    Use instead:
    ```requirements
    flask==3.1.0
    ```
    ```installed
    python 3.12.4
    flask 3.1.0
    ```
    """
    answer = view.facts.environment
    contradictions = () if answer is None else answer.contradictions
    where = first_subject(view) if contradictions else None
    if where is None:
        return
    yield Finding(
        where,
        one_line("; ".join(one.message for one in contradictions)),
        related=tuple(
            Related(one.path, one.range, "another Python is asked for here")
            for one in contradictions
        ),
    )


def _name(answer: EnvironmentAnswer) -> str:
    """Return how messages call the environment: by the name of its folder."""
    prefix = answer.unreadable
    if answer.packages is not None:
        prefix = answer.packages.environment.prefix
    return "the environment" if prefix is None else one_line(prefix.name or str(prefix))


def _is_damage(ailment: Ailment) -> bool:
    """Return whether somebody should do something about it, though the environment works.

    Many want an environment without pip, or a conda one without Python, and nobody need do anything
    about an interpreter that got a bug-fix release.
    """
    # Late, since every start reads this module, and few environments are ill.
    from pinfold.core.model.installation import HealthProblem

    return ailment.problem in (
        HealthProblem.HALF_INSTALLED,
        HealthProblem.BROKEN_EDITABLE,
        HealthProblem.EXECUTABLE_BROKEN_LINK,
    )


def _mending(ailment: Ailment) -> str:
    # Not in the words of the command line: whoever runs `check` gets the same findings as an editor
    # shows, and `env doctor` names the command.
    return f"; to mend that, {one_line(in_editor(ailment.repair))}" if ailment.repair else ""
