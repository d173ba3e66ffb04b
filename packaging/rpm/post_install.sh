# cargo-generate-rpm packs no links.
ln -sf taskpull /usr/bin/docker-credential-taskpull
# Neither enabled nor started: systemctl enable --now taskpull
if command -v systemd-sysusers >/dev/null; then
    systemd-sysusers taskpull.conf || :
    systemd-tmpfiles --create taskpull.conf || :
fi
if [ -d /run/systemd/system ]; then
    systemctl daemon-reload || :
fi
