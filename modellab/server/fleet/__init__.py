"""The models that are served: a queue and worker processes for each, loaded when asked and unloaded when idle.

    calls.py: one call for a request -> fleet.py: which model -> queues.py: whose turn -> replica.py: a worker process

Start reading at `fleet.py`.
"""
