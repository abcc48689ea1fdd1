"""``pinfold tree``: who needs whom in an environment, and why a package is there.

Owns the colours of a tree. How it is drawn is :mod:`pinfold.features.tree_text`'s.
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, ArgumentTypeError
from typing import TYPE_CHECKING

from pinfold.cli.chosen_packages import add_environment_option, chosen_packages
from pinfold.cli.env_scene import Refusal, Scene
from pinfold.cli.env_shape import json_paths, written_json
from pinfold.cli.main import CLEAN, FAILED
from pinfold.cli.terminal import Ink, Screen, complain, did_you_mean, visible
from pinfold.core.formats.summary import normalised
from pinfold.features.dependency_tree import (
    BranchState,
    known_names,
    trees,
    trees_json,
    ways_to,
)
from pinfold.features.tree_text import ASCII, LINES, Tone, tree_lines

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from pinfold.features.dependency_tree import Branch
    from pinfold.features.tree_text import Rods, Word


def run(arguments: Sequence[str]) -> int:
    """Draw the trees, and return the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.why is not None and options.packages:
        parser.error("--why takes the only package that is to be named")
    scene = Scene()
    installed = chosen_packages(options.env, scene)
    if isinstance(installed, Refusal):
        complain(installed.text)
        return FAILED
    known = known_names(installed)
    named = [*options.packages, *([] if options.why is None else [options.why])]
    for name in named:
        if normalised(name) not in known:
            complain(f"nothing is called `{name}` there{did_you_mean(name, known)}")
            return FAILED
    if options.why is not None:
        found = ways_to(installed, normalised(options.why), depth=options.depth)
    else:
        packages = [normalised(name) for name in options.packages]
        found = trees(installed, packages, inverted=options.invert, depth=options.depth)
    screen = Screen.of(sys.stdout, options.color, os.environ)
    if options.format == "json":
        shape = trees_json(installed, found, json_paths(scene), inverted=options.invert)
        screen.write(written_json(shape, "trees"))
    else:
        screen.write("".join(_drawing(found, screen, set(map(normalised, named)))))
    return CLEAN


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="pinfold tree",
        description="Show which package needs which others.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "packages",
        nargs="*",
        metavar="PACKAGE",
        help="begin with these (default: with all that nothing else needs)",
    )
    add_environment_option(parser)
    direction = parser.add_mutually_exclusive_group()
    direction.add_argument(
        "--why", metavar="PACKAGE", help="show only the ways that lead to this one"
    )
    direction.add_argument(
        "--invert", action="store_true", help="show below each package those that need it"
    )
    parser.add_argument(
        "--depth", type=_depth, metavar="N", help="show no more than N levels below the first"
    )
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.add_argument("--color", choices=("auto", "always", "never"), default="auto")
    return parser


def _depth(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > _MOST_DIGITS:
        raise ArgumentTypeError(f"`{visible(text)}` is no number of levels")
    return int(text)


_MOST_DIGITS = 6

_INKS = {Tone.NAME: Ink.BOLD, Tone.PROBLEM: Ink.ERROR, Tone.ASIDE: Ink.DIM}


def _rods(screen: Screen) -> Rods:
    encoding = getattr(screen.stream, "encoding", None) or "ascii"
    try:
        "".join(LINES).encode(encoding)
    except UnicodeEncodeError:
        return ASCII
    return LINES


def _drawing(found: Sequence[Branch], screen: Screen, named: Collection[str]) -> Iterator[str]:
    for line in tree_lines(found, _rods(screen)):
        words = [_painted(word, screen, is_named=line.key in named) for word in line.words]
        yield f"{line.rods}{' '.join(words)}\n"
    if any(map(_is_incomplete, found)):
        yield "\nNot everything fits together: `pinfold env doctor DIR` says what does not.\n"


def _painted(word: Word, screen: Screen, *, is_named: bool) -> str:
    text = visible(word.text)
    ink = _INKS.get(word.tone)
    return text if ink is None or (ink is Ink.BOLD and not is_named) else screen.paint(text, ink)


def _is_incomplete(branch: Branch) -> bool:
    return branch.state is not BranchState.MET or any(map(_is_incomplete, branch.branches))
