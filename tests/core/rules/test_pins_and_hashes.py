"""Versions, duplicates, digests, indexes."""

from __future__ import annotations

from pinfold.core.model.facts import Facts
from tests.harness.squiggles import check, judge

HASH = "--hash=sha256:d667207822eb83f1c4b50949b1623c8fc8d51f2341d65f72e1a1815397551136"


def test_pins() -> None:
    """A bare name is unpinned, a bound is loose, a pre-release is named."""
    check("""
        flask
        ~~~~~ unpinned
        Django[argon2]
        ~~~~~~ unpinned
        redis>=5
             ~~~ loosely-pinned
        celery==5.4.*
              ~~~~~~~ loosely-pinned
        numpy==2.0.0rc1
             ~~~~~~~~~~ pre-release-pin
        pandas===2.2
        tool @ https://files.example/tool-1.0.zip
    """)


def test_inputs_leave_versions_open() -> None:
    """What a resolver compiles is not asked to pin."""
    check(
        """
        flask
        redis>=5
    """,
        name="requirements.in",
    )


def test_constraint_pins() -> None:
    """A version that a constraints file fixes counts as a pin."""
    check(
        """
        -c constraints.txt
        flask
        redis
        ~~~~~ unpinned
    """,
        files={"constraints.txt": "Flask==3.1.0\n"},
    )


def test_pin_to_a_known_version() -> None:
    """Where a version is known, the fix writes it after the extras."""
    facts = Facts(versions={"flask": "3.1.0"})  # type: ignore[dict-item]  # normalised already
    findings = judge("Flask[async]  # the web\n", facts=facts).findings

    edit = findings[0].fixes[0].edits[0]
    assert (12, 12, "==3.1.0") == (edit.range.start, edit.range.end, edit.text)


def test_duplicates() -> None:
    """The same name under the same condition, spelt in whatever way, here or in an include."""
    check(
        """
        -r base.txt
        flask-login==0.6.3
        Flask_Login>=0.6
        ~~~~~~~~~~~ duplicate-requirement: already required on line 2
        redis==5.2.1 ; python_version < "3.9"
        redis==5.2.0 ; python_version >= "3.9"
        celery==5.4.0
        ~~~~~~ duplicate-requirement: by `base.txt`, line 1
    """,
        files={"base.txt": "celery==5.4.0\n"},
    )


def test_digests() -> None:
    """Length, digits and algorithm of a digest are checked."""
    check(f"""
        flask==3.1.0 --hash=md5:0123456789abcdef0123456789abcdef
                            ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~ invalid-hash: `md5`
        redis==5.2.1 --hash=sha256:abc
                            ~~~~~~~~~~ invalid-hash: 64 digits, this has 3
        celery>=5 {HASH}
              ~~~ hash-without-pin
        django==5.1 {HASH}
    """)


def test_missing_hash() -> None:
    """One hash anywhere makes all others obligatory, unless that is turned off."""
    check(f"""
        flask==3.1.0 {HASH}
        redis==5.2.1
        ~~~~~ missing-hash: another requirement of this file
    """)
    check(
        """
        -r base.txt
        redis==5.2.1
        ~~~~~ missing-hash: `base.txt`
    """,
        files={"base.txt": f"flask==3.1.0 {HASH}\n"},
    )
    check(f"""
        --no-require-hashes
        flask==3.1.0 {HASH}
        redis==5.2.1
    """)
    check("""
        --require-hashes
        redis==5.2.1
        ~~~~~ missing-hash: this file says `--require-hashes`
    """)


def test_indexes() -> None:
    """Secrets, plain HTTP, excused hosts and further indexes."""
    check("""
        -i https://deploy:s3cret@packages.example/simple
                   ~~~~~~~~~~~~~ credentials-in-url: password
        --extra-index-url http://packages.example/simple
        ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~ index-confusion
                          ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~ insecure-index: plain HTTP
        --trusted-host packages.example
        ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~ insecure-index: without a valid certificate
        --find-links http://localhost:8000/wheels
        git+ssh://git@git.example/tool.git#egg=tool
        git+https://ghp_abc@git.example/other.git#egg=other
                    ~~~~~~~ credentials-in-url: token
        https://${USER}:${PASSWORD}@files.example/tool.zip#egg=third
    """)


def test_secret_is_not_repeated() -> None:
    """A message never says the secret that it is about."""
    findings = judge("-i https://deploy:s3cret@packages.example/simple\n").findings

    assert "s3cret" not in str([finding.message for finding in findings])
