"""What is kept and found again: entries in the ledger, baselines, the pinned release, and how a person names them.

Layer 4: may import layers 1 to 3 and the ground (`docs/architecture.md`). Start reading at `entry.py`.
"""
