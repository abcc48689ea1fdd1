"""The reading of what a distribution requires, held against ``packaging``."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import InvalidRequirement, Requirement

from pinfold.core.environments.installed.consistency import broken, parse_demand, wants
from pinfold.core.environments.installed.distributions import Reading
from pinfold.core.files import FileIdentity
from pinfold.core.formats.summary import normalised
from pinfold.core.model.environment import (
    BrokenDependency,
    Environment,
    InstalledDistribution,
    MarkerEnvironment,
)

_VALUES = {
    "implementation_name": "cpython",
    "implementation_version": "3.11.2",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "platform_release": "",
    "platform_system": "Linux",
    "platform_version": "",
    "python_full_version": "3.11.2",
    "python_version": "3.11",
    "sys_platform": "linux",
}
_MARKERS = MarkerEnvironment(_VALUES, "Python 3.11 on Linux")

_NAMES = st.sampled_from(["foo", "Foo.Bar", "a", "foo-", "-foo", "foo_1", "f oo", ""])
_EXTRAS = st.sampled_from(["", "[x]", "[x,y-z]", "[ x ]", "[]", "[x", "[x,]"])
_SPECIFIERS = st.sampled_from(
    [
        *("", ">=1", " >= 1.0 , <2", "(>=1)", " (==1.*)", "~=1.0", "~=1", "==1.0rc1", ">=1.*"),
        *("(>=1", ">=1,", "===x", "!=1.5.*,>=1.4", " @ https://files.example/x.zip", "<01", "> 1"),
        *(">=1 <2", ">=1.0.dev0", "==1+local", "1.0", ">=", "<=1.2.3.4.5.6.7.8.9.10.11", "=>1"),
    ]
)
_ATOMS = st.sampled_from(
    [
        *("python_version >= '3.8'", 'extra == "x"', "extra=='X_y'", "sys_platform == 'win32'"),
        *(
            "os_name",
            "extra == ''",
            "'linux' == sys_platform",
            "extra != 'x'",
            "python_version<'3'",
        ),
        *("sys_platform ~= 'linux'", "python_version < 'abc'", "unknown == 'x'", "'a' == 'a'"),
        *("platform_release > '5'", "python_full_version in '3.11.2'", 'os_name == "a\'b"'),
        *(
            "extra == 'not valid!'",
            "platform_system not in 'Linux'",
            "python_implementation == 'x'",
        ),
    ]
)
_MARKER_TEXTS = st.recursive(
    _ATOMS,
    lambda inner: st.one_of(
        st.builds("({})".format, inner),
        st.builds("{} {} {}".format, inner, st.sampled_from(["and", "or"]), inner),
    ),
    max_leaves=4,
)
_TEXTS = st.builds(
    "{}{}{}{}{}".format,
    _NAMES,
    _EXTRAS,
    _SPECIFIERS,
    st.sampled_from(["", ";", " ; ", "; "]),
    st.one_of(st.just(""), _MARKER_TEXTS),
)


@given(_TEXTS)
def test_demands_are_what_packaging_reads(text: str) -> None:
    """Refused or accepted, applying or not: one requirement, read as pip does it."""
    try:
        requirement = Requirement(text.strip())
        applying = requirement.marker is None or requirement.marker.evaluate(
            _VALUES | {"extra": ""}
        )
        expected: tuple[object, ...] | None = (
            (normalised(requirement.name), str(requirement.specifier)) if applying else ()
        )
    except (InvalidRequirement, ValueError, KeyError):
        expected = None
    found = wants(_distribution("x", requires=(text,)), _MARKERS)
    demanded = [
        (demand.key, str(Requirement(f"x{demand.specifier}").specifier))
        for demand, _ in found.demands
    ]

    assert ([], False) == (demanded, found.is_valid) if expected is None else found.is_valid
    assert ([expected] if expected else []) == demanded


def test_too_much_for_packaging() -> None:
    """A requirement with more clauses than it can bear is passed over; the others count."""
    text = "foo" + ",".join(f">={n}" for n in range(200))
    found = wants(_distribution("x", requires=(text, "bar")), _MARKERS)

    assert parse_demand(text) is None
    assert (True, ["bar"]) == (found.is_valid, [demand.key for demand, _ in found.demands])


def test_unknown_variable() -> None:
    """Where the value of a variable is not known, nothing is said of the requirement."""
    markers = MarkerEnvironment({"python_version": "3.11"}, "Python 3.11")
    found = wants(_distribution("x", requires=("a; os_name == 'nt'", "b")), markers)

    assert (True, ["b"]) == (found.is_valid, [demand.key for demand, _ in found.demands])


def test_messages() -> None:
    """The lines of ``pip check``, what is missing before what conflicts, and then other Pythons."""
    installed = (
        _distribution("b", requires=("Absent.Two>=1", "absent-one ; os_name == 'posix'")),
        _distribution("a", "1.0.0rc01", requires=("B[x] (<1)",), requires_python=">=3.12"),
    )

    assert [found.message for found in _broken(*installed)] == [
        "b 1.0 requires absent-one, which is not installed.",
        "b 1.0 requires absent-two, which is not installed.",
        "a 1.0.0rc1 has requirement B[x]<1, but you have b 1.0.",
        "a 1.0.0rc01 requires Python >=3.12, but this is Python 3.11.2.",
    ]


def test_sorted_as_pip_sorts() -> None:
    """What one distribution lacks is in the order of the requirements' texts."""
    found = _broken(_distribution("a", requires=("z", "y>=2", "Y", "x", "x>=1.0", "x>=1.0.0")))

    assert ["x", "x>=1.0", "Y", "y>=2", "z"] == [each.requirement for each in found]


@pytest.mark.parametrize(
    ("python", "required", "expected"),
    [
        ("3.11.2", ">=3.12", True),
        ("3.11.2", ">=3.11", False),
        ("3.11.2", "nonsense", False),
        ("3.11", ">=3.12", True),
        ("3.11", ">=3.11.3", False),
        ("3.11", "!=3.11.*", True),
        ("3.11", "<3.11", True),
        (None, ">=3.99", False),
    ],
)
def test_other_pythons(python: str | None, required: str, expected: bool) -> None:
    """Nothing is said that the known part of the version does not settle."""
    found = _broken(_distribution("a", requires_python=required), python=python)

    assert expected is bool(found)


def _broken(
    *distributions: InstalledDistribution, python: str | None = "3.11.2"
) -> tuple[BrokenDependency, ...]:
    environment = Environment(Path("/env"), (Path("/env/lib"),), python, _MARKERS)
    identity = FileIdentity("/env/lib/x", 0, 0, 0)
    return broken(
        environment,
        [
            (Reading(found, True, False, identity, None), found, wants(found, _MARKERS))  # noqa: FBT003
            for found in distributions
        ],
        local=(),
    )


def _distribution(
    name: str,
    version: str = "1.0",
    *,
    requires: tuple[str, ...] = (),
    requires_python: str | None = None,
) -> InstalledDistribution:
    return InstalledDistribution(
        name,
        normalised(name),
        version,
        Path(f"/env/lib/{name}-{version}.dist-info"),
        requires=requires,
        requires_python=requires_python,
    )
