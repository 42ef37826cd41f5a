#!/bin/sh
# Resolve pyproject.toml afresh in a temporary environment and write the exact versions to constraints.txt.
set -eu
uv=$1/bin/uv
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$uv" venv --quiet --python "$1/bin/python" "$folder/venv"
"$uv" pip install --quiet --python "$folder/venv/bin/python" '.[all]' --group dev --group references 'torch==2.11.*' 'torchaudio==2.11.*' uv
{
    echo '# Exact versions of everything in the repository environment. Made by `make lock`: review the diff, run `make full`.'
    "$uv" pip freeze --quiet --python "$folder/venv/bin/python" | grep -v -e '^-e' -e '^modellab'
} >"$folder/constraints.txt"
mv "$folder/constraints.txt" constraints.txt
