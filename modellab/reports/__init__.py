"""What people see: one folder per question, with the calculation beside its renderings; no test or model runs here.

Layer 6: may import layers 1 to 5 and the ground (`docs/architecture.md`). Start reading at `scorecard/table.py`.
"""
