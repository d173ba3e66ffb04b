"""Measures the time from the end of a registry's outage to a successful pull."""

import time
from concurrent.futures import ThreadPoolExecutor

import counting
import runs
from stage import task
from table import Row, milliseconds

SECONDS = 3
# The number of concurrent runs, each with its own registry. They wait most of the time.
AT_ONCE = 5


def three_seconds(bench):
    """For three seconds from the start of taskpull, every manifest request is answered with HTTP 503."""
    image, arn = bench.stage.image("outage", 4_096), bench.stage.secret(0)
    with ThreadPoolExecutor(AT_ONCE) as threads:
        rounds = [
            list(threads.map(lambda n: one_run(bench, image, arn, f"outage-{number}-{n}"), range(AT_ONCE)))
            for number in range(bench.rounds(4, 1))
        ]
    late, attempts, requests = zip(*(run for one_round in rounds for run in one_round))
    return [
        milliseconds(f"registry down for {SECONDS} s: time from its end to success", late, 2_000, max),
        Row("  attempts", runs.spread(attempts, "{:.0f}"), len(attempts)),
        Row("  requests to the registry", runs.spread(requests, "{:.0f}"), len(requests)),
    ]


def one_run(bench, image, arn, name):
    """Return the seconds from the end of the outage to that of taskpull, the attempts and the registry's requests."""
    folder = bench.folder / name
    folder.mkdir()
    taskpull = runs.Taskpull(bench.binary, bench.stage, folder)
    with counting.out_of_order(bench.stage.registry) as (registry, address):
        through = image.replace(bench.stage.registry, address)
        definition = folder / "task.json"
        definition.write_text(task([(through, arn)]))
        registry.well_at = time.monotonic() + SECONDS
        seconds = taskpull.time(definition, present=1)
        requests = registry.counts.total()
    bench.stage.forget([through])
    [attempts] = taskpull.attempts()
    if attempts < 2:
        raise runs.RunFailed("taskpull made only one attempt, so it did not see the outage")
    return seconds - SECONDS, attempts, requests
