"""Digests against what was recorded, against local archives and against each other."""

from __future__ import annotations

import hashlib

import pytest

from tests.harness.environments import environment
from tests.harness.squiggles import judge

A, B, C = (f"--hash=sha256:{digit * 64}" for digit in "abc")
LONG = f"--hash=sha512:{'d' * 128}"
WHEEL = "wheels/tool-1.0-py3-none-any.whl"
CONTENT = b"not really a wheel"
DIGEST = hashlib.sha256(CONTENT).hexdigest()


def mismatches(text: str, *installed: str, **files: str | bytes) -> list[str]:
    """Return what the rule says of *text*; two underscores in a file's name are a slash."""
    beside = {name.replace("__", "/"): content for name, content in files.items()}
    found = environment(*installed) if installed else None
    judgement = judge(text, files=beside, environment=found)
    return [finding.message for finding in judgement.findings if finding.rule == "hash-mismatch"]


def test_two_lines() -> None:
    """Two lines that pin one version and have no digest in common vouch for nothing."""
    text = f"flask==3.1.0 {A} {B}\nFlask == 3.1 {C}\n"
    (finding,) = [f for f in judge(text).findings if f.rule == "hash-mismatch"]
    (related,) = finding.related

    assert "no archive matches both these hashes and those on line 1" == finding.message
    assert C.removeprefix("--hash=") == finding.range.of(text)
    assert f"{A.removeprefix('--hash=')} {B}" == related.range.of(text)


@pytest.mark.parametrize(
    ("second", "contradicts"),
    [
        (f"flask==3.1.0 {C}", True),
        (f"flask==3.1.0 {B} {C}", False),
        (f"flask==3.1.0 {C} {LONG}", True),
        (f"flask==3.1.0 {LONG}", False),
        (f"flask==3.1.0 {A.upper().replace('--HASH=SHA256', '--hash=sha256')}", False),
        (f"flask==3.1.1 {C}", False),
        ("flask==3.1.0", False),
        (f'flask==3.1.0 ; python_version < "3.8" {C}', True),
        ("flask==3.1.0 --hash=sha256:${DIGEST}", False),
    ],
)
def test_when_two_lines_contradict(second: str, contradicts: bool) -> None:
    """Digests are compared by algorithm, between lines of one version that may both apply."""
    found = mismatches(f"flask==3.1.0 {A} {B}\n{second}\n")

    assert (["no archive matches both these hashes and those on line 1"] * contradicts) == found


def test_lines_that_never_apply_together() -> None:
    """Lines whose markers differ contradict only where both are true here."""
    old, new = 'python_version < "3.8"', 'python_version >= "3.8"'
    text = f"flask==3.1.0 ; {old} {A}\nflask==3.1.0 ; {new} {B}\n"
    both = f'flask==3.1.0 ; os_name == "posix" {A}\nflask==3.1.0 ; {new} {B}\n'

    assert [] == mismatches(text)
    assert [] == mismatches(text, "flask 3.1.0")
    assert [] == mismatches(both)
    assert 1 == len(mismatches(both, "flask 3.1.0"))


def test_included_files() -> None:
    """The other line may stand in an included file, of requirements or constraints."""
    for option in "-r", "-c":
        judgement = judge(
            f"{option} base.txt\nflask==3.1.0 {A}\n", files={"base.txt": f"flask==3.1.0 {B}\n"}
        )
        (finding,) = [f for f in judgement.findings if f.rule == "hash-mismatch"]

        assert finding.message.endswith("those on line 1 of `base.txt`")
        assert ["base.txt"] == [related.path.name for related in finding.related]


def test_what_was_recorded() -> None:
    """The digest of an archive that was installed from a URL must be one of the line's."""
    origin = "tool 1.0 from https://files.example/tool-1.0.zip hash sha256:"
    line = "tool @ https://files.example/tool-1.0.zip"
    said = "what is installed has the sha256 digest `{}`, which is none of this line's"

    assert [] == mismatches(f"{line} {A} {B}\n", origin + "B" * 64)
    assert [said.format("c" * 64)] == mismatches(f"{line} {A} {B}\n", origin + "c" * 64)
    assert [said.format("c" * 64)] == mismatches(f"tool==1.0 {A}\n", origin + "c" * 64)
    assert [] == mismatches(f"tool==1.1 {A}\n", origin + "c" * 64)
    assert [] == mismatches(f"{line} {LONG}\n", origin + "c" * 64)
    assert [] == mismatches(f'{line} ; python_version < "3" {A}\n', origin + "c" * 64)


def test_local_archive() -> None:
    """The digest of an archive that is there is worked out and compared."""
    right = f"--hash=sha256:{DIGEST.upper()}"
    for subject in (f"./{WHEEL}", f"tool @ file:///project/{WHEEL}", f"file:///project/{WHEEL}"):

        def found(hashes: str, subject: str = subject) -> list[str]:
            judgement = judge(f"{subject} {hashes}\n", files={WHEEL: CONTENT})
            return [f.message for f in judgement.findings if f.rule == "hash-mismatch"]

        assert [] == found(right)
        assert [] == found(f"{A} {right}")
        (message,) = found(A)
        assert f"has the sha256 digest `{DIGEST}`, which is none of this line's" in message


def test_installed_from_a_local_archive() -> None:
    """One cause is told once: the archive's own digest, or what was recorded if it is gone."""
    origin = f"tool 1.0 from file:///project/{WHEEL} hash sha256:{DIGEST}"
    for subject in (f"./{WHEEL}", f"tool @ file:///project/{WHEEL}", f"file:///project/{WHEEL}"):
        text, found = f"{subject} {A}\n", environment(origin)
        there = judge(text, files={WHEEL: CONTENT}, environment=found).findings
        gone = judge(text, environment=found).findings
        (said,) = [finding.message for finding in there if finding.rule == "hash-mismatch"]
        (recorded,) = [finding.message for finding in gone if finding.rule == "hash-mismatch"]

        assert f"has the sha256 digest `{DIGEST}`" in said
        assert recorded.startswith("what is installed has")


def test_archive_that_cannot_be_read() -> None:
    """Nothing is said of an archive that is not there."""
    assert [] == mismatches(f"./{WHEEL} {A}\n")
    assert [] == mismatches(f"./wheels/${{NAME}}.whl {A}\n")
