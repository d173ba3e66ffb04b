# 0: the package is removed; 1: another version replaces it.
if [ "$1" -eq 0 ] && [ -d /run/systemd/system ]; then
    systemctl --no-reload disable --now taskpull.service taskpull.socket || :
fi
