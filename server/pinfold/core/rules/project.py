"""Rules on what surrounds the reading of a file: settings, ignore comments, the file as such."""

from __future__ import annotations

from pinfold.core.model.finding import Applicability, Severity
from pinfold.core.rules.registry import Family, raised_elsewhere

raised_elsewhere(
    "unreadable-file",
    Family.SYNTAX,
    default=Severity.ERROR,
    since="0.1",
    documentation="""
    File cannot be read, so that pip stops before its first line.

    ## Why
    The file is missing, a directory, a device, not readable by this user, larger than 16 MiB,
    binary, or not in the encoding that it declares.
    pip ends with a traceback or an error on most of these, and waits for ever on some.

    ## What to do
    Save the file as UTF-8 text, mend its permissions, or take it out of the place where dependency
    files are searched.
    """,
)

raised_elsewhere(
    "unused-ignore",
    Family.PROJECT,
    default=Severity.WARNING,
    since="0.1",
    fix=Applicability.SAFE,
    documentation="""
    Ignore comment silences nothing.

    ## Why
    An ignore comment that outlives its reason hides the next finding of the same rule on that line.
    A misspelt rule name silences nothing at all.
    A comment for a rule of the family *environment* is never called unused: what such a rule finds
    differs from one environment to the next.

    ## Example
    ```requirements
    flask==3.1.0  # pinfold: ignore[unpinned]
    ```
    Use instead:
    ```requirements
    flask==3.1.0
    ```

    ## Fix safety
    Safe: only the comment changes.
    """,
)

raised_elsewhere(
    "invalid-setting",
    Family.PROJECT,
    default=Severity.WARNING,
    since="0.1",
    documentation="""
    Setting in `[tool.pinfold]` or `pinfold.toml` is not understood, and has no effect.

    ## Why
    A misspelt setting looks as if it were in force.
    Every other setting goes on working.

    ## What to do
    The message names the setting that was probably meant; the settings page lists them all.
    """,
)
