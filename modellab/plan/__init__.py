"""What is to be run, before anything runs: settings, the matrix of cases, what of it this machine can do, thresholds.

Layer 4: may import layers 1 to 3 and the ground (`docs/architecture.md`). Start reading at `matrix.py`.
"""
