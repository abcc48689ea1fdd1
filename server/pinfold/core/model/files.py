"""What part a dependency file plays."""

from __future__ import annotations

from enum import Enum


class FileRole(Enum):
    """What a dependency file is for; rules weigh the same line differently by it.

    ``INPUT`` is what a resolver compiles into a requirements file (``requirements.in``), so it
    rightly leaves versions open.
    ``CONSTRAINTS_INPUT`` is the same for constraints.
    """

    REQUIREMENTS = "requirements"
    CONSTRAINTS = "constraints"
    INPUT = "input"
    CONSTRAINTS_INPUT = "constraints-input"
