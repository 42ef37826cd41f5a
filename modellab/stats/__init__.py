"""Statistics that any part may need: intervals of rates over units, trimmed means, change points of a series.

Layer 2: may import layer 1 and the ground (`docs/architecture.md`). Start reading at `intervals.py`.
"""
