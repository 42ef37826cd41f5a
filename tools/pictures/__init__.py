"""Pictures of what modellab shows, from a real run: pages of the server and reports in headless Chromium, a terminal.

    python -m tools.pictures               docs/images/pages/*.webp
    python -m tools.pictures --mlflow      docs/images/mlflow-*.png, on a quiet machine
    python -m tools.pictures --terminal    docs/images/first-run.cast and .svg, from the tutorial's commands

`taking.py` takes the pictures, `mlflow.py` those of MLflow, `terminal.py` records commands, `drawing.py` draws a
recording as an animated SVG.
"""
