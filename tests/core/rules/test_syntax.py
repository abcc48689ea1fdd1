"""What the rules on refused lines find, and where."""

from __future__ import annotations

import pytest

from pinfold.core.model.facts import Facts
from pinfold.features.fixing import edited_text
from tests.harness.squiggles import check, judge


def test_single_equals_sign() -> None:
    """A lone `=` is named, and the whole requirement marked."""
    check("""
        flask=3.1.0
        ~~~~~~~~~~~ invalid-requirement: `=` is no operator: write `==`
        flask[async]=3.1.0 ; python_version < "3.9"
        ~~~~~~~~~~~~~~~~~~ invalid-requirement: `=` is no operator
    """)


def test_what_other_tools_write() -> None:
    """Exports of conda, tables of `pip list` and merge markers are told for what they are."""
    check("""
        numpy=1.21.2=py39h20f2e39_0
        ~~~~~~~~~~~~~~~~~~~~~~~~~~~ invalid-requirement: conda list --export
        six                  1.13.0
        ~~~~~~~~~~~~~~~~~~~~~~~~~~~ invalid-requirement: `pip list`
        <<<<<<< HEAD
        ~~~~~~~~~~~~ invalid-requirement: merge conflict
    """)


def test_turned_operators() -> None:
    """`=>` and `=<` are named with what they stand for."""
    check("""
        flask=>3.1.0
        ~~~~~~~~~~~~ invalid-requirement: write `>=`
        flask =< 3.1.0
        ~~~~~~~~~~~~~~ invalid-requirement: write `<=`
    """)


def test_other_mistaken_operators() -> None:
    """What stands for an operator is named, with the one that is meant where that is certain."""
    check("""
        one >== 2
        ~~~~~~~~~ invalid-requirement: `>==` is no operator: write `>=`
        two[x] <== 2 ; python_version > "3"
        ~~~~~~~~~~~~ invalid-requirement: `<==` is no operator: write `<=`
        three <> 2
        ~~~~~~~~~~ invalid-requirement: `<>` is no operator: write `!=`
        four =~ 2.0
        ~~~~~~~~~~~ invalid-requirement: `=~` is no operator: write `~=`
        five>1,~>2.0
        ~~~~~~~~~~~~ invalid-requirement: `~>` is no operator: write `~=`
        six ===> 2
        ~~~~~~~~~~ invalid-requirement: `===>` is no operator
        seven =! 2
        ~~~~~~~~~~ invalid-requirement: `=!` is no operator
        eight ! 2
        ~~~~~~~~~ invalid-requirement: `!` is no operator
        nine>==1!2.0
        ~~~~~~~~~~~~ invalid-requirement: `>==` is no operator: write `>=`
    """)


def test_too_short_for_a_compatible_release() -> None:
    """`~=` needs a part of the version that may grow, as PEP 440 has it."""
    check("""
        one ~= 8
        ~~~~~~~~ invalid-requirement: `~=` needs a version of at least two parts: write `~=8.0`
        two[x] (~=8,<9) ; python_version > "3"
        ~~~~~~~~~~~~~~~ invalid-requirement: write `~=8.0`
        three ~= 8.1
    """)


@pytest.mark.parametrize(
    ("text", "fixed"),
    [
        ("one ~= 8 , <9", "one ~= 8.0 , <9"),
        ("one ~= 8, ~= 7", None),
        ("one >== 2", "one >= 2"),
        ("one=>1!2, <== 3", "one>=1!2, <= 3"),
        ("one ~> 2.0", "one ~= 2.0"),
        ("one ~> 2", None),
        ("one ===> 2", None),
        ("one >== 2, =! 3", None),
    ],
)
def test_operators_mended(text: str, fixed: str | None) -> None:
    """What is certain is mended, in all places at once; what would stay broken is left alone."""
    (finding,) = (one for one in judge(text).findings if one.rule == "invalid-requirement")
    found = [edited_text(text, fix.edits) for fix in finding.fixes]

    assert ([] if fixed is None else [fixed]) == found


def test_option_glued_to_a_requirement() -> None:
    """An option without a space before it is told apart from a bad version."""
    check("""
        flask==3.1.0--hash=sha256:abc
        ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~ invalid-requirement: needs a space before it
        flask==3.1.0\t--hash=sha256:abc
        ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~ invalid-requirement: needs a space before it
    """)


