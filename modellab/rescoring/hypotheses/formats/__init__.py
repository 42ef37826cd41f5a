"""A module for each format of hypotheses, found on disk."""
