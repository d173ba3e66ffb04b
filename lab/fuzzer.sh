#!/usr/bin/env bash
# Installs what fuzzes the agent's API (schemathesis) into target/fuzzer, an environment of
# its own, where it is not there yet, and prints the program's path. It needs no lab.
# shellcheck source-path=SCRIPTDIR
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")"
source ./lib.sh
source ./install.sh

FUZZER=$(dirname "$LAB")/fuzzer

mkdir -p "$FUZZER"
exec 9>"$FUZZER/lock"
flock --wait 300 9 || die "somebody else has been installing the fuzzer for five minutes"
if ! is_installed "$FUZZER/venv" fuzzer.txt; then
    install_python "$FUZZER/venv" fuzzer.txt "the fuzzer (schemathesis)"
fi
printf '%s\n' "$FUZZER/venv/bin/schemathesis"
