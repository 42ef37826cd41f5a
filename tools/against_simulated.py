"""How many pairs a busy machine needs: both stages of `--against` on simulated pairs, with and without further ones.

    python -m tools.against_simulated

Log ratios are normal, and one pair in twenty has a hiccup on either side (exponential, 30 % on average).
"""

from __future__ import annotations

import argparse
import math
from collections import Counter
from collections.abc import Iterator

import numpy as np

from modellab.gate import paired_speed
from modellab.types import Floats, Rule, Status

HICCUPS, HICCUP = 0.05, 0.3
SPREADS = (0.02, 0.04, 0.07)
SLOWER = (0.0, 0.03, 0.05, 0.1)
RULE = Rule()


def pairs(generator: np.random.Generator, slower: float, sd: float, n: int) -> Floats:
    """Log ratios of n pairs, shape (n,), whose candidate takes `slower` more."""
    hiccup = (generator.random(n) < HICCUPS) * generator.choice([-1.0, 1.0], n) * generator.exponential(HICCUP, n)
    return np.asarray(generator.normal(math.log1p(slower), sd, n) + hiccup, dtype=float)


def status(generator: np.random.Generator, slower: float, sd: float) -> Status:
    """What the gate says of one run."""
    start = pairs(generator, slower, sd, paired_speed.FIRST)
    first = np.concatenate(
        [start, pairs(generator, slower, sd, paired_speed.first_pairs(start, RULE) - paired_speed.FIRST)]
    )
    fresh = (
        pairs(generator, slower, sd, paired_speed.second_pairs(first, RULE))
        if paired_speed.looks_slower(first)
        else None
    )
    return paired_speed.assess("rtf_cpu", first, fresh, RULE, 0.1, 0.1, "main").status


def seen_by_fewest(generator: np.random.Generator, slower: float, sd: float) -> bool:
    """Whether the smallest numbers of pairs, eight and seventeen, are red."""
    first, second = (pairs(generator, slower, sd, n) for n in (paired_speed.FIRST, paired_speed.SECOND))
    return paired_speed.looks_slower(first) and paired_speed.confirmed(second)


def table(runs: int) -> Iterator[str]:
    """Markdown; eight times as many runs without any change."""
    generator = np.random.default_rng(3)
    yield "| sd of a pair | | red | `INCONCLUSIVE` | `PASS` | red with 8 and 17 pairs |"
    yield "|---|---|---|---|---|---|"
    for sd in SPREADS:
        for slower in SLOWER:
            n = runs if slower else 8 * runs
            counts = Counter(status(generator, slower, sd) for _ in range(n))
            red, unsure, passed = (
                counts[outcome] / n for outcome in (Status.REGRESSED, Status.INCONCLUSIVE, Status.PASS)
            )
            fewest = sum(seen_by_fewest(generator, slower, sd) for _ in range(n)) / n
            change = f"+{slower:.0%}" if slower else "unchanged"
            yield f"| {sd:.0%} | {change} | {red:.2%} | {unsure:.1%} | {passed:.1%} | {fewest:.2%} |"


def main() -> None:
    """The table, a line as soon as it is known."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=250, help="of each slowdown")
    for line in table(parser.parse_args().runs):
        print(line, flush=True)


if __name__ == "__main__":
    main()
