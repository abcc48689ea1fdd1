"""What pip reads and then ignores."""

from __future__ import annotations

from tests.harness.squiggles import check

FILES = {"base.txt": "", "more.txt": "", "my": "", "a/setup.py": "", "b/setup.py": ""}


def test_second_include_on_a_line() -> None:
    """pip follows one include a line."""
    check(
        """
        -r base.txt -r more.txt
                    ~~~~~~~~~~~ dropped-include: `more.txt` needs a line of its own
        -c base.txt -r more.txt
        ~~~~~~~~~~~ dropped-include
        flask==3.1.0 -r base.txt
                     ~~~~~~~~~~~ dropped-include
    """,
        files=FILES,
    )


def test_options_beside_a_requirement() -> None:
    """All but hashes and build settings are ignored there, save those that act at once."""
    check(
        """
        flask==3.1.0 --pre --no-binary flask -C key=value
                     ~~~~~ dropped-option: on the line of a requirement
        -r base.txt --pre
                    ~~~~~ dropped-option: beside an include
        -e ./a -e ./b
               ~~~~~~ dropped-option
        -f ./a -f ./b
               ~~~~~~ dropped-option: after another one
    """,
        files=FILES,
    )


def test_hash_without_a_requirement() -> None:
    """A hash on its own belongs to nothing."""
    check("""
        flask==3.1.0
        --hash=sha256:d667207822eb83f1c4b50949b1623c8fc8d51f2341d65f72e1a1815397551136
        ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~ dropped-hash
    """)


def test_marker_after_an_editable() -> None:
    """The marker is marked with its semicolon."""
    check(
        """
        -e ./a ; python_version < "3.9"
               ~~~~~~~~~~~~~~~~~~~~~~~~ dropped-marker: a local editable cannot have one
    """,
        files=FILES,
    )


def test_words_that_belong_to_nothing() -> None:
    """The rest of a path with a space is ignored."""
    check(
        """
        -r my file.txt
              ~~~~~~~~ dropped-word: `file.txt`
    """,
        files=FILES,
    )


def test_line_in_the_comment_above() -> None:
    """A backslash at the end of a comment takes the next line with it."""
    check("""
        flask==3.1.0  # the web \\
        redis==5.2.1
        ~~~~~~~~~~~~ swallowed-line
        django==5.1
        # a line that is only a comment \\
        celery==5.4.0
    """)


def test_index_that_is_overridden() -> None:
    """The last index wins for the whole file."""
    check("""
        --index-url https://one.example/simple
        ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~ overridden-option
        flask==3.1.0
        -i https://two.example/simple
    """)
