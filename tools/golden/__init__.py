"""Makes the golden datasets again: one module per dataset, found on disk (see golden/README.md)."""
