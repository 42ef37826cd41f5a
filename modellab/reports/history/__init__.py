"""A case over all its sessions: series, change points, what happened on the way, as text and as a chart.

Start reading at `series.py`.
"""
