"""For all tests: hypothesis asserts nothing about time. The first example of a test may be the one that loads scipy."""

from hypothesis import settings

settings.register_profile("modellab", deadline=None)
settings.load_profile("modellab")
