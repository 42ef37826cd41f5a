"""One page of figures from a machine with a GPU, in under ten minutes, from models that need no download.

- measure.py: self-test, cases at each precision, batches; sweep.py: one model in a process of its own, batch by batch
- page.py: the figures as Markdown

`python -m tools.gpu --device cuda --out gpu.md`; with `--device cpu` the same page without a GPU.
"""
