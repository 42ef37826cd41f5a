"""BLEU and chrF against sacrebleu, the area under the ROC curve against scikit-learn, meetings against MeetEval."""

from __future__ import annotations

from random import Random

import numpy as np

from modellab.metrics import roc, translation
from modellab.types import Metric, Region
from tools.performance import draws, meetings
from tools.performance.check import EXACT, Check

BLEU = Metric("bleu", unit="ratio", better="higher", rate=translation.bleu_rate)
CHRF = Metric("chrf", unit="ratio", better="higher", rate=translation.chrf_rate)
AUC = Metric("roc_auc", unit="ratio", better="higher", rate=roc.auc_rate)
TOKENISERS = ("13a", "char", "intl", "none", "zh")


def sacrebleus_scores(n: int) -> Check:
    """The scores of corpora of up to 20 sentences with two references each, on sacrebleu's scale of 0 to 100."""
    import sacrebleu

    r, worst = Random(3), 0.0
    for _ in range(n):
        rows = [
            [" ".join(draws.words(r, 12) or ["a"]), " ".join(draws.words(r, 12) or ["b"])]
            for _ in range(r.randint(1, 20))
        ]
        hypotheses = [" ".join(draws.damaged(r, row[0].split())) for row in rows]
        tokeniser, sides = r.choice(TOKENISERS), [list(side) for side in zip(*rows, strict=True)]
        bleu = BLEU.value(translation.bleu(row, text, tokeniser) for row, text in zip(rows, hypotheses, strict=True))
        chrf = CHRF.value(translation.chrf(row, text) for row, text in zip(rows, hypotheses, strict=True))
        theirs = (
            sacrebleu.corpus_bleu(hypotheses, sides, tokenize=tokeniser, force=True),
            sacrebleu.corpus_chrf(hypotheses, sides),
        )
        worst = max(worst, *(abs(100 * own - other.score) for own, other in zip((bleu, chrf), theirs, strict=True)))
    return Check(n, worst, (f"a score is {worst:g} off",) if worst > EXACT else ())


def sklearns_area(n: int) -> Check:
    """The area under the curve of clips of 2 to 500 frames, on scores rounded as ours are, ties among them."""
    from sklearn.metrics import roc_auc_score

    chance, worst = np.random.default_rng(4), 0.0
    for _ in range(n):
        labels = chance.random(int(chance.integers(2, 500))) < chance.uniform(0.1, 0.9)
        labels[:2] = True, False
        labels = np.sort(labels)[::-1]  # the speech first, so that it is one region
        scores = 1 / (1 + np.exp(-chance.normal(np.where(labels, 1.0, -1.0), 4.0).round(int(chance.integers(0, 4)))))
        counts = roc.counts(roc.levels(scores), 1.0, [Region(0.0, float(labels.sum()))], float(len(labels)))
        worst = max(worst, abs(AUC.value([counts]) - roc_auc_score(labels, roc.levels(scores))))
    return Check(n, worst, (f"an area is {worst:g} off",) if worst > EXACT else ())


def meetevals_errors(n: int) -> Check:
    """The errors of meetings, without times and with them, counted by MeetEval now."""
    theirs = (meetings.meetevals(session) for session in draws.sessions(n))
    faults = tuple(meetings.unlike(n, theirs))
    return Check(n, float(bool(faults)), faults)
