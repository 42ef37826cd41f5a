"""Stored outputs scored again without running a model: for a normaliser, a metric or a setting that changed.

Layer 5: may import layers 1 to 4 and the ground (`docs/architecture.md`). Start reading at `entry.py`.
"""
