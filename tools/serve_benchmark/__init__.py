"""What serving costs beside the bare models, and how fast stored results are found: `make serve-benchmark`."""
