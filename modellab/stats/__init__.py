"""Statistics that any part may need, each once: intervals, permutation, many tests, trimmed means, change points.

Pure functions; their tests hold them against scipy and statsmodels.

Layer 2: may import layer 1 and the ground (`docs/architecture.md`). Start reading at `intervals.py`.
"""
