# shellcheck shell=bash
# The lab's Podman: its Docker-compatible API on a socket, for the tests that
# every engine must pass. It shares nothing with the machine's own Podman.
#
# It runs in a mount namespace like the private engine (engine.sh). In it,
# /etc/containers is the lab's podman/etc-containers: the policy without which
# Podman pulls nothing, the list of registries with plain HTTP (Docker uses it for
# every loopback address, Podman for none), and certs.d/<host>/ca.crt.

PODMAN_RUN=$(run_folder "$PODMAN/run" /podman.sock)
PODMAN_SOCKET=$PODMAN_RUN/podman.sock

start_podman() {
    ((EUID == 0)) || die "the lab's Podman needs root"
    if healthy podman "$PODMAN_SOCKET" /_ping; then return; fi
    stop_leftovers podman
    rm -f "$PODMAN_SOCKET"
    mkdir -p "$PODMAN/etc-containers/certs.d" "$PODMAN/root" "$PODMAN/tmp"
    install -d -m 700 "$PODMAN_RUN"
    configure_podman
    # No storage driver is named: Podman uses overlay if the file system under
    # target/ supports it, otherwise vfs. Without --time=0 it exits after five
    # seconds without a request.
    in_own_namespace podman "$PODMAN/etc-containers" /etc/containers \
        env TMPDIR="$PODMAN/tmp" SSL_CERT_FILE="$ECR_CA" CONTAINERS_CONF=/etc/containers/containers.conf podman \
        --root "$PODMAN/root" --runroot "$PODMAN_RUN/root" --tmpdir "$PODMAN_RUN/tmp" \
        system service --time=0 "unix://$PODMAN_SOCKET"
    await podman "$PODMAN_SOCKET" /_ping
}

configure_podman() {
    local etc=$PODMAN/etc-containers
    printf '{ "default": [{ "type": "insecureAcceptAnything" }] }\n' >"$etc/policy.json"
    # A host without a port matches all its ports: tests have registries of their own.
    printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' \
        "${REGISTRY_ONE%:*}" "${REGISTRY_TWO%:*}" >"$etc/registries.conf"
    # Without these settings, Podman would use the machine's locks in /dev/shm and networks in /etc/cni.
    cat >"$etc/containers.conf" <<TOML
[engine]
events_logger = "none"
lock_type = "file"
[network]
network_config_dir = "$PODMAN/tmp"
TOML
}

stop_podman() {
    stop podman
    stop_leftovers podman
    rm -rf "$PODMAN_RUN"
}
