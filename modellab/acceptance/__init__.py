"""From a kept result to a baseline: what would be accepted, and what is refused and why.

Layer 5: may import layers 1 to 4 and the ground (`docs/architecture.md`). Start reading at `propose.py`.
"""
