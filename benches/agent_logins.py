"""Measures the throughput of the agent's socket: clients that each request a cached login again as
soon as they have the response, compared with a bare hyper server that returns the same bytes; and
whether the agent's memory grows.
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
# The lowest rate as a fraction of the bare server's, and the highest 99th percentile in milliseconds.
RATE, P99 = 0.5, 10


def agent_logins(bench):
    if not PROGRAM.is_file():
        raise NotReady(f"{PROGRAM} does not exist; run: cargo build --locked --release --package bench-load")
    folder = Path(bench.folder) / "agent-logins"
    folder.mkdir()
    body = json.dumps({"registry": bench.stage.registry})
    with agent(bench, folder) as (process, socket), constant(folder, login(socket, body)) as (bare, bare_socket):
        takes = (lambda: ask(process, socket, body, 3), lambda: ask(bare, bare_socket, body, 3))
        runs.alternate(1, *takes)
        rounds = runs.alternate(bench.rounds(10, 3), *takes)
        before = resident(process)
        long = ask(process, socket, body, bench.rounds(110, 10))
        grown = (resident(process) - before) / MEGABYTE
    ratios = [mine["rate"] / others["rate"] for mine, others in zip(*rounds)]
    rows = [
        Row(
            f"logins for {CLIENTS} clients: rate of the agent / a bare server",
            runs.spread(ratios, "{:.2f}"),
            len(ratios),
            f"at least {RATE:.2f}",
            statistics.median(ratios) >= RATE,
        ),
        row("  latency (p99)", "p99", rounds[0], "{:.1f}", " ms", P99),
    ]
    for name, taken in zip(("taskpull", "a bare hyper server"), rounds):
        rows.append(row(f"  {name}", "rate", taken, "{:.0f}", " per second"))
        rows.append(row("    processor time per login", "cost", taken, "{:.1f}", " µs"))
    requests = f"{long['requests'] / 1_000_000:.1f} million"
    rows.append(Row(f"  memory growth after {requests} logins", f"{grown:.1f} MB", 1, "1 MB", grown <= 1))
    return rows


def row(what, key, taken, form, unit, limit=None):
    figures = [one[key] for one in taken]
    row = Row(what, runs.spread(figures, form) + unit, len(figures))
    if limit is not None:
        row.limit, row.ok = f"{limit}{unit}", statistics.median(figures) <= limit
    return row


@contextlib.contextmanager
def agent(bench, folder):
    """Start an agent that issues logins; yield its process and its socket."""
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
    """Start a server that always returns `answer`; yield its process and its socket."""
    socket, text = folder / "constant.sock", folder / "constant"
    text.write_bytes(answer)
    with running([PROGRAM, "constant", str(socket)], socket, folder / "constant.log", {}, text) as process:
        yield process, socket


@contextlib.contextmanager
def running(command, socket, log, environment, stdin=os.devnull):
    with open(log, "wb") as output, open(stdin, "rb") as source:
        process = subprocess.Popen(command, env=environment, stdin=source, stdout=output, stderr=output)
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
    """Request a login once and return the response; the agent caches it from then on."""
    with contextlib.closing(EngineConnection(str(socket))) as connection:
        headers = {"Host": "localhost", "Content-Type": "application/json"}
        connection.request("POST", PATH, body, headers)
        answer = connection.getresponse()
        text = answer.read()
    if answer.status != http.client.OK:
        raise runs.RunFailed(f"the agent issued no login: HTTP {answer.status} {text.decode(errors='replace')}")
    return text


def ask(process, socket, body, seconds):
    """Send requests for `seconds`; return the rate per second, p99 in milliseconds, and cost of one in microseconds."""
    used = processor_seconds(process)
    command = [PROGRAM, "ask", str(socket), PATH, body, str(CLIENTS), str(seconds)]
    ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if ended.returncode != 0:
        raise runs.RunFailed(f"the load on {socket.name} failed: {ended.stderr.strip()}")
    result = json.loads(ended.stdout)
    return {
        "requests": result["requests"],
        "rate": result["requests"] / result["seconds"],
        "p99": result["p99"] / 1_000,
        "cost": (processor_seconds(process) - used) / result["requests"] * 1_000_000,
    }


def processor_seconds(process):
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident(process):
    """Return the resident memory of a process in bytes."""
    return int(Path(f"/proc/{process.pid}/statm").read_text().split()[1]) * PAGE
