#!/usr/bin/env bash
# Installs the fuzzer for the agent's API (schemathesis) into a virtual environment in
# target/fuzzer, unless it is installed, and prints the program's path. It needs no lab.
# shellcheck source-path=SCRIPTDIR
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")"
source ./lib.sh
source ./install.sh

FUZZER=$(dirname "$LAB")/fuzzer

mkdir -p "$FUZZER"
exec 9>"$FUZZER/lock"
flock --wait 300 9 || die "another process has held $FUZZER/lock for five minutes"
if ! is_installed "$FUZZER/venv" fuzzer.txt; then
    install_python "$FUZZER/venv" fuzzer.txt "the fuzzer (schemathesis)"
fi
printf '%s\n' "$FUZZER/venv/bin/schemathesis"
