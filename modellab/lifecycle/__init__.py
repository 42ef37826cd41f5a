"""From experiment to production: what a variant has to show for a stage, and whether what is in production still does.

criteria.py    which cases count, and their limits, from [tool.modellab.lifecycle.*] of pyproject.toml
evidence.py    what the ledger and the baselines say of such a case, and what is missing
moves.py       promote, rollback: the plan of a move, and its record in `baselines/lifecycle/` (see `stages.py`)
production.py  what the suite holds every production variant to, without loading it

Layer 5: may import layers 1 to 4 and the ground (`docs/architecture.md`). Start reading at `stages.py`.
"""
