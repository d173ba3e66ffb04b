"""Tokens of the lab: the AWS emulator issues ECR's, and the registry under ECR's names (ecr.py) reads them.

A token says what it is good for and until when, under a signature. Its key is a file of the
lab's, so the two processes need not ask each other, and a token survives a restart of both.
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
    """The key of this lab, which whoever asks first makes; readable by its owner alone."""
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
    """A token for `scope`, and the second in which it ends."""
    now = time.time_ns()
    ends = now // 10**9 + LIFE
    body = base64.urlsafe_b64encode(json.dumps({"scope": scope, "issued": now, "ends": ends}).encode()).decode()
    return f"{body}.{signature(key, body)}", ends


def read(key, text):
    """What a token of this lab says: `scope`, `issued` in nanoseconds, `ends` in seconds; None of any other."""
    body, _, signed = text.partition(".")
    if not hmac.compare_digest(signature(key, body).encode(), signed.encode()):
        return None
    return json.loads(base64.urlsafe_b64decode(body))


def signature(key, body):
    return hmac.new(key, body.encode(), hashlib.sha256).hexdigest()
