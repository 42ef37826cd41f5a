"""Meetings: words at the right speaker (cpWER), and at the right time (tcpWER), real-time factor, memory."""

from modellab.tasks import meeting as task


def test_meeting(evaluate, gate):
    gate(evaluate(task))
