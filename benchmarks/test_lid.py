"""Language identification: error rate, real-time factor, memory."""

from modellab.tasks import lid as task


def test_lid(evaluate, gate):
    gate(evaluate(task))
