"""Faults injected into a real recogniser, its sound and its transcripts: does the detective tell them apart?

    python -m tools.detective                    every fault, with the embedded model; writes docs/detective.json
    python -m tools.detective --seeds 1 --out -  a quick look

Run by hand; tests/diagnosis runs the same faults on recorded answers.
"""
