"""The command `modellab`: a module here is a group of commands, and `app.py` puts them together.

Whatever is slow to import is imported inside the commands, so that `modellab --help` answers at once. Exit status: 0,
1 when the answer is bad news (an invalid dataset, a machine that cannot run), 2 when the command could not be carried
out; `modellab run` has pytest's. Errors are one sentence on stderr.

Layer 7: may import layers 1 to 6 and the ground (`docs/architecture.md`). Start reading at `app.py`.
"""

__all__ = ["main"]


def main() -> None:
    """The entry point of the command `modellab`. Ctrl-C while it is imported ends it, and nothing is printed."""
    import sys

    from modellab.system import interrupt

    interrupt.ends_at_once()
    if sys.argv[1:2] == ["run"]:
        interrupt.tells_of_it()
    from modellab.cli import app

    app.main()
