"""Measures the cost of a login for Docker: one process of `docker-credential-taskpull get`, compared
with one of ECR's own helper, which supports ECR alone.

Both get a new token for one ECR host, from the lab's emulator under AWS's own name and over TLS,
because the other helper has no setting for the endpoint. Its cache is off, because that is a file
that contains the token, and taskpull has none.
"""

import json
import shutil
import subprocess
import time
from pathlib import Path

import runs
from aws_by_tls import aws_by_tls
from stage import MEGABYTE, NotReady
from table import Row, milliseconds, ratio

ACCOUNT, REGION = "111122223333", "us-east-1"
HOST = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
API = f"api.ecr.{REGION}.amazonaws.com"


class Helper:
    """A credential helper that gets the login of one server."""

    def __init__(self, program, server, user, environment, folder):
        self.command, self.environment, self.user = [str(program), "get"], environment, user
        self.asked, self.answer = folder / "asked", folder / "answer"
        self.server = server

    def time(self):
        """Return the seconds of one run."""
        with open(self.answer, "w+b") as answer:
            begun = time.perf_counter()
            ended = subprocess.run(
                self.command,
                env=self.environment,
                input=self.server.encode(),
                stdout=answer,
                stderr=subprocess.DEVNULL,
                check=False,
            )
            seconds = time.perf_counter() - begun
        self.check(ended.returncode)
        return seconds

    def usage(self):
        """Return the processor time of one run in seconds, and its peak memory in bytes."""
        self.asked.write_text(self.server)
        status, usage = runs.usage_of(self.command, self.environment, self.answer, self.asked)
        self.check(status)
        return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024

    def check(self, status):
        text = self.answer.read_bytes()
        if status != 0 or json.loads(text)["Username"] != self.user or not json.loads(text)["Secret"]:
            # The answer is not part of the message, because it may be a login.
            raise runs.RunFailed(f"{self.command[0]} exited with {status} without a login for {self.server}")


def docker_helper(bench):
    other = shutil.which("docker-credential-ecr-login")
    if other is None:
        raise NotReady("docker-credential-ecr-login is not installed; run: lab/up --private-engine")
    folder = Path(bench.folder) / "front-doors"
    folder.mkdir()
    ours = folder / "docker-credential-taskpull"
    ours.symlink_to(bench.binary)
    arn, settings = bench.stage.secret(0), folder / "taskpull.toml"
    settings.write_text(f'[[registry]]\nhost = "{bench.stage.registry}"\nsecret = "{arn}"\n')
    with aws_by_tls(bench.stage.endpoint, API, folder) as by_tls:
        # Warnings would add output to the measured runs.
        plain = bench.stage.environment | {"HOME": str(folder), "TASKPULL_CONFIG": str(settings), "RUST_LOG": "error"}
        tls = {name: value for name, value in plain.items() if name != "AWS_ENDPOINT_URL"} | by_tls
        helpers = [
            Helper(ours, HOST, "AWS", tls, folder),
            Helper(other, HOST, "AWS", tls | {"AWS_ECR_DISABLE_CACHE": "true"}, folder),
            Helper(ours, bench.stage.registry, "puller-one", plain, folder),
        ]
        runs.alternate(2, *(helper.time for helper in helpers))
        seconds = runs.alternate(bench.rounds(40, 8), *(helper.time for helper in helpers))
        usages = runs.alternate(bench.rounds(40, 8), *(helper.usage for helper in helpers))
    names = ("taskpull", "docker-credential-ecr-login", "taskpull, a host of [[registry]]")
    rows = []
    for number, what in enumerate(("processor time", "peak memory")):
        ratios = [ours[number] / other[number] for ours, other in zip(usages[0], usages[1])]
        rows += ratio(f"ECR login, {what}: taskpull / ECR's helper", ratios, 1.00)
    for name, taken, used in zip(names, seconds, usages):
        rows.append(milliseconds(f"  {name}", taken))
        rows.append(milliseconds("    processor time", [processor for processor, _ in used]))
        peaks = [peak / MEGABYTE for _, peak in used]
        rows.append(Row("    peak memory", runs.spread(peaks, "{:.1f}") + " MB", len(peaks)))
    return rows
