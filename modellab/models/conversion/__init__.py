"""Whisper checkpoints from any of four engines' formats to any other: the same numbers, vocabulary and word-time heads.

`recognise.py` tells a format by content, a module each reads one (`ct2.py`, `ggml.py`, `openai.py`,
`transformers.py`) into a `Whisper`; the embedded model's writers (`embedded/formats`) write it. `convert.py` does both,
`verify.py` lets the engines say whether the copy is the same. Start reading at `convert.py`.
"""
