"""The meters test themselves: work of known cost goes the way of any model, and readings are held to what is known.

- known_cost/: the model, an adapter whose work and its cost are known by other clocks than the meters'
- probes.py: what it is to do; measure.py: through a worker, the engine and the meters; checks.py: known beside measured
- outcome.py: what the last self-test of a machine said, and the mark that its results carry

Start reading at `measure.py`.
"""
