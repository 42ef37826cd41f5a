"""`python -m modellab.server ROOT OPTIONS`: what `modellab serve` becomes; see `serving.py`."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    from modellab.server import serving

    sys.exit(serving.main(*sys.argv[1:]))
