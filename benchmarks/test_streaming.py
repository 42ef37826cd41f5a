"""Streaming recognition: latency of words, corrections on the way, word error rate beside that of the whole clip."""

from modellab.tasks import streaming as task


def test_streaming(evaluate, gate):
    gate(evaluate(task))
