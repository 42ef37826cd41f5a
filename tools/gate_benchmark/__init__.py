"""How right is the gate? modellab's verdicts beside those of other tools, on the same noise and the same errors.

python -m tools.gate_benchmark            everything, into docs/performance/
python -m tools.gate_benchmark --quick    two to three minutes, coarser

- noise, traces, record: timings, simulated and real        - words, fit: errors of speech recognisers, model and real
- peers, ours: who decides                                  - speed, quality, memory, analysis: what comes of it
- unchanged, suites, detection: whole suites, noise and damage through judge and settle
- figures: rates with bounds, smallest effects              - release, page, plots: what is written
"""
