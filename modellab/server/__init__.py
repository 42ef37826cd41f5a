"""Serve the models that the suite measures: OpenAI's audio API over the same adapters, workers and weights.

    edge.py         what every connection goes through: sizes, times, tokens, one shape for errors
    openai_api.py   `/v1`: transcriptions, translations, speech, models
    live/           live streams: `/v1/realtime` and WhisperLive's protocol
    facts.py        `/health`, `/ready`, `/stats`, `/metrics`
    fleet/          which models there are; each has a queue and worker processes
    probe.py        a process that looks at uploads before any model does
    access/         who may do what
    jobs/           long files, datasets and runs that outlive the server
    results/        stored results as the API gives them; pages/ as people see them; document/ the API's own description
    storage/        uploads, and frozen pages for whoever has a link; listening/ tests with people

One process answers requests; each model lives in a worker process of its own, asked by a thread that owns it for life.
It is a program of its own, `python -m modellab.server`, which `modellab serve` starts.

Layer 7: may import layers 1 to 6 and the ground (`docs/architecture.md`). Start reading at `app.py`.
"""
