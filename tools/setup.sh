#!/bin/sh
# Make the virtual environment $1 from pyproject.toml and constraints.txt. One sentence when something is wrong.
set -eu
venv=${1:-.venv}
log=$venv.log

say() {
    printf 'modellab setup: %s\n' "$1" >&2
}

find_python() {
    for candidate in "${PYTHON:-}" python3.12 python3.13 python3 python; do
        [ -n "$candidate" ] || continue
        if "$candidate" -c 'import sys; sys.exit(not (3, 12) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
            printf '%s' "$candidate"
            return
        fi
    done
}

python=$(find_python)
if [ -z "$python" ]; then
    found=$(python3 --version 2>&1 || echo 'no python3')
    say "Python 3.12 or 3.13 is needed and $found was found: install it, or name it with PYTHON=/path/to/python3.12."
    exit 1
fi
if ! "$python" -c 'import ensurepip' 2>/dev/null; then
    say "this Python has no ensurepip, which makes virtual environments: install it (Debian: python3.12-venv)."
    exit 1
fi

explain() {
    if grep -qiE 'dns|resolve|connect|network|timed out|unreachable' "$log"; then
        say "the package index cannot be reached: check the network or proxy. Details are in $log."
    elif grep -qi 'no space left' "$log"; then
        say "the disk is full: the environment needs about 6 GB. Details are in $log."
    else
        say "the installation failed. Its last lines (all of them are in $log):"
        tail -n 5 "$log" >&2
    fi
    exit 1
}

say "making $venv with $("$python" --version) (once; about half a minute with a fast network)"
[ -x "$venv/bin/python" ] && "$venv/bin/python" -c 'import sys; sys.exit(sys.version_info[:2] < (3, 12))' 2>/dev/null ||
    "$python" -m venv --clear "$venv" >"$log" 2>&1 || explain
"$venv/bin/python" -m pip install --quiet --constraint constraints.txt uv >"$log" 2>&1 || explain
"$venv/bin/uv" pip install --quiet --python "$venv/bin/python" --constraint constraints.txt \
    --editable '.[all]' --group dev >"$log" 2>&1 || explain
rm -f "$log"
