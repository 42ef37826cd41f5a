"""Voice to voice: errors of a recogniser that listens, health of the audio, time to first audio, memory."""

from modellab.tasks import v2v as task


def test_v2v(evaluate, gate):
    gate(evaluate(task))
