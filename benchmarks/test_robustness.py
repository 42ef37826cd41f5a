"""Robustness: word error rate in noise, in a room, on the telephone, through a codec, faster, clipped."""

from modellab.tasks import robustness as task


def test_robustness(evaluate, gate):
    gate(evaluate(task))
