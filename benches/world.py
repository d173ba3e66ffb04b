"""Starts the simulated AWS and engine of world.rs, for measurements that the lab's AWS does not
support: its emulator never refuses a request, and ignores the account in a secret's ARN.
"""

import contextlib
import json
import subprocess
from collections import Counter

from stage import ROOT, NotReady

PROGRAM = ROOT / "target/debug/examples/bench-world"
HOST_ACCOUNT = "111122223333"


class WorldFailed(Exception):
    """The simulation did not answer, or refused a request that it should allow."""


@contextlib.contextmanager
def world(secrets, roles=(), hold=(), layers=1, lines=1):
    """Yield the environment for a program in the simulation, and the counts of its AWS calls by
    operation and of its pulls (`pull`). The counts are complete after the `with`. Pulls of the
    images in `hold` stop until all of them are active, each with `layers` layers and `lines`
    progress messages for each layer.
    """
    if not PROGRAM.is_file():
        raise NotReady(f"{PROGRAM} does not exist; run: cargo build --locked --example bench-world")
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
        raise WorldFailed(f"the simulated AWS refused {seen['refused']} calls")
    counts.update(seen["calls"])
    counts["pull"] = seen["pulls"]


def answer(process):
    line = process.stdout.readline()
    if not line:
        raise WorldFailed(f"{PROGRAM.name} exited with {process.wait()}")
    return json.loads(line)
