"""Running cases: a worker process around each model, the loop over utterances, the meters, and what comes of a case.

Layer 5: may import layers 1 to 4 and the ground (`docs/architecture.md`). Start reading at `run.py`.
"""
