"""Word alignment: boundary errors against exact times, shares within tolerances, real-time factor, memory."""

from modellab.tasks import alignment as task


def test_alignment(evaluate, gate):
    gate(evaluate(task))
