# 0: it goes for good; 1: another version takes its place.
if [ "$1" -eq 0 ] && [ -d /run/systemd/system ]; then
    systemctl --no-reload disable --now taskpull.service taskpull.socket || :
fi
