#!/usr/bin/env python3
"""Measures taskpull against its limits, on the lab, and prints one table.

Measurements that the lab's AWS does not support use that of the tests (world.rs).

Times are compared in pairs of whole processes that run next to each other, because the
speed of the machine changes by the second: a ratio is meaningful even if the times are
not. No measurement asserts a time. The exit code is 0 if every run did its work, whatever
the results; 1 if a run did not; 2 if the lab or the program is missing.
"""

import argparse
import http.client
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import agent
import agent_logins
import containerd_store
import counting
import front_doors
import growth
import outage
import pulls
import runs
import scale
from stage import MEGABYTE, ROOT, NotReady, Stage, aws, registry, task
from table import Row, calls, memory, print_table, ratio, times
from world import WorldFailed

COLD_IMAGES, COLD_BYTES = 5, 8 * MEGABYTE
CONTAINERS, SECRETS, IMAGES = 200, 10, 20


class Bench:
    def __init__(self, binary, quick, folder, engine=None):
        self.binary, self.quick, self.folder = binary, quick, Path(folder)
        self.stage = Stage(engine)
        self.taskpull = runs.Taskpull(binary, self.stage, folder)
        self.bare = runs.BareCall(self.stage, folder)

    def on_engine(self, engine):
        """Return the same measurements on another engine of the lab."""
        return Bench(self.binary, self.quick, self.folder, engine)

    def rounds(self, many, few):
        return few if self.quick else many

    # The three workloads, each a file for taskpull and the image references in it.

    def one_warm_image(self):
        image = self.stage.image("warm", 4_096)
        self.stage.forget([image])
        self.bare.time([image], "Downloaded newer image")
        return self.write("warm", [(image, self.stage.secret(0))]), [image]

    def five_cold_images(self):
        images = [self.stage.image(f"cold-{n}", COLD_BYTES) for n in range(COLD_IMAGES)]
        return self.write("cold", [(image, self.stage.secret(0)) for image in images]), images

    def many_containers(self):
        images = [self.stage.image(f"many-{n}", 4_096) for n in range(IMAGES)]
        secrets = [self.stage.secret(n) for n in range(SECRETS)]
        pairs = [(image, secrets[n % SECRETS]) for n, image in enumerate(images)]
        return self.write("many", [pairs[n % IMAGES] for n in range(CONTAINERS)]), images

    def write(self, name, containers):
        path = self.folder / f"{name}.json"
        path.write_text(task(containers))
        return path

    def write_folder(self, name, definitions):
        folder = self.folder / name
        folder.mkdir()
        for number, definition in enumerate(definitions):
            (folder / f"{number:04}.json").write_text(definition)
        return folder

    # The measurements.

    def warm(self):
        definition, images = self.one_warm_image()
        arn = self.stage.secret(0)
        takes = (
            lambda: self.taskpull.time(definition, up_to_date=1),
            lambda: self.bare.time(images, "Image is up to date"),
            lambda: self.stage.time_secret(arn),
        )
        runs.alternate(2, *takes)
        count = self.rounds(150, 25)
        whole, bare, secret = runs.alternate(count, *takes)
        ratios = [(w - s) / b for w, b, s in zip(whole, bare, secret)]
        return [
            *ratio("warm image: (taskpull − secret) / bare call", ratios, 1.25),
            *times(("taskpull", whole), ("bare Engine call (curl)", bare), ("GetSecretValue", secret)),
        ]

    def cold(self):
        definition, images = self.five_cold_images()

        def cold(take):
            self.stage.forget(images)
            return take()

        takes = (
            lambda: cold(lambda: self.taskpull.time(definition, pulled=COLD_IMAGES)),
            lambda: cold(lambda: self.bare.time(images, "Downloaded newer image")),
        )
        runs.alternate(1, *takes)
        whole, bare = runs.alternate(self.rounds(75, 7), *takes)
        ratios = [w / b for w, b in zip(whole, bare)]
        asked, _ = self.count(definition, images, pulled=COLD_IMAGES)
        return [
            *ratio("5 cold 8 MB images: taskpull / bare calls", ratios, 1.05),
            *times(("taskpull", whole), ("5 bare Engine calls (curl)", bare)),
            calls("  AWS calls", asked, 1),
        ]

    def many(self):
        definition, images = self.many_containers()
        asked_aws, asked_engine = self.count(definition, images, pulled=CONTAINERS)
        pulls = asked_engine["pull"]
        return [
            calls("200 containers, 10 secrets: AWS calls", asked_aws, SECRETS),
            Row("200 containers, 20 images: pulls", str(pulls), 1, str(IMAGES), pulls <= IMAGES),
        ]

    def memory(self):
        jobs = [
            ("1 warm image", self.one_warm_image, False, {"up_to_date": 1}),
            ("5 cold images", self.five_cold_images, True, {"pulled": COLD_IMAGES}),
            ("200 containers", self.many_containers, True, {"pulled": CONTAINERS}),
        ]
        rows = []
        for name, job, cold, wanted in jobs:
            definition, images = job()
            peaks = []
            for _ in range(self.rounds(5, 2)):
                if cold:
                    self.stage.forget(images)
                peaks.append(self.taskpull.peak_memory(definition, **wanted))
            rows.append(memory(f"peak memory: {name}", peaks, 20))
        return rows

    def size(self):
        size = self.binary.stat().st_size / MEGABYTE
        return [Row("size of the release binary", f"{size:.1f} MB", 1, "15 MB", size <= 15)]

    def count(self, definition, images, **wanted):
        """Count the requests of one run to AWS and to the engine, with these images not on the engine."""
        self.stage.forget(images)
        before_aws = counting.before_aws(self.stage.endpoint)
        before_engine = counting.before_engine(self.stage.socket, self.folder / "engine.sock")
        with before_aws as (endpoint, asked_aws), before_engine as (host, asked_engine):
            self.taskpull.time(definition, {"AWS_ENDPOINT_URL": endpoint, "DOCKER_HOST": host}, **wanted)
        return asked_aws, asked_engine


