"""The machine under it all: git, processes, environments, the cache folder, text and YAML files, secrets in text.

Layer 1: may import the ground alone (`docs/architecture.md`). Start reading at `machine.py`.
"""
