"""Verdicts as text for people: the scorecard (terminal and Markdown) and what a failure prints. No arithmetic."""