MEASUREMENTS = [
    Bench.warm,
    Bench.cold,
    Bench.many,
    Bench.memory,
    Bench.size,
    scale.fifty_tasks,
    scale.fifty_in_ecr,
    scale.wrong_password,
    containerd_store.warm_and_cold,
    containerd_store.wrong_logins,
    scale.ten_thousand,
    outage.three_seconds,
    pulls.one_large,
    pulls.ten_at_once,
    pulls.fifty_warm,
    growth.memory_growth,
    front_doors.docker_helper,
    agent_logins.agent_logins,
    agent.idle,
    agent.ready,
    agent.folder,
]
FAILURES = (
    runs.RunFailed,
    WorldFailed,
    registry.Refused,
    aws.AwsError,
    http.client.HTTPException,
    subprocess.SubprocessError,
    OSError,
)


def arguments():
    parser = argparse.ArgumentParser(prog="bench.py", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer runs")
    numbers = range(1, len(MEASUREMENTS) + 1)
    names = ", ".join(f"{n} {measurement.__name__}" for n, measurement in zip(numbers, MEASUREMENTS))
    parser.add_argument("--only", type=int, choices=numbers, metavar="N", help=f"one measurement: {names}")
    parser.add_argument("--binary", type=Path, default=ROOT / "target/release/taskpull", help="program to measure")
    return parser.parse_args()


def main():
    args = arguments()
    if not args.binary.is_file():
        raise NotReady(f"{args.binary} does not exist; run: cargo build --release --locked")
    begun = time.monotonic()
    rows = []
    with tempfile.TemporaryDirectory(prefix="taskpull-bench-") as folder:
        bench = Bench(args.binary.resolve(), args.quick, folder)
        for number, measure in enumerate(MEASUREMENTS, 1):
            if args.only in (None, number):
                print(f"bench: {number} of {len(MEASUREMENTS)}: {measure.__name__}", file=sys.stderr)
                rows += measure(bench)
        bench.stage.forget(bench.stage.images)
    print_table(rows)
    over = sum(not row.ok for row in rows)
    print(f"\n{over} over the limit" if over else "\nall within the limits", f"({time.monotonic() - begun:.0f} s)")


if __name__ == "__main__":
    try:
        main()
    except NotReady as error:
        print(f"bench: {error}", file=sys.stderr)
        sys.exit(2)
    except FAILURES as error:
        print(f"bench: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
