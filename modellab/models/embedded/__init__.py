"""whisper-lab: a tiny Whisper, really trained, that lies in this package in 0.8 MB and runs in four engines.

`weights("ct2")` expands it, once per machine, into the file or folder that an engine loads. No download, no hub.
It knows 144 words as espeak-ng says them: it is here to exercise engines, gate and reports with numbers that mean
something, not to recognise people (see whisper_lab/README.md).

Start reading at `compact.py`.
"""

from modellab.models.embedded.cache import digest, weights
from modellab.models.embedded.formats import FORMATS

__all__ = ["FORMATS", "digest", "weights"]
