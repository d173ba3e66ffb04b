#!/usr/bin/env bash
# Makes a Debian with systemd as its init on the lab's Docker engine, as the image
# taskpull-lab/debian. The tests install the package in it. It is made once, from
# the machine's own package source, and stored under target/lab/.
# shellcheck source-path=SCRIPTDIR
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")"
source ./lib.sh

IMAGE=taskpull-lab/debian
# The file's name contains a hash of this list: another list makes another file.
PACKAGES=systemd,systemd-sysv,ca-certificates
# The machine's own release, so that programs built here run in it.
SUITE=$(. /etc/os-release && echo "$VERSION_CODENAME")
ARCHIVE=$LAB/debian-$SUITE-$(sha256sum <<<"$PACKAGES" | cut -c1-12).tar

# Prints the first URL that apt uses for packages of this release.
mirror() {
    # shellcheck disable=SC2016  # apt's own placeholders
    apt-get indextargets --format '$(SUITE) $(CODENAME) $(REPO_URI)' 'Created-By: Packages' |
        awk -v suite="$SUITE" '$1 == suite || $2 == suite { print $NF; exit }'
}

make_archive() {
    local folder from scratch=$LAB
    ((EUID == 0)) || die "debootstrap needs root"
    from=$(mirror)
    # debootstrap cannot work below a folder with a space in its name.
    [[ $LAB != *[[:space:]]* ]] || scratch=/var/tmp
    folder=$(mktemp -d "$scratch/taskpull-debian.XXXXXX")
    # shellcheck disable=SC2064  # expand now: the variable may differ at the end
    trap "rm -rf '$folder'" EXIT
    say "making a Debian ($SUITE) for package tests"
    debootstrap --variant=minbase --include="$PACKAGES" "$SUITE" "$folder/root" ${from:+"$from"} \
        >"$LOG/debootstrap.log" 2>&1 || {
        tail -n 20 "$LOG/debootstrap.log" >&2
        die "debootstrap failed; its log is $LOG/debootstrap.log"
    }
    rm -rf "$folder"/root/var/cache/apt/archives/*.deb "$folder"/root/var/lib/apt/lists/*
    # systemd generates the machine id at the first start.
    : >"$folder/root/etc/machine-id"
    tar --numeric-owner -C "$folder/root" -cf "$ARCHIVE.new" .
    mv "$ARCHIVE.new" "$ARCHIVE"
}

take_lock
[[ -r $ARCHIVE ]] || make_archive
DOCKER_HOST=$(sed -n 's/^DOCKER_HOST=//p' "$LAB/env")
[[ -n $DOCKER_HOST ]] || die "the lab's engine does not run; start it with lab/up --private-engine"
export DOCKER_HOST
tag=$(basename "$ARCHIVE" .tar)
[[ -n $(docker image ls --quiet "$IMAGE:$tag") ]] ||
    docker import --change 'CMD ["/sbin/init"]' "$ARCHIVE" "$IMAGE:$tag" >/dev/null
printf '%s\n' "$IMAGE:$tag"
