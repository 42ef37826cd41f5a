"""Stability: the same clip again and again, its output, its memory and the spread of its times."""

from modellab.tasks import stability as task


def test_stability(evaluate, gate):
    gate(evaluate(task))
