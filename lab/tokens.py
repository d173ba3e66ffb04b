"""Tokens of the lab: the AWS emulator issues ECR's, and the registry under ECR's names (ecr.py) reads them.

A token contains its scope and its expiry time with a signature. The signing key is a file of the
lab, so the two processes need no connection, and a token survives a restart of both.
"""

import base64
import hashlib
import hmac
import json
import os
import secrets
import time
from pathlib import Path

LIFE = 12 * 3600


def key(lab):
    """Return the signing key of this lab. The first caller creates the file, which only its owner can read."""
    path = Path(lab, "ecr", "token.key")
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        unfinished = path.with_name(f"token.key.{os.getpid()}")
        with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(32))
        try:
            os.link(unfinished, path)
        except FileExistsError:
            pass
        unfinished.unlink()
    return path.read_bytes()


def issue(key, scope):
    """Return a token for `scope`, and its expiry time in seconds."""
    now = time.time_ns()
    ends = now // 10**9 + LIFE
    body = base64.urlsafe_b64encode(json.dumps({"scope": scope, "issued": now, "ends": ends}).encode()).decode()
    return f"{body}.{signature(key, body)}", ends


def read(key, text):
    """Return the content of a token: `scope`, `issued` in nanoseconds, `ends` in seconds; None if it is invalid."""
    body, _, signed = text.partition(".")
    if not hmac.compare_digest(signature(key, body).encode(), signed.encode()):
        return None
    return json.loads(base64.urlsafe_b64decode(body))


def signature(key, body):
    return hmac.new(key, body.encode(), hashlib.sha256).hexdigest()
