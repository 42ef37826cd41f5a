"""For all tests: hypothesis asserts nothing about time. The first example of a test may be the one that loads scipy.

A shell starts what it puts into the background with Ctrl-C ignored, and children inherit that: the tests of Ctrl-C need
it as a terminal gives it.
"""

import signal

from hypothesis import settings

settings.register_profile("modellab", deadline=None)
settings.load_profile("modellab")
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
