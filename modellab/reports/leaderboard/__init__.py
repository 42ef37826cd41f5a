"""Models against each other on what is stored: estimates, scores, Pareto front, recommendation, in every format.

Start reading at `assemble.py`.
"""
