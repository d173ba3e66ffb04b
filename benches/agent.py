"""What an agent costs that has nothing to do, how soon it is ready, and what a full folder asks
of it.

It is told where to say that it is ready, as by a service manager, and by nothing else: without a
watchdog and with an empty folder it has no reason at all to wake up.
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
# Threads that have waited for the disk end after ten seconds.
SETTLED_AFTER = 12
# More, and something hangs.
PATIENCE = 60
PLANNED, ENDED = b" planned ", b" ended "
IN_OPEN = 0x20


class Agent:
    """`taskpull serve` in a folder of its own; it ends with the `with`."""

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
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told, open(self.home / "log", "wb") as log:
            told.bind(str(self.home / "notify"))
            told.settimeout(PATIENCE)
            self.begun = time.perf_counter()
            self.process = subprocess.Popen(
                self.command, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log
            )
            try:
                while not told.recv(4_096).startswith(b"READY=1"):
                    pass
            except TimeoutError:
                self.__exit__()
                raise RunFailed(f"the agent is not ready: {self.log().decode(errors='replace')}") from None
            self.ready_after = time.perf_counter() - self.begun
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise RunFailed("the agent does not end") from None

    def log(self):
        return (self.home / "log").read_bytes()

    def wait_for(self, what, count):
        """Seconds from its start until so many lines of its log say this."""
        while self.log().count(what) < count:
            if self.process.poll() is not None or time.perf_counter() - self.begun > PATIENCE:
                raise RunFailed(f"the agent has not said{what.decode()}{count} times")
            time.sleep(0.005)
        return time.perf_counter() - self.begun

    def resident(self):
        """Bytes."""
        return int(self.of_status(f"/proc/{self.process.pid}", "VmRSS").removesuffix(" kB")) * 1024

    def used(self):
        """How often any thread has woken up, and the seconds all of them have run."""
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
        memory("idle agent: resident", sizes, 15),
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
    """A file's images are the tests' engine's; that a file was planned is in the agent's log."""
    rounds = [one_start(bench, number) for number in range(bench.rounds(5, 2))]
    planned, sizes, opened = zip(*rounds)
    files = [len(names) for names in opened]
    return [
        milliseconds(f"{FILES:,} files: agent's start to all planned", planned, 1_000),
        memory("  resident when all are pulled", sizes, 40),
        Row("  files opened when one has changed", str(max(files)), len(files), "1", max(files) == 1),
    ]


def one_start(bench, number):
    with world({SECRET: bench.stage.login("swordfish")}) as (environment, asked):
        log = {"RUST_LOG": "taskpull=info,taskpull::agent::runner=debug"}
        agent = Agent(bench, f"folder-{number}", environment | log)
        for at in range(FILES):
            (agent.watched / f"{at:04}.json").write_text(definition(at, "1.0"))
        with agent:
            planned = agent.wait_for(PLANNED, FILES)
            agent.wait_for(ENDED, FILES)
            resident = agent.resident()
            with opens(agent.watched) as opened:
                beside = agent.home / "new"
                beside.write_text(definition(7, "1.1"))
                beside.rename(agent.watched / "0007.json")
                agent.wait_for(ENDED, FILES + 1)
    if asked["pull"] != FILES + 1:
        raise RunFailed(f"the agent asked for {asked['pull']} images, and there were {FILES + 1}")
    return planned, resident, opened


def definition(number, tag):
    return task([(f"registry.example/app-{number}:{tag}", SECRET)])


@contextlib.contextmanager
def opens(watched):
    """The names of the files of a folder that were opened meanwhile, as the kernel tells it; there at the end."""
    libc, names = ctypes.CDLL(None, use_errno=True), set()
    inotify = libc.inotify_init1(os.O_CLOEXEC)
    if inotify < 0 or libc.inotify_add_watch(inotify, os.fsencode(watched), IN_OPEN) < 0:
        raise RunFailed(f"the opening of files cannot be watched: {os.strerror(ctypes.get_errno())}")
    try:
        yield names
        while select.select([inotify], [], [], 0)[0]:
            told = os.read(inotify, 1 << 16)
            while told:
                *_, length = struct.unpack_from("iIII", told)
                names.add(told[16 : 16 + length].rstrip(b"\0").decode())
                told = told[16 + length :]
    finally:
        os.close(inotify)
