"""Durable jobs: long files, whole datasets, speech and runs of the suite, which outlive the server that took them.

    tables.py      the rows: jobs, what happened to them, the calls of webhooks
    turns.py       who is next, in one statement; whose place in the queue is which
    store.py       what becomes of a job: put, claimed, at work, ended, cancelled, tried again
    asked.py       the requests, checked before anything is stored
    api.py         `/api/v1/jobs`, `/api/v1/runs`
    notices.py     who waits for jobs hears of them, on PostgreSQL
    run_events.py  what a run tells while it goes on
    workers.py     the threads that take jobs; inference.py and runs.py do them
    executor.py    the process in which a run is measured
    webhooks.py    who asked to be called is called

A worker shows that it lives by counting `beats` up. One whose count has not moved for `lease_s` by the watcher's own
steady clock is lost, and its job goes to the next: no clock on the wall, and no second machine's, has a say in it.
Whatever a worker writes it writes to the attempt that it was given: one that comes late changes nothing.

Start reading at `store.py`.
"""
