"""Speech recognition: word and character error rate, real-time factor, memory."""

from modellab.tasks import asr as task


def test_asr(evaluate, gate):
    gate(evaluate(task))
