#!/usr/bin/env bash
# Makes .venv with every dependency at its pinned version and hash, and our own distributions as editable installs.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=.venv
say() { printf '  %s\n' "$*"; }

python=""
for candidate in python3.13 python3 python; do
  if command -v "$candidate" >/dev/null &&
    "$candidate" -c 'import sys, ensurepip; sys.exit(sys.version_info[:2] != (3, 13))' 2>/dev/null; then
    python=$candidate; break
  fi
done

if [ ! -x "$venv/bin/python" ]; then
  if [ -n "$python" ]; then
    say "creating $venv with $($python --version)"
    "$python" -m venv "$venv"
  elif command -v uv >/dev/null; then
    say "creating $venv with uv"
    uv venv --quiet --seed --python 3.13 "$venv"
  else
    echo "Python 3.13 is needed and was not found: install python3.13 and python3.13-venv, or uv." >&2
    exit 1
  fi
fi
if [ ! -x "$venv/bin/uv" ]; then
  say "installing uv into $venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check 'uv>=0.9,<1'
fi
[ "${1:-}" = --tools-only ] && exit 0

say "installing and compiling pinned packages (about 100; the first time takes a minute or two)"
"$venv/bin/uv" pip sync --quiet --compile-bytecode --python "$venv/bin/python" --require-hashes requirements-dev.lock
say "installing this project"
own=(libs/client libs/events libs/evidence libs/service services/{intake,triage,video,dispatch,metrics} deploy/local)
"$venv/bin/uv" pip install --quiet --python "$venv/bin/python" --no-deps "${own[@]/#/--editable=./}"
# Where PYTHONDONTWRITEBYTECODE is set, every start of a process would else compile all it imports: some eight seconds.
"$venv/bin/python" -m compileall -q libs services deploy tests
touch "$venv/.ready"
say "ready"
