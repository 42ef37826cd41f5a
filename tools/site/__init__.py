"""The documentation as a site (`make docs`): what mkdocs is told beside mkdocs.yml.

`repository.py` brings Markdown files from outside `docs/` in, `commands.py` and `names.py` make the reference from the
code, `hooks.py` puts them together.
"""
