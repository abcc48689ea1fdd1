"""Comparisons of plain versions, held against ``packaging``."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

from pinfold.core.formats.plain_versions import allows, has_plain_witness, plain_release

_NUMBERS = st.lists(st.sampled_from(["0", "1", "2", "10", "00", "01"]), min_size=1, max_size=4)
_VERSIONS = st.builds(
    "{}{}".format,
    _NUMBERS.map(".".join),
    st.sampled_from(["", "", "", "rc1", ".post1", ".dev2", "+local"]),
)
_CLAUSES = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["==", "!=", "<=", ">=", "<", ">"]),
    st.sampled_from(["", " "]),
    _NUMBERS.map(".".join),
    st.sampled_from(["", "", "", "rc1"]),
)
_WILDCARDS = st.builds("{}{}.*".format, st.sampled_from(["==", "!="]), _NUMBERS.map(".".join))
_COMPATIBLE = st.builds("~={}.{}".format, _NUMBERS.map(".".join), st.sampled_from(["0", "1", "2"]))
_SPECIFIERS = st.lists(st.one_of(_CLAUSES, _WILDCARDS, _COMPATIBLE), max_size=3).map(",".join)


@given(_SPECIFIERS, _VERSIONS)
def test_agrees_with_packaging(specifier: str, version: str) -> None:
    """The answer is that of ``packaging``, whether it is asked or not."""
    assert SpecifierSet(specifier).contains(version, prereleases=True) == allows(specifier, version)


@pytest.mark.parametrize(
    ("specifier", "version"), [("~=1", "1.0"), (">=1.*", "1.0"), (">=1", "one"), ("nonsense", "1")]
)
def test_no_answer(specifier: str, version: str) -> None:
    """What is no specifier, or no version, allows nothing and forbids nothing."""
    assert allows(specifier, version) is None


def test_plain_release() -> None:
    """Zeros at the end do not count; what is not plain is nothing."""
    assert [(1,), (), None, None] == [
        plain_release(text) for text in ("1.0.0", "0.0", "1.0rc1", "1" * 5000)
    ]


@given(_SPECIFIERS)
def test_a_witness_is_a_version_that_is_allowed(specifier: str) -> None:
    """Where one is found, `packaging` finds the range not empty."""
    if has_plain_witness(specifier):
        assert not SpecifierSet(specifier).to_range().is_empty
