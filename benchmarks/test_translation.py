"""Translation of speech and of text: chrF, BLEU, real-time factor of speech, memory."""

from modellab.tasks import translation as task


def test_translation(evaluate, gate):
    gate(evaluate(task))
