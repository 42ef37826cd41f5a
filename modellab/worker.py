"""The wire entry: a worker of any revision, older or newer, is started as `python -m modellab.worker`."""

from modellab.runner.worker import main

if __name__ == "__main__":
    main()
