# shellcheck shell=bash
# The lab's private engine: a containerd and a dockerd that share nothing with
# the machine's own but the kernel.
#
# Both run in one mount namespace. In it, /etc/docker is the lab's
# engine/etc-docker (the engine has no flag for its certificates and its key)
# and /etc/hosts is engine/hosts, so tests can add certificates and host names
# without changing the machine's. The engine's mounts are in this namespace
# and end with it.

ENGINE_RUN=$(run_folder "$ENGINE/run" /exec/libnetwork/0123456789ab.sock)
ENGINE_SOCKET=$ENGINE_RUN/docker.sock
CONTAINERD_SOCKET=$ENGINE_RUN/containerd.sock

start_engine() {
    ((EUID == 0)) || die "the private engine needs root"
    mkdir -p "$ENGINE/data" "$ENGINE/etc-docker/certs.d"
    install -d -m 700 "$ENGINE_RUN"
    if ! containerd_up; then start_containerd; fi
    if ! healthy dockerd "$ENGINE_SOCKET" /_ping; then start_dockerd; fi
}

# containerd supports gRPC only, so its socket shows that it is up.
containerd_up() { part_pid containerd >/dev/null && [[ -S $CONTAINERD_SOCKET ]]; }

start_containerd() {
    local tick
    # A dockerd that has lost its containerd fails for some seconds after a new
    # one has started, and could not share its namespace.
    stop dockerd
    stop containerd
    stop_leftovers containerd
    rm -f "$CONTAINERD_SOCKET"
    cat >"$ENGINE/containerd.toml" <<TOML
version = 2
root = "$ENGINE/containerd"
state = "$ENGINE_RUN/containerd"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
[grpc]
address = "$CONTAINERD_SOCKET"
TOML
    in_own_namespace containerd "$ENGINE/etc-docker" /etc/docker containerd --config "$ENGINE/containerd.toml"
    for ((tick = 0; tick < 600; tick++)); do
        [[ -S $CONTAINERD_SOCKET ]] && return
        sleep 0.05
    done
    say "containerd did not come up. The end of $LOG/containerd.log:"
    tail -n 20 "$LOG/containerd.log" >&2
    exit 1
}

# dockerd must not change the host's forwarding, firewall and bridges: the lab
# pulls images and does not run them.
start_dockerd() {
    stop_leftovers dockerd
    rm -f "$ENGINE_RUN/docker.pid" "$ENGINE_SOCKET"
    printf '{}\n' >"$ENGINE/daemon.json"
    launch dockerd nsenter --target "$(part_pid containerd)" --mount --root -- \
        env SSL_CERT_FILE="$ECR_CA" dockerd \
        --config-file "$ENGINE/daemon.json" \
        --data-root "$ENGINE/data" \
        --exec-root "$ENGINE_RUN/exec" \
        --pidfile "$ENGINE_RUN/docker.pid" \
        --host "unix://$ENGINE_SOCKET" --group root \
        --containerd "$CONTAINERD_SOCKET" \
        --bridge none --iptables=false --ip-masq=false --ip-forward=false \
        --userland-proxy=false
    await dockerd "$ENGINE_SOCKET" /_ping
}

# Runs a command in a new mount namespace in which a folder of the lab covers one
# of the machine's, and the lab's hosts file covers /etc/hosts. The mount point
# must exist; the engine's package may not have created it.
in_own_namespace() { # PART FOLDER OVER COMMAND...
    mkdir -p "$3"
    # shellcheck disable=SC2016  # the inner shell expands its own arguments
    launch "$1" unshare --mount --propagation private -- sh -ec '
        mount -n --bind "$1" "$2"
        mount -n --bind "$3" /etc/hosts
        shift 3
        exec "$@"' engine "$2" "$3" "$ENGINE/hosts" "${@:4}"
}

stop_engine() {
    stop dockerd
    stop containerd
    stop_leftovers dockerd
    stop_leftovers containerd
    rm -rf "$ENGINE_RUN"
}
