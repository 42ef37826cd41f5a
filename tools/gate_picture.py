"""Draw docs/gate.svg, one passing and one failing case: `python -m tools.gate_picture`.

The passing case is real: what asr_lab_v1's transcripts change by when openai-whisper is replaced by whisper.cpp with
the same weights, both as accepted in baselines/. The failing one is the same with made-up damage: one more wrong word
in one utterance of twelve, drawn at random.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import yaml
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from modellab import tasks
from modellab.gate.case import Sides
from modellab.gate.decision import alone, margin
from modellab.gate.paired_quality import Comparison, compare
from modellab.results import baselines
from modellab.stats.permutation import by_chance
from modellab.types import CaseId, Floats, Rule

ROOT = Path(__file__).parents[1]
DATASET = "asr_lab_v1"
WER = tasks.get("asr").METRICS[0]
EVERY, SEED = 12, 4
WORSE, BETTER, CHANCE, INK = "#b2182b", "#2166ac", "#c6c6c6", "#222222"


def counts(model: str, precision: str) -> Floats:
    """The accepted (errors, words) of each utterance, shape (400, 2)."""
    accepted = baselines.load(ROOT / "baselines", CaseId("asr", DATASET, model, "lab", "cpu", precision))
    assert accepted is not None, f"baselines/asr/{DATASET} has no {model}"
    return np.array([accepted.counts[id]["wer"] for id in sorted(accepted.counts)])


def speakers() -> list[str]:
    """The speaker of each utterance, in the same order."""
    rows = yaml.safe_load((ROOT / "golden" / DATASET / "dataset.yaml").read_text(encoding="utf-8"))["cases"]
    return [row["speaker"] for row in sorted(rows, key=lambda row: row["id"])]


def draw_changes(axes: Axes, before: Floats, after: Floats) -> None:
    """One bar for each utterance that changed, worst first."""
    difference = (after - before)[:, 0]
    changed = np.sort(difference[difference != 0])[::-1]
    axes.bar(range(len(changed)), changed, color=np.where(changed > 0, WORSE, BETTER), width=0.8)
    axes.axhline(0, color=INK, linewidth=0.8)
    axes.set_xticks([])
    axes.set_xlabel(f"the {len(changed)} of {len(before)} utterances that changed")
    axes.set_ylabel("more wrong words")


def draw_chance(axes: Axes, comparison: Comparison, before: Floats, after: Floats) -> None:
    """What swapping before and after gives, and where the change lies among it."""
    values = 100 * np.concatenate(list(by_chance(WER, before, after)))
    axes.hist(values, bins=25, color=CHANCE)
    limit, change = 100 * margin(WER, Rule(), comparison.baseline), 100 * comparison.change
    axes.axvline(limit, color=INK, linestyle=":", linewidth=1)
    axes.axvline(change, color=WORSE if comparison.p <= 0.01 else BETTER, linewidth=2)
    top = axes.get_ylim()[1]
    axes.set_ylim(0, 1.28 * top)
    left = change > 0.7 * axes.get_xlim()[1]
    axes.text(
        change, 1.25 * top, f" what happened: {change:+.2f} % ", va="top", ha="right" if left else "left", color=INK
    )
    axes.text(limit, 1.11 * top, f" margin {limit:.1f} %", va="top", color=INK, fontsize=8)
    axes.set_yticks([])
    axes.set_xlabel("change of WER in points if before and after are swapped at random")


def main() -> None:
    """Write the picture."""
    before, upgraded = counts("whisper", "float32"), counts("whisper_cpp", "f16")
    damaged = upgraded.copy()
    damaged[np.random.default_rng(SEED).permutation(len(damaged))[: len(damaged) // EVERY], 0] += 1
    clusters = speakers()
    plt.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "svg.hashsalt": "gate"})
    figure, rows = plt.subplots(2, 2, figsize=(9, 5.4), width_ratios=[1, 1.5], layout="constrained")
    for (left, right), after, name in zip(rows, (upgraded, damaged), ("another engine", "with damage"), strict=True):
        comparison = compare(WER, before, after, clusters)
        status = alone(Sides(WER, Rule(), before, after), clusters).status
        units = [np.array([side[np.array(clusters) == one].sum(axis=0) for one in sorted(set(clusters))])
                 for side in (before, after)]  # fmt: skip
        draw_changes(left, before, after)
        draw_chance(right, comparison, units[0], units[1])
        left.set_title(f"{name}: {status}", loc="left", fontweight="bold")
        right.set_title(f"p = {comparison.p:.2g}: as bad by chance {_often(comparison.p)}", loc="left")
    figure.savefig(ROOT / "docs" / "gate.svg", metadata={"Date": None})


def _often(p: float) -> str:
    return f"in {100 * p:.0f} % of the swappings" if p > 0.01 else f"once in {1 / p:,.0f} swappings"


if __name__ == "__main__":
    main()
