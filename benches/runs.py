"""Runs taskpull, the bare Engine call and Docker Compose as whole processes, with time and checks.

Every run must prove that it did its work, otherwise it raises RunFailed: a figure from a run
that pulled nothing would be worthless.
"""

import base64
import ctypes
import json
import math
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from stage import USER, create_url

PR_SET_CHILD_SUBREAPER = 36
# The limit of concurrent pulls from one registry (docs/configuration.md).
AT_ONCE = 8
# The exit code if an image could not be pulled (docs/configuration.md).
NOT_THERE = 3
# The counters of a report's summary that each expectation adds up.
SUMMARY = {
    "pulled": ["pulled"],
    "up_to_date": ["upToDate"],
    "present": ["pulled", "upToDate"],
    "planned": ["planned"],
    "refused": ["failed"],
}


class RunFailed(Exception):
    """A run did not do the work to be measured."""


class Taskpull:
    """`taskpull pull` with only the lab's settings in its environment."""

    def __init__(self, binary, stage, folder):
        self.binary, self.folder = str(binary), Path(folder)
        # The lab's host may read the secrets itself, so the figures include no AssumeRole.
        self.environment = stage.environment | {
            "HOME": str(folder),
            "TASKPULL_CONFIG": "/dev/null",
            "TASKPULL_EXECUTION_ROLE": "ignore",
        }

    def command(self, task, wanted):
        plan_only = ["--dry-run"] if "planned" in wanted else []
        return [self.binary, "pull", "--quiet", "--output", "json", *plan_only, str(task)]

    def time(self, task, settings=None, **wanted):
        """Return the seconds of one run, which must have the result `wanted` (see `check`)."""
        with open(self.folder / "report", "w+b") as report, tempfile.TemporaryFile() as complaint:
            begun = time.perf_counter()
            status = subprocess.call(
                self.command(task, wanted),
                env=self.environment | (settings or {}),
                stdin=subprocess.DEVNULL,
                stdout=report,
                stderr=complaint,
            )
            seconds = time.perf_counter() - begun
            complaint.seek(0)
            message = complaint.read().decode(errors="replace").strip()
        self.check(status, message, wanted)
        return seconds

    def peak_memory(self, task, settings=None, **wanted):
        """Return the peak resident memory of one run in bytes."""
        return self.usage(task, settings, **wanted).ru_maxrss * 1024

    def usage(self, task, settings=None, **wanted):
        """Return the resource usage of one run, which must have the result `wanted` (see `check`)."""
        command, environment = self.command(task, wanted), self.environment | (settings or {})
        status, usage = usage_of(command, environment, self.folder / "report")
        self.check(status, "", wanted)
        return usage

    def attempts(self):
        """Return the number of attempts for each container's image in the last run."""
        report = json.loads((self.folder / "report").read_bytes())
        return [container["attempts"] for task in report["tasks"] for container in task["containers"]]

    def check(self, status, message, wanted):
        """Check the numbers of containers: `pulled`, `up_to_date`, `present` (either), `planned` or `refused`."""
        try:
            report = json.loads((self.folder / "report").read_bytes())
        except ValueError:
            raise RunFailed(f"taskpull exited with {status} without a report: {message}") from None
        containers = [container for task in report["tasks"] for container in task["containers"]]
        for failure in report["invalidInputs"] + [container.get("failure") for container in containers]:
            if failure and not ("refused" in wanted and is_explained_refusal(failure)):
                raise RunFailed(f"taskpull exited with {status}: {json.dumps(failure)}")
        found = {name: sum(report["summary"][key] for key in SUMMARY[name]) for name in wanted}
        ends_with = NOT_THERE if "refused" in wanted else 0
        if (status, found, len(containers)) != (ends_with, wanted, sum(wanted.values())):
            raise RunFailed(f"taskpull exited with {status} and {report['summary']}, expected: {wanted}")


def is_explained_refusal(failure):
    return (failure["link"], failure["class"]) == ("registry", "refused") and bool(failure["hint"])


def usage_of(command, environment, stdout, stdin="/dev/null"):
    """Return a program's exit code and its resource usage.

    The kernel counts the memory of the process that executes a program as the program's own,
    and this Python process is larger than taskpull. So a small shell starts the program and
    exits at once. This process becomes the parent of the orphan, and gets its usage.
    """
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise RunFailed(f"cannot become a subreaper to read the peak memory: {os.strerror(ctypes.get_errno())}")
    script = 'out=$1; in=$2; shift 2; "$@" >"$out" <"$in" & echo $!'
    starter = ["/bin/sh", "-c", script, "sh", str(stdout), str(stdin), *command]
    pid = int(subprocess.run(starter, env=environment, stdout=subprocess.PIPE, check=True).stdout)
    _, status, usage = os.wait4(pid, 0)
    return os.waitstatus_to_exitcode(status), usage


