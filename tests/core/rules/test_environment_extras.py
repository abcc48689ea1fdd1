"""What extras need, and whether it is installed."""

from __future__ import annotations

from tests.harness.environments import environment
from tests.harness.squiggles import check

CELERY = (
    'celery 5.4.0 requires kombu requires redis>=4.5; extra == "redis" '
    'requires pymongo; extra == "mongodb" requires pytest; extra == "all" and python_version < "3" '
    'requires celery[redis,mongodb]; extra == "all" requires boto3; extra == "sqs"'
)


def test_missing_and_wrong() -> None:
    """What an extra needs and is not there, or in a wrong version, is told at the extra."""
    check(
        """
        celery[redis, mongodb]==5.4.0
               ~~~~~ missing-extra: of `celery` 5.4.0 needs `redis>=4.5`, and 4.0 is installed
                      ~~~~~~~ missing-extra: needs `pymongo`, which is not installed
        celery[sqs]==5.4.0 ; python_version < "3"
        other[x]==1
        ~~~~~ not-installed
    """,
        facts=None,
        environment=environment(CELERY, "kombu 5", "redis 4.0"),
    )


def test_extras_of_extras() -> None:
    """An extra that is made of others needs what they need."""
    check(
        """
        celery[all]==5.4.0
               ~~~ missing-extra: extra `all` of `celery` 5.4.0 needs `pymongo`, which
    """,
        environment=environment(CELERY, "kombu 5", "redis 5"),
    )


def test_extras_of_others() -> None:
    """What an extra requires with extras needs those as well, and circles end."""
    check(
        """
        a[x]==1
          ~ missing-extra: extra `x` of `a` 1 needs `c>=2` (for `b[y]`), which is not installed
    """,
        environment=environment(
            'a 1 requires b[y]; extra == "x"',
            'b 1 requires c>=2; extra == "y" requires a[x]; extra == "y"',
        ),
    )


def test_unknown_extra() -> None:
    """An extra that the installed version does not have is told, with the nearest it has."""
    check(
        """
        celery[redis2]==5.4.0
               ~~~~~~ missing-extra: has no extra `redis2`; pip installs nothing for it; did
        celery[REDIS]==5.4.0
        ~~~~~~ duplicate-requirement
        kombu[zz]==5
              ~~ missing-extra: `kombu` 5 has no extra `zz`; pip installs nothing for it
    """,
        environment=environment(CELERY, "kombu 5", "redis 5"),
    )


def test_spelling_of_extras() -> None:
    """Extras are compared by their normalised names."""
    check(
        """
        a[Some_Extra]==1
          ~~~~~~~~~~ missing-extra: extra `some-extra` of `a` 1 needs `b`
    """,
        environment=environment('a 1 requires b; extra == "some.extra"'),
    )


def test_extras_of_a_path() -> None:
    """The extras of a local project are looked at too."""
    check(
        """
        -e ./lib[dev]
                 ~~~ missing-extra: extra `dev` of `lib` 1 needs `pytest`, which is not installed
    """,
        files={"lib/pyproject.toml": ""},
        environment=environment('lib 1 requires pytest; extra == "dev" editable /project/lib'),
    )


def test_constraints_have_no_extras() -> None:
    """Where pip refuses extras, nothing more is said of them."""
    check(
        """
        celery[redis2]==5.4.0
               ~~~~~~ invalid-constraint
    """,
        name="constraints.txt",
        environment=environment(CELERY, "kombu 5"),
    )
