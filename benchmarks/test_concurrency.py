"""Concurrency: how a server holds up when 1, 2, 4, ... ask at once."""

from modellab.tasks import concurrency as task


def test_concurrency(evaluate, gate):
    gate(evaluate(task))
