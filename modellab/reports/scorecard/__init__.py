"""What a run says at its end: one row per case, and what a failing case prints.

Start reading at `table.py`.
"""
