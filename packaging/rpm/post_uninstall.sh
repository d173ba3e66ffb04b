if [ "$1" -eq 0 ]; then
    rm -f /usr/bin/docker-credential-taskpull
fi
if [ -d /run/systemd/system ]; then
    systemctl daemon-reload || :
    if [ "$1" -ge 1 ]; then
        systemctl try-restart taskpull.service || :
    fi
fi
