"""The fast way of reading a typical line gives what pip's own steps give."""

from __future__ import annotations

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from pinfold.core.formats.requirements import LogicalLine, parse_requirements
from pinfold.core.formats.summary import summary_of
from tests.oracle.lines import generate_lines

_NAMES = st.sampled_from(["a", "Foo", "zope.interface", "a_b", "a-b.c", "x1", "foo.zip", "A0"])
_EXTRAS = st.sampled_from(["", "[a]", "[A,b]", "[a, B]", "[b,a,b]", "[x.y,x-y]", "[a" + ",a" * 9])
_CLAUSES = st.sampled_from(
    ["==1", "== 1.0.0", "!=1.*", "==2.0.*", "~=1.0", "~= 1.0.1rc1", ">=1.0.post1", "<2.dev3"]
)
_SPECIFIERS = st.lists(_CLAUSES, max_size=3).map(",".join) | st.just(">1 , <= 2")
_URLS = st.sampled_from(
    [" @ https://h/x.zip", " @ git+ssh://git@h/p.git@v1", " @ http://h:80/%20?a=b", " @ ssh://h"]
)
_MARKERS = st.sampled_from(
    [
        "",
        ";os_name=='x'",
        " ; python_version < '3.9' and sys_platform != \"\"",
        '; python_full_version >= "3" or implementation_name == "cpython"',
    ]
)
_ENDS = st.sampled_from(["", "\n", "\r\n", " # c\n", "  # pinfold: ignore[x] \t\r\n", " #\n"])
_TYPICAL = st.tuples(
    _NAMES, _EXTRAS, st.one_of(_SPECIFIERS, _SPECIFIERS.map(" {}".format), _URLS), _MARKERS, _ENDS
).map("".join)


def check_both_ways(line: LogicalLine) -> None:
    """Check that the typical *line* says of itself what the same text says, read step by step."""
    slow = LogicalLine(None, line.text)

    assert slow.entry == line.entry
    assert slow.comment == line.comment
    assert slow.name == line.name
    for part in ("name", "specifier", "url", "marker"):
        assert slow.span(part) == line.span(part)
    assert summary_of(slow).name == summary_of(line).name
    # That trait only saves rules from looking at typical lines.
    assert summary_of(slow).traits == summary_of(line).traits


@settings(max_examples=400)
@given(_TYPICAL)
@example("a.tar.gz")
@example("a[B]")
@example("a" + ",".join(["!=1"] * 100))
def test_typical_line_reads_the_same_both_ways(text: str) -> None:
    """Entry, comment, spans and summary of a typical line are equal both ways."""
    line = parse_requirements(text).lines[0]
    assume(line.is_typical)

    check_both_ways(line)


def test_generated_lines_read_the_same_both_ways() -> None:
    """So are those of generated lines, a good part of which are typical."""
    typical = 0
    for generated in generate_lines(3, 10_000):
        for line in parse_requirements(generated.text).lines:
            if line.is_typical:
                typical += 1
                check_both_ways(line)

    assert typical >= 300
