"""Real dependency files: read as pip reads them, and nothing of them is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pinfold.core.formats.encoding import DecodedText, decode_requirements, encode_requirements
from pinfold.core.formats.requirements import parse_requirements
from tests.oracle.comparison import Comparison
from tests.oracle.corpus import MINIMUM_FILES
from tests.oracle.counts import record_counts
from tests.oracle.pip_reading import PipReader, pip_context
from tests.oracle.real_files import FETCHED_CORPUS, SHARED_CORPUS, fetched_files, shared_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ABSENT = pytest.param(
    None,
    id="absent",
    marks=pytest.mark.skip(
        reason="REAL FILES ARE NOT COMPARED: there is no ../shared/data/corpus beside the checkout"
    ),
)


def _parameters(paths: tuple[Path, ...], root: Path) -> list[object]:
    return [pytest.param(path, id=path.relative_to(root).as_posix()) for path in paths]


@pytest.fixture
def pip() -> Iterator[PipReader]:
    """A pip in an empty directory without variables."""
    with pip_context() as reader:
        yield reader


@pytest.mark.parametrize("path", _parameters(shared_files(), SHARED_CORPUS) or [ABSENT])
def test_shared_file(
    pip: PipReader, record_property: Callable[[str, object], None], path: Path
) -> None:
    """A file of the shared corpus reads as pip reads it, and joins to what it was."""
    check_file(pip, record_property, "real files (shared)", path.read_bytes())


@pytest.mark.network
@pytest.mark.parametrize("path", _parameters(fetched_files(), FETCHED_CORPUS))
def test_fetched_file(
    pip: PipReader, record_property: Callable[[str, object], None], path: Path
) -> None:
    """A file out of a source archive reads as pip reads it, and joins to what it was."""
    check_file(pip, record_property, "real files (fetched)", path.read_bytes())


@pytest.mark.network
def test_fetched_files_are_enough() -> None:
    """``make corpus`` has run, and has fetched as many files as a comparison needs."""
    assert len(fetched_files()) >= MINIMUM_FILES


def check_file(
    pip: PipReader, record: Callable[[str, object], None], of_what: str, data: bytes
) -> None:
    """Check that *data* is decoded and read as pip does it, and that nothing of it is lost."""
    comparison = Comparison(pip)
    comparison.compare_bytes(data)
    record_counts(record, of_what, comparison)
    assert [] == comparison.differences, str(comparison.differences[:1])

    decoded = decode_requirements(data, "utf-8")
    if not isinstance(decoded, DecodedText):
        return
    assert decoded.text == parse_requirements(decoded.text).text
    if decoded.round_trips:
        assert data == encode_requirements(decoded, decoded.text)
