"""The world of world.rs, for what the lab's AWS cannot carry: its emulator refuses nobody, and
takes no notice of the account in a secret's ARN.
"""

import contextlib
import json
import subprocess
from collections import Counter

from stage import ROOT, NotReady

PROGRAM = ROOT / "target/debug/examples/bench-world"
HOST_ACCOUNT = "111122223333"


class WorldFailed(Exception):
    """The world did not answer, or refused what was to be allowed."""


@contextlib.contextmanager
def world(secrets, roles=(), hold=(), layers=1, lines=1):
    """The environment for a program in such a world, and what it asked for there: AWS calls by
    operation, and `pull`. The counts are there once the world has ended. The images of `hold`
    go no further before all of them are under way, each with so many layers and lines about each.
    """
    if not PROGRAM.is_file():
        raise NotReady(f"{PROGRAM} is not there; run: cargo build --locked --example bench-world")
    counts = Counter()
    held = {"images": list(hold), "layers": layers, "lines": lines}
    with subprocess.Popen([PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        print(json.dumps({"secrets": secrets, "roles": list(roles), "hold": held}), file=process.stdin, flush=True)
        try:
            yield answer(process)["environment"], counts
        finally:
            process.stdin.close()
            seen = answer(process)
    if seen["refused"]:
        raise WorldFailed(f"its AWS refused {seen['refused']} calls")
    counts.update(seen["calls"])
    counts["pull"] = seen["pulls"]


def answer(process):
    line = process.stdout.readline()
    if not line:
        raise WorldFailed(f"it ended with {process.wait()}")
    return json.loads(line)
