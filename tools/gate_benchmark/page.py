"""The page: what was measured, on what, and what it does not show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tools.gate_benchmark import page_suites
from tools.gate_benchmark.contest import percent
from tools.gate_benchmark.figures import HIGHEST, SHOWN
from tools.gate_benchmark.plots import BARS_FILE, name
from tools.gate_benchmark.quality import outdated
from tools.gate_benchmark.release import ONE_LOOK, OURS, finer

Json = dict[str, Any]
POWER_SHOWN = tuple(map(percent, SHOWN))
QUALITY = {"quality": "model", "quality_lab": "lab", "quality_counts": "counts"}
RULES = ("modellab", "paired_z", "unpaired", "relative_5", "relative_10", "absolute_0.5", "absolute_1")

INTRODUCTION = """# How right the gate is

Written by `tools/gate_benchmark`; the figures themselves: [gate.json](gate.json). How the gate decides is explained in
[gate.md](../gate.md), with the broken set-ups (a renamed case, a changed normaliser, nothing but skips, ...) that the
tests of the suite turn red.

- **false alarms**: the fraction of clean runs that are red, with its 95 % interval (Clopper & Pearson)
- **30 cases red**: the chance that a clean suite of 30 such cases is red
- **seen**: the smallest change for the worse that is red in 80 % of runs, as shipped and, for a fair comparison, with
  every gate tuned so that 1 % of clean runs are red
"""

CAVEATS = """## What this does not show

- The simulated noise is a model: how much sessions differ is published, drift and hiccups are assumptions. Slowdowns
  are made by multiplying times.
- The traces are one virtual machine with two cores under a load of 4 to 12 from unrelated jobs, harsher than hosted
  runners. Its sessions are drawn again and again, A and B swapped at random; the intervals count sessions, not
  drawings, so they are wide. On such a machine the gate itself would not judge by the wall clock: it would be
  INCONCLUSIVE. A and B of a pair are up to five calls apart there, next to each other in the gate. A session has 24
  pairs; where the gate asks for more, some come twice.
- asv measures in two rounds by default; the traces have no rounds, there it gets calls in a row as the others do.
- A peer that is tuned gets its best knob: asv its factor, with and without its test; the U test its level. Stored
  limits are represented by the best of them on each data set, unpaired tests by the best of those with at most 24
  calls. Where none of them sees a slowdown of 300 %, 300 % is taken.
- modellab, tuned, is one limit on the trimmed mean that both stages must reach. One look at 12 pairs, the cost of the
  unpaired tests, is listed beside it. The stored mode times the reference workload as often as the model.
- Benign churn of the fitted model and of the counts has no direction. Churn that has one is what is to be found.
- One machine, one clock of one thread; no GPU.
"""

REPRODUCE = """## Run it again

```console
$ make gate-benchmark            # everything: an hour or more on two cores
$ make gate-benchmark QUICK=1    # two to three minutes, coarser, into build/gate-benchmark
$ python -m tools.gate_benchmark --only suites --only detection      # whole suites anew, the rest as published
$ python -m tools.gate_benchmark --only suites --cells '30x*'        # of them those of 30 cases
```

Seeds are fixed: two runs give the same figures, the cost of the analysis apart. Timings of a machine of one's own:

```console
$ python -m tools.gate_benchmark --record mine.npz --sessions 100
$ python -m tools.gate_benchmark --traces mine.npz
```

Word errors of real systems: `python -m tools.gate_benchmark --counts FILE`, a file of JSON lines `[recording, speaker,
words, [errors of each system]]` after a header line. The fitted model comes from such counts of seven systems on
Earnings-21 (Del Rio et al. 2021), which are not shipped: `--fit --counts FILE` fits it anew.
"""


def write(figures: Json) -> str:
    """The whole page in Markdown."""
    whole = (figures["suites"], figures["detection"]) if {"suites", "detection"} <= figures.keys() else None
    suites = [page_suites.write(*whole, table, figures.get("code", ""))] if whole else []
    parts = [INTRODUCTION, release(figures["release"]), *suites, speed(figures), quality(figures), memory(figures)]
    if figures["quick"]:
        parts.insert(1, "**A quick run: coarse figures.**\n")
    return "\n".join([*parts, CAVEATS, REPRODUCE])


def summary(figures: Json) -> str:
    """What the terminal shows."""
    return release(figures["release"]) + f"\n{figures['took_s']:.0f} s"


def release(rows: list[Json]) -> str:
    """The figures to reach."""
    body = [
        [
            row["name"],
            f"{row['sign']} {number(row['target'], row['unit'])}",
            number(row["measured"], row["unit"]),
            "yes" if row["reached"] else "**no**",
        ]
        for row in rows
    ]
    return "## Figures to reach\n\n" + table(["figure", "target", "measured", "reached"], body)


def number(value: float, unit: str) -> str:
    """Three digits.

    >>> number(0.01234, "%"), number(17.26, "")
    ('1.23 %', '17.3')
    """
    return f"{100 * value:.3g} %" if unit == "%" else f"{value:.3g}"


def speed(figures: Json) -> str:
    """One section for each data set of timings."""
    texts = [
        "## Speed\n",
        f"![smallest slowdown seen at equal false alarms]({BARS_FILE})\n",
        comparison(figures["speed"]),
    ]
    header = ["gate", "false alarms", "30 cases red", *(f"+{effect}" for effect in POWER_SHOWN)]
    header += ["seen, shipped", "seen at 1 %", "calls, clean/flagged"]
    for data, gates in figures["speed"].items():
        title = figures["titles"][data]
        rows = [speed_row(gate) for gate in gates.values()]
        texts += [f"### {data}\n", f"{title[0].upper()}{title[1:]}. Columns +2% to +20%: share of runs red.\n"]
        texts += [table(header, rows), f"![power on {data}]({name(data)})\n"]
    return "\n".join(texts)


def comparison(by_data: Json) -> str:
    """How much finer pairs are, by the whole gate and by one look that costs what its rivals cost."""
    calls = max(gates[OURS]["calls_clean_at_1pct"] for gates in by_data.values())
    lines = [
        "How many times smaller the effect is that modellab sees than what the best unpaired test does, both tuned:\n"
    ]
    ways = {OURS: f"two stages, at most {calls:.0f} calls of a clean case on average", ONE_LOOK: "one look, 24 calls"}
    for gate, way in ways.items():
        ratios = [f"{data} {ratio:.1f}" for data, ratio in finer(by_data, "unpaired", gate).items()]
        lines.append(f"- {way}: {', '.join(ratios)}")
    return "\n".join([*lines, ""])


def speed_row(gate: Json) -> list[str]:
    """One gate's line."""
    return [
        gate["title"],
        alarms(gate),
        f"{gate['suite30_red']:.1%}",
        *(f"{gate['power'][effect]:.0%}" for effect in POWER_SHOWN),
        effect(gate["mde80"]),
        effect(gate["mde80_at_1pct"]),
        f"{gate['calls_clean']:.0f} / {gate['calls_flagged']:.0f}",
    ]


