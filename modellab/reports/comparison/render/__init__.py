"""A comparison for people: the verdict in a sentence, tables, the utterances; as text, Markdown, JSON and HTML.

Start reading at `tables.py`.
"""
