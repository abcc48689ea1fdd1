"""Credentials that stand in a file, kept out of what is printed: as everywhere else."""

from __future__ import annotations

from pinfold.core.formats.secrets import masked

__all__ = ["masked"]
