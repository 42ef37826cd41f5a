"""The steps that come with modellab, a module each.

Start reading at `highpass.py`.
"""
