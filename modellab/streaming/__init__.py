"""Recognisers that are fed chunk by chunk while somebody still speaks, and what they say on the way.

- protocol.py: what a provider is and what it says
- buffered.py: any recogniser of whole clips as a provider, by decoding a growing window again and again
- local_agreement.py: which words two hypotheses agree on, and which of them are new
- blocks.py: audio in blocks of one length, however it comes
- clock.py: real time, or simulated time that computing makes pass
- feed.py: feeds a clip to a provider and notes when each event came
- options.py: which provider, clock and chunks, from a dataset's settings and the environment

Layer 2: may import layer 1 and the ground (`docs/architecture.md`). Start reading at `buffered.py`.
"""
