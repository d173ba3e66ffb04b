"""Create the users of each registry.

    users.py LAB

Passwords are random for each lab and created once, as seed/<user>.password, which
only its owner can read. The registries read their bcrypt hashes.
"""

import os
import secrets
import subprocess
import sys
from pathlib import Path

# Registry -> user -> fixed characters inside the otherwise random password.
#
# The engine expects credentials as base64 in a header, with the URL-safe
# alphabet. The last six bits of `>` and `~` are `+` in the standard alphabet,
# those of `?` and of the last byte of `ÿ` are `/`. Three equal characters put
# one of them at the end of a three-byte group, wherever the password starts in
# the JSON. A client with the wrong alphabet therefore always fails a test: the
# engine ignores a header that it cannot decode, and pulls without credentials.
# `ÿ` also has two bytes in UTF-8 and one in Latin-1.
USERS = {
    "registry-one": {"puller-one": "", "puller-cross-account": "", "canary": ""},
    "registry-two": {"puller-two": ">>>???~~~ÿ"},
}


# The name of the password that all upstreams of ecr.py accept.
UPSTREAM = "upstream"


def password_file(lab, user):
    return Path(lab, "seed", f"{user}.password")


def read_password(lab, user):
    return password_file(lab, user).read_text(encoding="utf-8")


def make_password(lab, user, inside):
    password = secrets.token_hex(12) + inside + secrets.token_hex(12)
    unfinished = password_file(lab, user).with_suffix(".new")
    # The file has mode 0600 from the start, and gets its name only when it is complete.
    with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(password)
    unfinished.rename(password_file(lab, user))


def htpasswd_line(user, password):
    """Return a line with a bcrypt hash at the lowest cost, so that pulls do not wait for hashing."""
    command = ["htpasswd", "-n", "-i", "-B", "-C", "4", user]
    return subprocess.run(command, input=password.encode(), stdout=subprocess.PIPE, check=True).stdout.strip().decode()


def main():
    (lab,) = sys.argv[1:]
    if not password_file(lab, UPSTREAM).exists():
        make_password(lab, UPSTREAM, "")
    for registry, users in USERS.items():
        new = [user for user in users if not password_file(lab, user).exists()]
        for user in new:
            make_password(lab, user, users[user])
        hashes = Path(lab, registry, "htpasswd")
        if new or not hashes.exists():
            hashes.parent.mkdir(exist_ok=True)
            lines = [htpasswd_line(user, read_password(lab, user)) for user in users]
            unfinished = hashes.with_suffix(".new")
            unfinished.write_text("\n".join(lines) + "\n")
            unfinished.rename(hashes)


if __name__ == "__main__":
    main()
