# shellcheck shell=bash
# The lab's Podman: its Docker-compatible API on a socket, for the tests that
# every engine must pass. It shares nothing with the machine's own Podman.
#
# It lives in a mount namespace as the private engine does (engine.sh). There
# /etc/containers is the lab's podman/etc-containers: the policy without which
# Podman pulls nothing, the registries that speak plain HTTP (Docker takes every
# loopback address for one, Podman none), and certs.d/<host>/ca.crt.

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
    # No storage driver is named: it takes overlay where the file system under
    # target/ can carry it, else vfs. Without --time=0 it ends after five
    # seconds in which nobody asks for anything.
    in_own_namespace podman "$PODMAN/etc-containers" /etc/containers \
        env TMPDIR="$PODMAN/tmp" SSL_CERT_FILE="$ECR_CA" CONTAINERS_CONF=/etc/containers/containers.conf podman \
        --root "$PODMAN/root" --runroot "$PODMAN_RUN/root" --tmpdir "$PODMAN_RUN/tmp" \
        system service --time=0 "unix://$PODMAN_SOCKET"
    await podman "$PODMAN_SOCKET" /_ping
}

configure_podman() {
    local etc=$PODMAN/etc-containers
    printf '{ "default": [{ "type": "insecureAcceptAnything" }] }\n' >"$etc/policy.json"
    # A host without a port stands for all its ports: tests have registries of their own.
    printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' \
        "${REGISTRY_ONE%:*}" "${REGISTRY_TWO%:*}" >"$etc/registries.conf"
    # What would else be the machine's: locks in /dev/shm, networks in /etc/cni.
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
