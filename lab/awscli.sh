#!/usr/bin/env bash
# Installs the AWS CLI, which runs the commands that hints print, into a virtual environment in
# target/awscli, unless it is installed, and prints the program's path. It needs no lab.
# shellcheck source-path=SCRIPTDIR
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")"
source ./lib.sh
source ./install.sh

install_tool awscli aws "the AWS CLI"
