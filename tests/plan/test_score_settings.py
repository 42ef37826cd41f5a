"""What a project may say of its scores."""

from __future__ import annotations

from pathlib import Path

import pytest

from modellab.errors import ConfigError
from modellab.plan.score_settings import HIGHER, LOWER, Scale, Scorecard, Tenfold
from modellab.plan.settings import Project
from modellab.types import Metric

TABLE = """
[tool.modellab.scorecard]
fewest = 50
currency = "EUR"
[tool.modellab.scorecard.weights]
quality = 70
cost = 0
[tool.modellab.scorecard.quality.wer]
worst = 0.3
best = 0.02
[tool.modellab.scorecard.prices]
"gpu-a" = 2.0
"gpu-*" = 1.0
"*" = 0.1
"""


def scorecard_of(folder: Path, text: str) -> Scorecard:
    (folder / "pyproject.toml").write_text(text)
    return Project.at(folder).judging.scorecard


def test_a_project_sets_weights_scales_and_prices(tmp_path: Path) -> None:
    found = scorecard_of(tmp_path, TABLE)
    assert (found.weights.quality, found.weights.speed, found.weights.cost) == (70, 20, 0)
    assert (found.fewest, found.currency) == (50, "EUR")
    assert found.scale(Metric("wer", "ratio", "lower")) == Scale(worst=0.3, best=0.02)
    assert [found.price(machine) for machine in ("gpu-a", "gpu-b", "cpu")] == [2.0, 1.0, 0.1]


def test_what_is_built_in(tmp_path: Path) -> None:
    found = scorecard_of(tmp_path, "[tool.modellab]\n")
    assert found == Scorecard()
    assert found.price("cpu") is None
    assert found.scale(Metric("cpwer", "ratio", "lower")) == LOWER
    assert found.scale(Metric("recall", "ratio", "higher")) == HIGHER
    assert found.scale(Metric("chrf", "ratio", "higher")) == Scale(worst=0.2, best=0.8)
    assert found.scale(Metric("loudness", "LUFS", "lower")) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[tool.modellab.scorecard]\nweight = 1", "unknown key 'scorecard.weight': did you mean weights?"),
        (
            "[tool.modellab.scorecard.weights]\nqualty = 1",
            "unknown key 'scorecard.weights.qualty': did you mean quality?",
        ),
        ("[tool.modellab.scorecard.weights]\nspeed = -1", "'scorecard.weights.speed' is -1: input should be greater"),
        ("[tool.modellab.scorecard.speed]\nworst = 0.1\nbest = 1.0", "best is above worst, and less is better"),
        ("[tool.modellab.scorecard.quality.wer]\nworst = 0.1\nbest = 0.1", "worst and best are the same value"),
        ("[tool.modellab.scorecard.quality.wer]\nworst = 0.1", "'scorecard.quality.wer.best' is missing"),
        ("[tool.modellab.scorecard.prices]\ncpu = -0.1", "'scorecard.prices.cpu' is -0.1"),
        ("[tool.modellab.scorecard.grades]\nA = 50\nB = 60", "B needs more points than A"),
        ("[tool.modellab.scorecard]\nfewest = 1", "'scorecard.fewest' is 1: input should be greater"),
        (
            "[tool.modellab.scorecard.weights]\nquality = 0\nspeed = 0\nmemory = 0\nstability = 0\ncost = 0",
            "every weight is 0: at least one has to count",
        ),
    ],
)
def test_what_cannot_be_is_told(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match="toml") as found:
        scorecard_of(tmp_path, text)
    assert said in str(found.value)


def test_a_tenfold_scale_has_no_zero() -> None:
    with pytest.raises(ValueError, match="greater than 0"):
        Tenfold(worst=1.0, best=0.0)
