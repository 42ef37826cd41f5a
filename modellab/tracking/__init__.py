"""Results in MLflow. The ledger comes first; here it is sent on, exactly once, by a process of its own.

    push(folder)        what a pytest session calls at its end: sync in a child process, with a time limit
    Prestart.start(folder) a child that gets ready for that while the first model is loaded
    sync(folder)        send what the store lacks
    rebuild(folder)     move a damaged database aside and write a new one from the ledger
    entries(uri)        what a store has, as the ledger had it
    ui_command(folder)  how to open MLflow's pages, ui_links(folder) where to look on them

Importing this package does not import mlflow.

Layer 6: may import layers 1 to 5 and the ground (`docs/architecture.md`). Start reading at `syncing.py`.
"""

from modellab.tracking.fetch import Wanted, entries
from modellab.tracking.prestart import Prestart
from modellab.tracking.pushing import push
from modellab.tracking.sender import Report
from modellab.tracking.syncing import rebuild, sync
from modellab.tracking.ui import tell_when_it_answers, ui_command, ui_environment, ui_links

__all__ = [
    "Prestart",
    "Report",
    "Wanted",
    "entries",
    "push",
    "rebuild",
    "sync",
    "tell_when_it_answers",
    "ui_command",
    "ui_environment",
    "ui_links",
]
