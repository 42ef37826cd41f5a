"""What stands on the line of `modellab run` beside its own options: cases by their id, and what is for pytest."""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Sequence

from modellab.errors import ConfigError
from modellab.plan.batching import plain
from modellab.plan.matrix import Case, Matrix
from modellab.plan.selection import Selection

OWN = ("--model", "--dataset", "--device", "--precision", "--tier")
CLOSE = 0.85  # of names, from which on one is taken for a misspelt other
TAKE_TEXT = ("-k", "-m", "--deselect", "--reason")  # options of pytest whose value is a text of any kind


def refuse_misspelt(arguments: Sequence[str]) -> None:
    """ConfigError for what looks like an option of this command, and is none."""
    for given in arguments:
        option = given.partition("=")[0]
        if close := difflib.get_close_matches(option, OWN, n=1, cutoff=CLOSE):
            raise ConfigError(f"no such option: {option}: did you mean {close[0]}?")


def parted(matrix: Matrix, arguments: Sequence[str]) -> tuple[list[Case], list[str]]:
    """The cases that the line names by their id, and what else is on it, for pytest."""
    cases: list[Case] = []
    rest: list[str] = []
    for i, given in enumerate(arguments):
        is_value = i > 0 and arguments[i - 1] in TAKE_TEXT
        case = None if is_value or given.startswith("-") or ":" not in given else matrix.find(given)
        if isinstance(case, Case):
            cases.append(case)
        else:
            rest.append(given)
    return cases, rest


def named(matrix: Matrix, cases: Sequence[Case], options: Selection) -> Selection:
    """The selection that takes these cases and no other; the options' own where no case is named."""
    if not cases:
        return options
    keys = [case.key for case in cases]
    if options:
        raise ConfigError(f"{keys[0]} is a case: --model, --dataset and the like cannot narrow it")
    selection = Selection(
        model=tuple(dict.fromkeys(f"{key.model}:{plain(key.variant)}" for key in keys)),
        dataset=tuple(dict.fromkeys(key.dataset for key in keys)),
        device=tuple(dict.fromkeys(key.device for key in keys)),
        precision=tuple(dict.fromkeys(key.precision for key in keys)),
    )
    every = [str(case.key) for case in selection.cases(matrix) if isinstance(case, Case)]
    if others := [name for name in every if name not in {str(key) for key in keys}]:
        raise ConfigError(f"these cases cannot be had together without {others[0]}: run one after the other")
    return selection


def verbosely(arguments: Sequence[str]) -> list[str]:
    """pytest's -v where nobody watches, so that each case is a line; not where the line asks for another."""
    is_asked = any(re.match(r"-[a-zA-Z]*[qv]|--(quiet|verbos)", given) for given in arguments)
    return [] if is_asked or sys.stdout.isatty() else ["-v"]
