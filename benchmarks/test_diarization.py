"""Diarization: error rate and its parts, Jaccard error, number of speakers, real-time factor, memory."""

from modellab.tasks import diarization as task


def test_diarization(evaluate, gate):
    gate(evaluate(task))
