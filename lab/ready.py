"""Wait until a process answers HTTP; the exit code says whether it does.

    ready.py PID HOST:PORT|SOCKET PATH SECONDS

Exits with 0 at the first response with a status below 500 (a registry's 401 counts),
with 1 when the time is over, and with 2 when the process has ended.
"""

import os
import socket
import ssl
import sys
import time


def status(address, path):
    """Return the status of one GET, or None if there is no response yet."""
    if address.startswith("/"):
        connection, target = socket.socket(socket.AF_UNIX), address
    else:
        host, port = address.rsplit(":", 1)
        connection, target = socket.socket(socket.AF_INET), (host, int(port))
    with connection:
        connection.settimeout(2)
        try:
            connection.connect(target)
            if target[-1] == 443:
                # This checks that the server responds, not its certificate.
                connection = ssl._create_unverified_context().wrap_socket(connection)
            connection.sendall(f"GET {path} HTTP/1.0\r\nHost: lab\r\n\r\n".encode())
            return int(connection.recv(64).split()[1])
        except (OSError, IndexError, ValueError):
            return None


def main():
    pid, address, path, seconds = sys.argv[1:]
    deadline = time.monotonic() + float(seconds)
    while time.monotonic() < deadline:
        if (answer := status(address, path)) is not None and answer < 500:
            return 0
        if not os.path.exists(f"/proc/{pid}"):
            return 2
        time.sleep(0.05)
    return 1


sys.exit(main())
