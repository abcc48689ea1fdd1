import pytest

from pinfold.core.rules.registry import rules
from tests.cli.running import Runner


def test_json(pinfold: Runner) -> None:
    """Every rule is told, in the order of the families, with its page."""
    shape = pinfold("rule", "--format=json").json("rules")

    assert list(rules()) == [rule["name"] for rule in shape["rules"]]
    (unpinned,) = pinfold("rule", "unpinned", "--format=json").json("rules")["rules"]
    assert ("pins", "unsafe", "warning", "off") == (
        unpinned["family"],
        unpinned["fix"],
        unpinned["severity"]["requirements"],
        unpinned["severity"]["input"],
    )
    assert rules()["unpinned"].documentation == unpinned["documentation"]


def test_families_can_be_selected(pinfold: Runner) -> None:
    """What the JSON calls a family is what `--select` takes."""
    shape = pinfold("rule", "--format=json").json("rules")

    for family in {rule["family"] for rule in shape["rules"]}:
        assert 0 == pinfold("check", "--select", family).status


def test_index(pinfold: Runner) -> None:
    """Every rule has a line under its family."""
    result = pinfold("rule")

    lines = result.out.splitlines()
    assert 0 == result.status
    assert set(rules()) <= {line.split()[0] for line in lines if line.startswith("  ")}
    assert "Ignored by pip (--select ignored)" in lines


@pytest.mark.parametrize("name", rules())
def test_page(pinfold: Runner, name: str) -> None:
    """A page is plain text: no fences, no hashes of headings."""
    result = pinfold("rule", name)

    assert 0 == result.status
    assert result.out.startswith(f"{name}: ")
    assert not [line for line in result.out.splitlines() if line.startswith(("```", "## "))]


def test_example_is_indented(pinfold: Runner) -> None:
    """What stands in a block is set off."""
    assert "\nExample\n    flask\nUse instead:\n    flask==3.1.0\n" in (
        pinfold("rule", "unpinned").out
    )


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("unpined", "there is no rule `unpined`; did you mean `unpinned`?"),
        ("zzz\x1b", "there is no rule `zzz\\x1b`; `pinfold rule` lists them all"),
    ],
)
def test_unknown_rule(pinfold: Runner, name: str, told: str) -> None:
    """A rule that does not exist is wrong usage, with what was probably meant."""
    result = pinfold("rule", name)

    assert (2, "", f"pinfold: {told}\n") == (result.status, result.out, result.err)
