#!/usr/bin/env bash
# Installs the fuzzer for the agent's API (schemathesis) into a virtual environment in
# target/fuzzer, unless it is installed, and prints the program's path. It needs no lab.
# shellcheck source-path=SCRIPTDIR
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")"
source ./lib.sh
source ./install.sh

install_tool fuzzer schemathesis "the fuzzer (schemathesis)"
