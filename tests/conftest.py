"""For all tests: hypothesis asserts nothing about time. The first example of a test may be the one that loads scipy.

Where CI is set, hypothesis draws its full number of examples (and always the same ones); elsewhere a quarter, new ones
each time. A shell starts what it puts into the background with Ctrl-C ignored, nohup ignores SIGHUP, and children
inherit that: the tests of signals need them as a terminal gives them.
"""

import os
import signal
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

EXAMPLES = settings().max_examples // (1 if os.environ.get("CI") else 4)

# no deadline, and no verdict on how long data took to draw: both are the machine's load, not a fault
settings.register_profile(
    "modellab", deadline=None, max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("modellab")
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(scope="session", autouse=True)
def _lean_runs_within_tests() -> Iterator[None]:
    """Runs of pytest that a test starts load no plugins for our own tests: hypothesis's is a seventh of a short run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTEST_ADDOPTS", "-p no:hypothesispytest -p no:anyio")
        yield
