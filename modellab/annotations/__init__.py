"""Files that people annotate speech in: RTTM and UEM (who speaks when), STM (who says what).

Layer 2: may import layer 1 and the ground (`docs/architecture.md`). Start reading at `rttm.py`.
"""
