"""Settings that every test shares."""

import os

from hypothesis import settings

# A deadline for each example fails on a machine that is busy, not on code that is slow; speed is
# the subject of tests/benchmarks. Under CI=true, Hypothesis chooses its own profile, which has no
# deadline either, and gives the same examples on every run.
settings.register_profile("desk", deadline=None)
if settings.get_current_profile_name() == "default":
    settings.load_profile("desk")

# The environment that somebody runs the tests in is not that of any project in them.
for _variable in ("VIRTUAL_ENV", "CONDA_PREFIX", "PYENV_VERSION"):
    os.environ.pop(_variable, None)

# Here and not in tests/oracle: the process that prints the summary of several workers reads only
# this conftest.
pytest_plugins = [
    "tests.editors.required",
    "tests.harness.offline",
    "tests.harness.tested",
    "tests.oracle.counts",
    "tests.oracle.conflict_counts",
    "tests.torture.table",
]