def alarms(gate: Json) -> str:
    """A rate with its interval."""
    low, high = gate["false_alarm_bounds"]
    return f"{gate['false_alarm']:.2%} [{low:.2%}, {high:.2%}]"


def effect(value: float | None, digits: int = 1) -> str:
    """An effect in percent; what is not even seen at the largest one."""
    return f"> {HIGHEST:.0%}" if value is None else f"{value:.{digits}%}"


BEFORE = "†"
OUTDATED = f"""{BEFORE} by the rule before: 1 % by swapping and a cap on the sum, in place of 0.8 % and of counting what
broke. These cells have not been measured anew.
"""


def quality(figures: Json) -> str:
    """A table for each source: false alarms / damage seen, per cell and rule."""
    texts = [
        "## Word error rate\n",
        "False alarms / smallest damage seen with 80 % power (absolute WER), as shipped.\n",
    ]
    for part, source in QUALITY.items():
        if cells := figures.get(part):
            first = next(iter(cells.values()))
            rows = [[cell, *(quality_entry(rule, gates[rule]) for rule in RULES)] for cell, gates in cells.items()]
            title = figures["titles"][source]
            texts += [
                f"### {title[0].upper()}{title[1:]}\n",
                *([OUTDATED] if outdated(cells) else []),
                table(["cell", *(first[rule]["title"] for rule in RULES)], rows),
            ]
    return "\n".join([*texts, hits(figures["hit_sizes"]), clustered(figures["clustered"])])


def hits(by_size: Json) -> str:
    """How what is seen depends on the kind of damage."""
    effects = ", ".join(f"{size}: {effect(value, 2)}" for size, value in by_size.items())
    return (
        "Damage that comes in larger bursts is harder to see. By modellab in 1,000 utterances with 5 % churn, if every"
        f" utterance hit gets so many errors: {effects}.\n"
    )


def quality_entry(rule: str, gate: Json) -> str:
    """False alarms and what is seen."""
    seen = "-" if gate["mde80"] is None else f"{gate['mde80']:.2%}"
    before = f" {BEFORE}" if outdated({"": {rule: gate}}) else ""
    return f"{gate['false_alarm']:.1%} / {seen}{before}"


def clustered(figures: Json) -> str:
    """Speakers named and not."""
    rates = ", ".join(f"{title} {rate:.1%}" for title, rate in figures["false_alarm"].items())
    alone = ", ".join(f"{title} {rate:.1%}" for title, rate in figures["by_test"].items())
    size = figures["utterances"] // figures["speakers"]
    return f"""Two systems of equal standing, each better on other speakers ({figures["speakers"]} speakers with {size}
utterances each, every transcript different). Red: {rates}. By the permutation test alone: {alone}.
"""


def memory(figures: Json) -> str:
    """Peaks, and what each rule sees of a rise."""
    peaks, cost = figures["peaks"], figures["analysis"]
    effects = list(figures["memory"]["modellab"]["power"])
    rows = [
        [gate["title"], alarms(gate), f"{gate['suite30_red']:.1%}", *(f"{gate['power'][rise]:.1%}" for rise in effects)]
        for gate in figures["memory"].values()
    ]
    return f"""## Memory

{peaks["processes"]:.0f} fresh processes that do the same: peak {peaks["mean_mib"]:.0f} MiB, standard deviation
{peaks["sd_share"]:.2%}, from lowest to highest {peaks["range_share"]:.2%}. Share of runs red:

{table(["gate", "false alarms", "30 cases red", *(f"+{rise}" for rise in effects)], rows)}
## Cost

A verdict on {cost["utterances"]:,.0f} utterances with {cost["permutations"]:,.0f} permutations, every transcript
changed: {cost["seconds"]:.2f} s of CPU, {cost["peak_mb"]:.0f} MB for the whole process.
"""


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"
