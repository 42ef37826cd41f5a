"""The page of one case: its worst utterances with aligned words, sound, times and kinds of failure.

Start reading at `page.py`.
"""
