"""Voice activity detection: precision, recall, F1, false alarms in seconds, real-time factor, memory."""

from modellab.tasks import vad as task


def test_vad(evaluate, gate):
    gate(evaluate(task))
