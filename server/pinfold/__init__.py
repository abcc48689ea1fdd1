"""Keeps a workspace's Python environments, and the files that describe them, in agreement.

This module owns the version number, and imports nothing: every start of the program pays for it.
"""

# The build reads it from this line. Asking the installed metadata instead would cost a start about
# as much as the rest of `pinfold --version`.
__version__ = "0.1.0"
