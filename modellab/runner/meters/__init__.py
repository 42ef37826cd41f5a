"""Clocks and memory of one call, a reference workload, and whether a model answers from a cache.

Start reading at `process.py`.
"""
