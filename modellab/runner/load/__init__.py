"""A load on a server that speaks OpenAI's audio API: what is asked for, when, and what came of each request.

`client.py` asks once, `measure.py` asks many times. Start reading at `measure.py`.
"""
