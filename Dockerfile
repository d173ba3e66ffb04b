# A small image of taskpull: the program, the libraries it is linked to, certificates, and
# nothing else. Nothing in here names an architecture: it builds for that of its build image,
# such as amd64 or arm64.
#
#   docker build --tag taskpull .
#   docker run --rm --volume /var/run/docker.sock:/var/run/docker.sock \
#       --group-add "$(stat -c %g /var/run/docker.sock)" taskpull pull TASKDEF
#
# BUILD_IMAGE: Rust 1.94 or newer and a C compiler, on Debian 12 or newer (glibc 2.34).
# BINARY: a taskpull in the build's context that was built before. With it nothing is compiled,
# and the build image needs no Rust: any Debian with ca-certificates will do.
ARG BUILD_IMAGE=docker.io/library/rust:1.95-bookworm

FROM ${BUILD_IMAGE} AS build
ARG BINARY=
WORKDIR /src
COPY . .
RUN if [ -z "$BINARY" ]; then cargo build --locked --release; fi
RUN set -e; \
    install -D "${BINARY:-target/release/taskpull}" /image/usr/bin/taskpull; \
    ln -s taskpull /image/usr/bin/docker-credential-taskpull; \
    # Names are looked up by what is in libc itself: glibc 2.34 and newer need no module.
    ldd /image/usr/bin/taskpull | grep -o '/[^ ]*' | xargs cp --parents --dereference --target-directory /image; \
    install -D -m 644 /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ca-certificates.crt; \
    echo 'hosts: files dns' >/image/etc/nsswitch.conf; \
    # Who may ask the agent: root of another container, and its own user, who is a member by
    # name for where another group is given to run with.
    printf '%s:/:/nonexistent\n' root:x:0:0: taskpull:x:65532:65532: >/image/etc/passwd; \
    echo 'taskpull:x:65532:taskpull' >/image/etc/group; \
    mkdir /empty

FROM scratch
COPY --from=build /image/ /
COPY --from=build --chown=65532:65532 /empty/ /var/lib/taskpull/
COPY --from=build --chown=65532:65532 /empty/ /run/taskpull/
# A number, so that an orchestrator sees that it is not root. The group that may open the
# engine's socket is another on each host: it is given where the container is run.
USER 65532:65532
VOLUME /var/lib/taskpull
ENTRYPOINT ["/usr/bin/taskpull"]
CMD ["serve"]
# For the agent; a container that runs another command ends before it is asked.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["/usr/bin/taskpull", "status"]
