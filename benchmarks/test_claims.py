"""What the makers of the models state in public: is what we measure worse than that?

Not part of any tier: `pytest benchmarks -m claims`. What each states is in its config.yaml, with the source.
"""


def test_claim(claimed, measured, holds):
    holds(claimed, measured(claimed))
