"""What the agent's socket carries: clients that each ask for a kept login again as soon as they
have it, beside a bare hyper server that answers the same bytes without a thought; and whether
the agent's memory grows by it.
"""

import contextlib
import http.client
import json
import os
import statistics
import subprocess
import time
from pathlib import Path

import runs
from stage import MEGABYTE, ROOT, EngineConnection, NotReady
from table import Row

PROGRAM = ROOT / "target/release/bench-load"
CLIENTS = 64
PATH = "/v1/credentials"
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
# The least of the bare server's rate, and the longest that one in a hundred may wait.
RATE, P99 = 0.5, 10


def agent_logins(bench):
    if not PROGRAM.is_file():
        raise NotReady(f"{PROGRAM} is not there; run: cargo build --locked --release --package bench-load")
    folder = Path(bench.folder) / "agent-logins"
    folder.mkdir()
    body = json.dumps({"registry": bench.stage.registry})
    with agent(bench, folder) as (asked, ours), constant(folder, login(ours, body)) as (bare, theirs):
        takes = (lambda: ask(asked, ours, body, 3), lambda: ask(bare, theirs, body, 3))
        runs.alternate(1, *takes)
        rounds = runs.alternate(bench.rounds(10, 3), *takes)
        before = resident(asked)
        long = ask(asked, ours, body, bench.rounds(110, 10))
        grown = (resident(asked) - before) / MEGABYTE
    ratios = [mine["rate"] / others["rate"] for mine, others in zip(*rounds)]
    rows = [
        Row(
            f"logins for {CLIENTS} clients: the agent's rate / a bare server's",
            runs.spread(ratios, "{:.2f}"),
            len(ratios),
            f"at least {RATE:.2f}",
            statistics.median(ratios) >= RATE,
        ),
        row("  99 of 100 within", "p99", rounds[0], "{:.1f}", " ms", P99),
    ]
    for name, taken in zip(("taskpull", "a bare hyper server"), rounds):
        rows.append(row(f"  {name}", "rate", taken, "{:.0f}", " a second"))
        rows.append(row("    processor time for one", "cost", taken, "{:.1f}", " µs"))
    requests = f"{long['requests'] / 1_000_000:.1f} million"
    rows.append(Row(f"  memory grown by {requests} logins", f"{grown:.1f} MB", 1, "1 MB", grown <= 1))
    return rows


def row(what, key, taken, form, unit, limit=None):
    figures = [one[key] for one in taken]
    row = Row(what, runs.spread(figures, form) + unit, len(figures))
    if limit is not None:
        row.limit, row.ok = f"{limit}{unit}", statistics.median(figures) <= limit
    return row


@contextlib.contextmanager
def agent(bench, folder):
    """The agent that gives logins, and its socket."""
    socket, settings = folder / "agent.sock", folder / "taskpull.toml"
    arn = bench.stage.secret(0)
    settings.write_text(f'[[registry]]\nhost = "{bench.stage.registry}"\nsecret = "{arn}"\n')
    environment = bench.stage.environment | {
        "HOME": str(folder),
        "TASKPULL_CONFIG": str(settings),
        "TASKPULL_SOCKET": str(socket),
        "TASKPULL_STATE_FOLDER": str(folder / "state"),
        "TASKPULL_ACCESS_CREDENTIALS": str(os.getuid()),
    }
    with running([str(bench.binary), "serve"], socket, folder / "agent.log", environment) as process:
        yield process, socket


@contextlib.contextmanager
def constant(folder, answer):
    """A server that answers this, and its socket."""
    socket, text = folder / "constant.sock", folder / "constant"
    text.write_bytes(answer)
    with running([PROGRAM, "constant", str(socket)], socket, folder / "constant.log", {}, text) as process:
        yield process, socket


@contextlib.contextmanager
def running(command, socket, log, environment, stdin=os.devnull):
    with open(log, "wb") as said, open(stdin, "rb") as given:
        process = subprocess.Popen(command, env=environment, stdin=given, stdout=said, stderr=said)
    try:
        until = time.monotonic() + 30
        while not is_listened_on(socket):
            if process.poll() is not None or time.monotonic() > until:
                raise runs.RunFailed(f"{command[0]} does not listen: {Path(log).read_text().strip()}")
            time.sleep(0.01)
        yield process
    finally:
        process.kill()
        process.wait()


def is_listened_on(socket):
    try:
        with contextlib.closing(EngineConnection(str(socket))) as connection:
            connection.connect()
        return True
    except OSError:
        return False


def login(socket, body):
    """The answer, which is kept from then on."""
    with contextlib.closing(EngineConnection(str(socket))) as connection:
        headers = {"Host": "localhost", "Content-Type": "application/json"}
        connection.request("POST", PATH, body, headers)
        answer = connection.getresponse()
        text = answer.read()
    if answer.status != http.client.OK:
        raise runs.RunFailed(f"the agent gives no login: HTTP {answer.status} {text.decode(errors='replace')}")
    return text


def ask(process, socket, body, seconds):
    """What so many seconds of asking come to: rate a second, p99 in milliseconds, cost of one in microseconds."""
    used = processor_seconds(process)
    command = [PROGRAM, "ask", str(socket), PATH, body, str(CLIENTS), str(seconds)]
    said = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if said.returncode != 0:
        raise runs.RunFailed(f"{socket.name} was not asked to the end: {said.stderr.strip()}")
    told = json.loads(said.stdout)
    return {
        "requests": told["requests"],
        "rate": told["requests"] / told["seconds"],
        "p99": told["p99"] / 1_000,
        "cost": (processor_seconds(process) - used) / told["requests"] * 1_000_000,
    }


def processor_seconds(process):
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident(process):
    """Bytes of a process in memory now."""
    return int(Path(f"/proc/{process.pid}/statm").read_text().split()[1]) * PAGE
