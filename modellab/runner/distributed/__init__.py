"""One quality pass over a dataset by many workers: each utterance is in the ledger exactly once, whoever computed it.

    shards.py       the dataset cut by seconds of audio, whoever is to compute it
    controller.py   who computes what next, what came of it, what is done again: pure, without clock, disk or process
    parts.py        what has been computed, on disk before anything else is made of it
    executor.py     four verbs that an executor has: local.py, shared_folder.py, ray_executor.py, slurm.py
    shard_worker.py the other side: a loaded model, and shards of one case through it
    plan.py         what a worker is told of a case, and why one is refused
    quality_pass.py all of it together: the utterances of a case; `speed_sample.py` times a few of them alone

Start reading at `quality_pass.py`.
"""
