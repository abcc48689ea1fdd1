import pytest

from tests.project.checkout import ROOT

EXAMPLE = ROOT / "docs" / "example"


@pytest.mark.parametrize(
    ("path", "mistake"),
    [
        ("blog/requirements.txt", b"3.4.4\t--hash="),
        ("blog/requirements.txt", b"gunicorn==20.1.0 \\ \n"),
        ("shop/requirements/testing.txt", "pytest-django\N{NO-BREAK SPACE}==".encode()),
    ],
)
def test_invisible_mistakes_survive(path: str, mistake: bytes) -> None:
    """No editor or formatter has tidied away what the example is there to show."""
    assert mistake in (EXAMPLE / path).read_bytes()
