# shellcheck shell=bash
# Installs what the lab needs on the machine: Debian packages, and moto in a
# virtual environment. The fuzzer and the AWS CLI have their own (fuzzer.sh, awscli.sh).

# Prints the packages that are missing, one a line.
missing_packages() { # [--private-engine]
    command -v docker-registry >/dev/null || echo docker-registry
    command -v htpasswd >/dev/null || echo apache2-utils
    # The tests check the alerts with its promtool.
    command -v promtool >/dev/null || echo prometheus
    PATH=$PATH:/usr/sbin:/sbin command -v ip >/dev/null || echo iproute2
    # The tests run the commands that hints print.
    command -v jq >/dev/null || echo jq
    command -v xz >/dev/null || echo xz-utils
    command -v bzip2 >/dev/null || echo bzip2
    "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null || echo python3-venv
    [[ ${1:-} == --private-engine ]] || return 0
    { command -v dockerd && command -v containerd; } >/dev/null || echo docker.io
    command -v podman >/dev/null || echo podman
    command -v openssl >/dev/null || echo openssl
    # skopeo and docker-compose call credential helpers; the benchmark also measures docker-compose.
    command -v skopeo >/dev/null || echo skopeo
    command -v docker-compose >/dev/null || echo docker-compose
    # The benchmark also measures ECR's own helper.
    command -v docker-credential-ecr-login >/dev/null || echo amazon-ecr-credential-helper
    # For debian.sh, and for the package that is installed in its image.
    command -v debootstrap >/dev/null || echo debootstrap
    command -v systemd-analyze >/dev/null || echo systemd
    command -v strip >/dev/null || echo binutils
}

install_packages() { # [--private-engine]
    local -a missing
    mapfile -t missing < <(missing_packages "$@")
    ((${#missing[@]})) || return 0
    if ((EUID != 0)) || ! command -v apt-get >/dev/null; then
        die "these packages are missing (names as on Debian and Ubuntu): ${missing[*]}"
    fi
    say "installing ${missing[*]}"
    if ! apt_install "${missing[@]}" >"$LOG/apt.log" 2>&1; then
        tail -n 20 "$LOG/apt.log" >&2
        die "apt-get could not install ${missing[*]}; its log is $LOG/apt.log"
    fi
    hash -r
}

# Debian starts and enables the services of the packages that it installs. The
# lab needs the programs only: policy-rc.d prevents the start, and the units that
# this installation added are disabled again.
apt_install() ( # PACKAGE...
    policy=/usr/sbin/policy-rc.d
    if [[ ! -e $policy ]]; then
        trap 'rm -f "$policy"' EXIT
        trap 'exit 130' INT TERM HUP
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
    fi
    units_before=$(system_units)
    export DEBIAN_FRONTEND=noninteractive
    install=(apt-get install --yes --no-install-recommends "$@")
    "${install[@]}" || { apt-get update && "${install[@]}"; } || exit 1
    command -v systemctl >/dev/null || exit 0
    comm -13 <(printf '%s\n' "$units_before") <(system_units) |
        xargs --no-run-if-empty systemctl disable
)

system_units() {
    find /lib/systemd/system/ /usr/lib/systemd/system/ -maxdepth 1 \
        \( -name '*.service' -o -name '*.socket' -o -name '*.timer' \) -printf '%f\n' 2>/dev/null | sort -u
}

# Prints what an environment was made from. The text is stored last, so that an environment whose
# installation was interrupted is made again.
stamp() { # ENVIRONMENT REQUIREMENTS
    sha256sum <"$LAB_SOURCE/$2"
    "$PYTHON" -VV
    printf '%s\n' "$1"
}

is_installed() { # ENVIRONMENT REQUIREMENTS
    [[ -r $1/stamp && $(<"$1/stamp") == "$(stamp "$@")" ]]
}

install_python() { # ENVIRONMENT REQUIREMENTS WHAT
    "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        die "$3 needs Python 3.11 or newer; $PYTHON is $("$PYTHON" -V)"
    say "installing $3 into $1"
    rm -rf "$1"
    "$PYTHON" -m venv "$1" || die "$3 needs Python's venv (on Debian and Ubuntu: python3-venv)"
    # These settings of the caller would install the packages elsewhere.
    env -u PIP_USER -u PIP_TARGET -u PIP_PREFIX -u PYTHONPATH -u PYTHONHOME \
        "$1/bin/python" -m pip install --quiet --disable-pip-version-check \
        --require-hashes --requirement "$LAB_SOURCE/$2" ||
        die "pip could not install $3; its message is above"
    stamp "$1" "$2" >"$1/stamp"
}

# A new environment under a running process would mix two versions of moto, so the process is stopped first.
install_moto() {
    is_installed "$VENV" requirements.txt && return
    stop aws
    install_python "$VENV" requirements.txt "the AWS emulator (moto)"
}

# Installs a tool that runs without the lab into target/NAME from NAME.txt, and prints the path of
# its program.
install_tool() { # NAME PROGRAM WHAT
    local folder
    folder=$(dirname "$LAB")/$1
    mkdir -p "$folder"
    exec 9>"$folder/lock"
    flock --wait 300 9 || die "another process has held $folder/lock for five minutes"
    if ! is_installed "$folder/venv" "$1.txt"; then
        install_python "$folder/venv" "$1.txt" "$3"
    fi
    printf '%s\n' "$folder/venv/bin/$2"
}
