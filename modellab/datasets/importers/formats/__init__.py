"""One module per format; see `modellab.datasets.importers.Format`.

Start reading at `nemo.py`.
"""
