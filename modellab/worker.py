"""The wire entry: a worker of any revision, older or newer, is started as `python -m modellab.worker`."""

import gc

if __name__ == "__main__":
    gc.disable()  # a fifth of what its imports take is looking for garbage among modules

from modellab.runner.worker import main

if __name__ == "__main__":
    gc.freeze()  # they stay until the end: no collection looks through them again
    gc.enable()
    main()
