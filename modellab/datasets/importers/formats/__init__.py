"""One module per format; see `modellab.datasets.importers.Format`."""
