"""What no file tells of an installation, and its interpreter does.

Owns which installations are worth asking, and what becomes of an answer. Refuses to decide whether
any may be asked: whoever calls :func:`ask_unknown` has a person's word that the workspace is
trusted, and takes it back through *may_go_on*.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pinfold.core.environments.probe import ProbeAnswer, ProbeError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from threading import Event

    from pinfold.core.environments.probe import Prober
    from pinfold.core.model.installation import Installation

EVIDENCE = "it said so when asked"

MAX_ASKED = 50
"""How many interpreters are asked in a row: each may take its deadline."""


def informed(installation: Installation, prober: Prober) -> Installation:
    """Return *installation* with what its interpreter has said at some time; nothing is run.

    What files tell is left as it is.
    """
    if installation.version is not None or installation.executable is None:
        return installation
    answer = prober.recall(installation.executable)
    if not isinstance(answer, ProbeAnswer):
        return installation
    return replace(
        installation,
        version=answer.version,
        implementation=answer.implementation,
        is_externally_managed=installation.is_externally_managed or answer.is_externally_managed,
        evidence=(*installation.evidence, EVIDENCE),
    )


def ask_unknown(
    installations: Sequence[Installation],
    prober: Prober,
    *,
    may_go_on: Callable[[], bool],
    cancelled: Event,
) -> int:
    """Ask those of whom no version is known; return how many have answered.

    One after the other, since none of them is urgent. Who has been asked is not asked again as
    long as its files are what they were.
    """
    answered = asked = 0
    for installation in installations:
        executable = installation.executable
        if installation.version is not None or executable is None:
            continue
        if prober.recall(executable) is not None:
            continue
        if asked >= MAX_ASKED or cancelled.is_set() or not may_go_on():
            break
        asked += 1
        try:
            prober.probe(executable, cancelled=cancelled)
        except ProbeError:
            # It stays unknown, and is not asked again; there is nothing for people in that.
            continue
        answered += 1
    return answered
