"""What `modellab run` hands to pytest where a project has no `benchmarks/` of its own.

Start reading at `test_cases.py`.
"""
