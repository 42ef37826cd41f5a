"""Pure functions from (reference, hypothesis) to shares. No I/O, no state, no models.

A share is one utterance's summable counts (`modellab.types.Share`); they are added up over the dataset and the rate is
taken once.

Layer 2: may import layer 1 and the ground (`docs/architecture.md`). Start reading at `edit_distance.py`.
"""
