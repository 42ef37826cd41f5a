"""The steps that come with modellab, a module each."""
