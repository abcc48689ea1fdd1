import re
from urllib.parse import urlsplit

from pypi_simple import PYPI_SIMPLE_ENDPOINT

from tests.project.checkout import ROOT, committed_files


def test_no_file_names_the_package_index() -> None:
    """The public index is asked for by its library's default, never by an address of our own.

    A machine may be set up to use another index, and a lock, a test or a page that names an
    address would go around it.
    """
    host = urlsplit(PYPI_SIMPLE_ENDPOINT).hostname
    assert host is not None
    naming = re.compile(re.escape(host).encode())

    assert [] == [
        str(path.relative_to(ROOT))
        for path in committed_files()
        if naming.search(path.read_bytes())
    ]
