"""Serve the models that the suite measures: OpenAI's audio API over the same adapters, workers and weights.

    edge.py         what every connection goes through: sizes, times, tokens, one shape for errors
    openai_api.py   `/v1`: transcriptions, translations, speech, models
    sockets.py      live streams (streams.py): `/v1/realtime` (realtime.py) and WhisperLive's protocol (whisperlive.py)
    facts.py        `/health`, `/ready`, `/stats`, `/metrics`
    fleet.py        which models there are; each has a queue (queues.py) and replicas (replica.py)
    probe.py        a process that looks at uploads before any model does

One process answers requests; each model lives in a worker process of its own, asked by a thread that owns it for life.
It is a program of its own, `python -m modellab.server`, which `modellab serve` starts.

Layer 7: may import layers 1 to 6 and the ground (`docs/architecture.md`). Start reading at `app.py`.
"""
