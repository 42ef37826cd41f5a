"""Outputs scored without running a model: stored ones, for a normaliser that changed; hypotheses made elsewhere.

Layer 5: may import layers 1 to 4 and the ground (`docs/architecture.md`). Start reading at `entry.py`.
"""