def test_path_behind_a_name() -> None:
    """pip takes what stands behind `@` for a URL, and cannot fetch a path."""
    check(
        """
        one @ ./ed/modern
              ~~~~~~~~~~~ invalid-requirement: alone, `./ed/modern`, or a whole URL, `one @ file:///…`
        two @ ed/modern ; python_version >= "3.8"
              ~~~~~~~~~ invalid-requirement: `ed/modern` has no scheme, so pip cannot install it: \
write the path alone, `./ed/modern`,
        three @ token@git.example/three
                ~~~~~~~~~~~~~~~~~~~~~~~ invalid-requirement: this has no scheme
        four @ tool.zip
               ~~~~~~~~ invalid-requirement
        five@tool.zip
        six @ ${PLACE}/six
        seven @ file:///project/seven
        one @ file:///project/ed/modern
    """,
        name="requirements.in",
    )


def test_bad_marker_is_marked_alone() -> None:
    """Only the marker is marked where only the marker is wrong."""
    check("""
        flask==3.1.0 ; python_version << "3.9"
                       ~~~~~~~~~~~~~~~~~~~~~~~ invalid-requirement
    """)


def test_options_that_do_not_belong_in_a_file() -> None:
    """Options of the command line, unknown and ambiguous ones are told apart."""
    check("""
        --no-deps
        ~~~~~~~~~ invalid-option: on pip's command line only
        --index-urll https://packages.example/simple
        ~~~~~~~~~~~~ invalid-option: did you mean `--index-url`?
        --no flask
        ~~~~ invalid-option: may mean several options: --no-index, --no-binary, --no-require-hashes
        --require-hashes=yes
        ~~~~~~~~~~~~~~~~~~~~ invalid-option: takes no value
        -r
        ~~ invalid-option: needs a value
        --use-feature fast
                      ~~~~ invalid-option: pip knows no feature `fast`
        -r "base.txt
           ~~~~~~~~~ invalid-option: quote is never closed
    """)


def test_removed_option() -> None:
    """A removed option is named with what to do now."""
    check("""
        flask==3.1.0 --global-option="--no-cython"
                     ~~~~~~~~~~~~~~~ removed-option: --config-settings
        --use-wheel
        ~~~~~~~~~~~ removed-option
    """)


def test_abbreviated_option() -> None:
    """An abbreviation that pip accepts is spelt out."""
    check(
        """
        --req base.txt
        ~~~~~ invalid-option: may mean several
        --requirem base.txt
        ~~~~~~~~~~ abbreviated-option: abbreviates `--requirement`
    """,
        files={"base.txt": ""},
    )


def test_white_space_after_a_backslash() -> None:
    """The backslash and the blank behind it are marked, nothing else on the line."""
    blank = " "
    check(f"""
        flask==3.1.0 \\{blank}
                     ~~ broken-continuation
    """)


def test_constraints_that_are_none() -> None:
    """Editables, nameless URLs and extras cannot constrain."""
    check(
        """
        -e git+https://git.example/tool.git#egg=tool
        ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~ invalid-constraint: editable
        https://files.example/tool-1.0.zip
        ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~ invalid-constraint: needs a name
        flask[async]==3.1.0
              ~~~~~ invalid-constraint: extras
        django==5.1
    """,
        name="constraints.txt",
    )


def test_characters_that_do_not_show() -> None:
    """No-break spaces, zero-width marks and lines that only pip sees."""
    check("""
        flask\u00a0==3.1.0
        ~~~~~~~~~~~~~ invalid-requirement: does not show
             ~ invisible-character: no-break space
        redis\u200b==5.2.1
        ~~~~~~~~~~~~~ invalid-requirement
             ~ invisible-character: zero width space
        django==5.1\u2028celery==5.4
                   ~ invisible-character: begins a new line
    """)


def test_variables() -> None:
    """Unset variables and lower-case names stay as they are, and that is told."""
    check(
        """
        --index-url https://${TOKEN}@packages.example/simple
                            ~~~~~~~~ undefined-variable: has no value here
        -r ${HERE}/base.txt
        --find-links ${there}/wheels
                     ~~~~~~~~ undefined-variable: upper case
        """,
        facts=Facts(variables=frozenset({"HERE"})),
    )


def test_includes() -> None:
    """A missing include, a cycle and a missing local project are told where they are named."""
    check(
        """
        -r base.txt
        -r bsae.txt
           ~~~~~~~~ missing-file
        -r loop.txt
           ~~~~~~~~ include-cycle: `loop.txt` includes this file again
        -r requirements.txt
           ~~~~~~~~~~~~~~~~ include-cycle
        -r https://files.example/base.txt
        -e ./tool
        -e ./toll
           ~~~~~~ missing-file
        ./tool[async]
        ./toll[async]
        ~~~~~~ missing-file
        """,
        files={
            "base.txt": "django==5.1\n",
            "loop.txt": "-r requirements.txt\n",
            "tool/pyproject.toml": "",
        },
    )
