"""`python -m modellab.server ROOT OPTIONS`: what `modellab serve` becomes; see `serving.py`."""

from __future__ import annotations

import sys

INTERRUPTED = 130  # as a shell has it of whoever was ended by Ctrl-C


def run() -> int:
    """Serve; without a traceback where Ctrl-C comes while all of it is still being imported, which takes a second."""
    try:
        from modellab.server import serving

        return serving.main(*sys.argv[1:])
    except KeyboardInterrupt:  # until uvicorn takes signals
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(run())
