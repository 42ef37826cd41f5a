"""`python -m modellab` is `modellab`."""

from modellab.cli import main

if __name__ == "__main__":
    main()