class BareCall:
    """One curl with a prepared auth header that pulls images through the engine, with taskpull's concurrency limit."""

    def __init__(self, stage, folder):
        self.stage, self.folder = stage, Path(folder)

    def time(self, references, status):
        """Return the seconds of one run; the engine's last message about each image must be `status`."""
        seconds, answers = self.call(references, self.stage.auth_header())
        for reference, answer in zip(references, answers):
            last = answer.strip().rpartition("\n")[2]
            if f'"Status: {status}' not in last:
                raise RunFailed(f"the engine's last message about {reference} is not `{status}`: {last}")
            if '"Already exists"' in answer:
                raise RunFailed(f"the engine already had a layer of {reference}, so the pull was not cold")
        return seconds

    def refused(self, reference, password):
        """Pull one image with a wrong password, which the registry must refuse."""
        _, [answer] = self.call([reference], self.stage.auth_header(password))
        if '"message"' not in answer and '"error"' not in answer:
            raise RunFailed(f"the engine reports no refusal of {reference}: {answer.strip()}")

    def call(self, references, auth_header):
        """Return the seconds of one run, and the engine's answers."""
        command = ["curl", "--disable", "--silent", "--show-error", "--max-time", "120", "--config", "-"]
        command += ["--request", "POST", "--noproxy", "*", "--unix-socket", self.stage.socket]
        if len(references) > 1:
            command += ["--parallel", "--parallel-immediate", "--parallel-max", str(AT_ONCE)]
        outputs = [self.folder / f"answer-{n}" for n in range(len(references))]
        for reference, output in zip(references, outputs):
            output.unlink(missing_ok=True)
            command += ["--url", create_url(reference), "--output", str(output)]
        # On stdin, because every user can read arguments.
        header = f'header = "X-Registry-Auth: {auth_header}"\n'.encode()
        with tempfile.TemporaryFile() as complaint:
            begun = time.perf_counter()
            curl = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=complaint)
            curl.communicate(header)
            seconds = time.perf_counter() - begun
            complaint.seek(0)
            message = complaint.read().decode(errors="replace").strip()
        if curl.returncode != 0:
            raise RunFailed(f"curl exited with {curl.returncode}: {message}")
        return seconds, [output.read_text() for output in outputs]


class Compose:
    """`docker compose pull`: Docker's plugin, or Debian's older `docker-compose`."""

    def __init__(self, stage, folder):
        self.stage, self.file, config = stage, folder / "compose.json", folder / "compose"
        self.command = ["docker", "compose"]
        if subprocess.run([*self.command, "version"], capture_output=True, check=False).returncode != 0:
            self.command = ["docker-compose"]
        self.version = subprocess.check_output([*self.command, "version", "--short"], text=True).strip()
        config.mkdir()
        login = base64.b64encode(f"{USER}:{stage.password}".encode()).decode()
        (config / "config.json").write_text(json.dumps({"auths": {stage.registry: {"auth": login}}}))
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "DOCKER_HOST": stage.host,
            "DOCKER_CONFIG": str(config),
        }

    def time(self, references):
        """Return the seconds of one run; afterwards the images must be on the engine."""
        services = {f"service-{n}": {"image": reference} for n, reference in enumerate(references)}
        self.file.write_text(json.dumps({"version": "3", "services": services}))
        command = [*self.command, "--file", str(self.file), "pull", "--quiet"]
        begun = time.perf_counter()
        ended = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - begun
        if ended.returncode != 0:
            raise RunFailed(f"{' '.join(self.command)} exited with {ended.returncode}: {ended.stderr.strip()}")
        for reference in references:
            self.stage.ask_engine("GET", f"/v1.41/images/{reference}/json", {200})
        return seconds


def alternate(count, *takes):
    """Run all takes in each round, every other round in reverse order, and return the figures by take."""
    figures = [[] for _ in takes]
    for number in range(count):
        order = range(len(takes)) if number % 2 == 0 else reversed(range(len(takes)))
        for take in order:
            figures[take].append(takes[take]())
    return figures


def spread(figures, form):
    """Return the text `median (min–max)`."""
    middle, least, most = (form.format(value) for value in (statistics.median(figures), min(figures), max(figures)))
    return f"{middle} ({least}–{most})"


def confidence_interval(figures, form):
    """Return the 95 % confidence interval of the median, for any distribution: two of the figures."""
    ordered = sorted(figures)
    rank = max(0, math.floor(len(ordered) / 2 - 0.98 * math.sqrt(len(ordered))) - 1)
    return f"{form.format(ordered[rank])}–{form.format(ordered[-1 - rank])}"
