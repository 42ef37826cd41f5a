"""Clips as they sound elsewhere: in noise, in a room, on the telephone, through a codec, faster, clipped.

- conditions.py: names such as `noise:10`, and what each does to a clip
- maker.py: the files, each made once per machine, in a process of its own
"""
