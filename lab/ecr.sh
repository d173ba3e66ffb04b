# shellcheck shell=bash
# A registry under ECR's own names, and under those of four upstreams: see ecr.py.
#
# The names have no port, so the registry listens on port 443 of an address of its own. Only
# the engines' /etc/hosts contains the names. A docker-registry at a Unix socket stores the images.

ECR_RUN=$(run_folder "$LAB/ecr/run" /store.sock)
ECR_SOCKET=$ECR_RUN/store.sock
# shellcheck disable=SC2034  # for engine.sh and podman.sh
# The CA that the engines trust in addition to the system's, and that tests pass to taskpull.
ECR_CA=$LAB/ecr/ca.pem

start_ecr() {
    ((EUID == 0)) || die "the registry under ECR's names needs root"
    mkdir -p "$LAB/ecr"
    if ! healthy ecr-store "$ECR_SOCKET" /v2/; then start_ecr_store; fi
    if ! healthy ecr "$ECR_ADDRESS:443" /v2/; then
        mkdir -p "$ENGINE"
        [[ -e $ENGINE/hosts ]] || cp /etc/hosts "$ENGINE/hosts"
        refuse_stranger ecr "$ECR_ADDRESS:443"
        "$PYTHON" -BE "$LAB_SOURCE/ecr.py" prepare "$LAB" "$ECR_ADDRESS"
        launch ecr "$PYTHON" -BE "$LAB_SOURCE/ecr.py" serve "$LAB" "$ECR_ADDRESS" "$ECR_SOCKET"
    fi
}

await_ecr() {
    await ecr-store "$ECR_SOCKET" /v2/
    await ecr "$ECR_ADDRESS:443" /v2/
}

start_ecr_store() {
    install -d -m 700 "$ECR_RUN"
    rm -f "$ECR_SOCKET"
    cat >"$LAB/ecr/store.yml" <<YAML
version: 0.1
log: { level: info }
storage:
  filesystem: { rootdirectory: "$LAB/ecr/data" }
  delete: { enabled: true }
http: { net: unix, addr: "$ECR_SOCKET" }
YAML
    launch ecr-store docker-registry serve "$LAB/ecr/store.yml"
}

stop_ecr() {
    local part
    for part in ecr ecr-store; do
        stop "$part"
        stop_leftovers "$part"
    done
    rm -rf "$ECR_RUN"
}
