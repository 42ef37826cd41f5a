"""Speech synthesis: errors of a recogniser that listens, health of the audio, real-time factor, time to first audio."""

from modellab.tasks import tts as task


def test_tts(evaluate, gate):
    gate(evaluate(task))
