"""Measures the cost of an idle agent, its start time, and its work for a folder with many files.

The agent gets a notify socket, as from a service manager, and no other systemd setting: without
a watchdog and with an empty folder it has no reason to wake up.
"""

import contextlib
import ctypes
import os
import select
import socket
import struct
import subprocess
import time
from pathlib import Path

from runs import RunFailed
from stage import task
from table import Row, memory, milliseconds
from world import HOST_ACCOUNT, world

SECRET = f"arn:aws:secretsmanager:eu-west-1:{HOST_ACCOUNT}:secret:taskpull/bench-Ab12Cd"
FILES = 1_000
IDLE_SECONDS, IDLE_SECONDS_QUICK = 60, 10
# The runtime ends idle blocking threads after ten seconds.
SETTLED_AFTER = 12
# Seconds after which the agent counts as hanging.
TIMEOUT = 60
PLANNED, ENDED = b" request planned ", b" request ended "
IN_OPEN = 0x20


class Agent:
    """`taskpull serve` with its own folder; it is stopped at the end of the `with`."""

    def __init__(self, bench, name, settings):
        self.home = Path(bench.folder) / name
        self.watched = self.home / "task-definitions"
        self.watched.mkdir(parents=True)
        self.command = [str(bench.binary), "serve"]
        self.environment = bench.taskpull.environment | settings | {
            "NOTIFY_SOCKET": str(self.home / "notify"),
            "TASKPULL_SOCKET": str(self.home / "agent.sock"),
            "TASKPULL_STATE_FOLDER": str(self.home / "state"),
            "TASKPULL_FOLDER": str(self.watched),
        }

    def __enter__(self):
        (self.home / "notify").unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify, open(self.home / "log", "wb") as log:
            notify.bind(str(self.home / "notify"))
            notify.settimeout(TIMEOUT)
            self.begun = time.perf_counter()
            self.process = subprocess.Popen(
                self.command, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log
            )
            try:
                while not notify.recv(4_096).startswith(b"READY=1"):
                    pass
            except TimeoutError:
                self.__exit__()
                raise RunFailed(f"the agent did not become ready: {self.log().decode(errors='replace')}") from None
            self.ready_after = time.perf_counter() - self.begun
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise RunFailed("the agent did not stop") from None

    def log(self):
        return (self.home / "log").read_bytes()

    def wait_for(self, what, count):
        """Return the seconds from the start until `what` is in the log `count` times."""
        while self.log().count(what) < count:
            if self.process.poll() is not None or time.perf_counter() - self.begun > TIMEOUT:
                raise RunFailed(f"the log of the agent does not contain `{what.decode().strip()}` {count} times")
            time.sleep(0.005)
        return time.perf_counter() - self.begun

    def resident(self):
        """Return the resident memory in bytes."""
        return int(self.of_status(f"/proc/{self.process.pid}", "VmRSS").removesuffix(" kB")) * 1024

    def used(self):
        """Return the number of wake-ups and the seconds of processor time, of all threads together."""
        threads = [f"/proc/{self.process.pid}/task/{thread}" for thread in os.listdir(f"/proc/{self.process.pid}/task")]
        wake_ups = sum(int(self.of_status(thread, "voluntary_ctxt_switches")) for thread in threads)
        ran = sum(int(Path(thread, "schedstat").read_text().split()[0]) for thread in threads)
        return wake_ups, ran / 1e9

    @staticmethod
    def of_status(place, key):
        lines = dict(line.split(":", 1) for line in Path(place, "status").read_text().splitlines())
        return lines[key].strip()


def idle(bench):
    seconds = IDLE_SECONDS_QUICK if bench.quick else IDLE_SECONDS
    with Agent(bench, "idle", {"TASKPULL_METRICS_LISTEN": "127.0.0.1:0"}) as agent:
        fresh = agent.resident()
        time.sleep(SETTLED_AFTER)
        before = agent.used()
        time.sleep(seconds)
        wake_ups, ran = (after - earlier for after, earlier in zip(agent.used(), before))
        sizes = [fresh, agent.resident()]
    return [
        memory("idle agent: resident memory", sizes, 15),
        Row(f"  wake-ups in {seconds} s", str(wake_ups), 1, "0", wake_ups == 0),
        milliseconds(f"  processor time in {seconds} s", [ran]),
    ]


def ready(bench):
    seconds = []
    for number in range(bench.rounds(20, 5)):
        with Agent(bench, f"ready-{number}", {}) as agent:
            seconds.append(agent.ready_after)
    return [milliseconds("agent: start to ready", seconds, 100)]


def folder(bench):
    """The images are on the tests' engine; the agent's log shows when a file has been planned."""
    rounds = [one_start(bench, number) for number in range(bench.rounds(5, 2))]
    planned, sizes, opened = zip(*rounds)
    files = [len(names) for names in opened]
    return [
        milliseconds(f"{FILES:,} files: agent start to all planned", planned, 1_000),
        memory("  resident memory after all pulls", sizes, 40),
        Row("  files opened after one changed", str(max(files)), len(files), "1", max(files) == 1),
    ]


def one_start(bench, number):
    with world({SECRET: bench.stage.login("swordfish")}) as (environment, asked):
        log = {"RUST_LOG": "taskpull=info,taskpull::agent::worker=debug"}
        agent = Agent(bench, f"folder-{number}", environment | log)
        for at in range(FILES):
            (agent.watched / f"{at:04}.json").write_text(definition(at, "1.0"))
        with agent:
            planned = agent.wait_for(PLANNED, FILES)
            agent.wait_for(ENDED, FILES)
            resident = agent.resident()
            with opens(agent.watched) as opened:
                new = agent.home / "new"
                new.write_text(definition(7, "1.1"))
                new.rename(agent.watched / "0007.json")
                agent.wait_for(ENDED, FILES + 1)
    if asked["pull"] != FILES + 1:
        raise RunFailed(f"the agent pulled {asked['pull']} images instead of {FILES + 1}")
    return planned, resident, opened


def definition(number, tag):
    return task([(f"registry.example/app-{number}:{tag}", SECRET)])


@contextlib.contextmanager
def opens(watched):
    """Collect, from inotify, the names of the files in a folder that are opened during the `with`."""
    libc, names = ctypes.CDLL(None, use_errno=True), set()
    inotify = libc.inotify_init1(os.O_CLOEXEC)
    if inotify < 0 or libc.inotify_add_watch(inotify, os.fsencode(watched), IN_OPEN) < 0:
        raise RunFailed(f"inotify cannot watch the folder: {os.strerror(ctypes.get_errno())}")
    try:
        yield names
        while select.select([inotify], [], [], 0)[0]:
            events = os.read(inotify, 1 << 16)
            while events:
                *_, length = struct.unpack_from("iIII", events)
                names.add(events[16 : 16 + length].rstrip(b"\0").decode())
                events = events[16 + length :]
    finally:
        os.close(inotify)
