"""How right is the gate? modellab's verdicts beside those of other tools, on the same noise and the same errors.

python -m tools.gate_benchmark            everything, into docs/performance/
python -m tools.gate_benchmark --quick    under a minute

- noise, traces, record: timings, simulated and real        - words, fit: errors of speech recognisers, model and real
- peers, ours: who decides                                  - speed, quality, memory, analysis: what comes of it
- figures: rates with bounds, smallest effects              - release, page, plots: what is written
"""
