"""A module for each format of hypotheses, found on disk.

Start reading at `trn.py`.
"""
