"""Dialogue: expectations met, intelligibility of spoken answers, stability, latency, memory."""

from modellab.tasks import chat as task


def test_chat(evaluate, gate):
    gate(evaluate(task))
