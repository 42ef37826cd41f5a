"""Stored results as the API gives them: an index of the ledger, and what is made of whole entries.

    line.py      a line of the ledger as a row of the index
    follow.py    the index after the ledger: what is new in its files, and in the index's tables (tables.py)
    newest.py    of each case the newest result; estimates.py: how sure the numbers of a row are
    query.py     lists from the index: filters, order, pages; sessions.py: those of runs, with those that go on
    index.py     the index of a running server: follows before it answers, made again where it is damaged
    reader.py    a process (child.py) that reads whole entries and computes with them (whole.py): the API's stays small
    board.py     the leaderboard of a task; past.py: a case over time; slices.py: parts of a dataset
    some.py      whole entries for a calculation, the newest of each case; every.py: all of a variant, to be counted
    stages.py    the lifecycle: what a variant lacks, and its moves; accepting.py: a run as the baseline
    api.py       `/api/v1/runs` and `/api/v1/results`

The ledger is the truth; the index can be thrown away (`modellab serve --reindex`). Start reading at `follow.py`.
"""
