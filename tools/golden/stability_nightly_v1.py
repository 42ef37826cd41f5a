"""stability_nightly_v1: the utterances of stability_smoke_v1, each heard a hundred times."""

from __future__ import annotations

from tools.golden import stability_smoke_v1

HEADER = {**stability_smoke_v1.HEADER, "tier": "nightly", "settings": {"repeats": 100, "leak_bytes": 16_384}}
clips = stability_smoke_v1.clips
