"""Pure functions from (reference, hypothesis) to counts. No I/O, no state, no models.

Counts (`modellab.types.Counts`) are one utterance's; they are added up over the dataset and the rate is
taken once.

Layer 2: may import layer 1 and the ground (`docs/architecture.md`). Start reading at `edit_distance.py`.
"""
