"""Measures how memory grows with the number of concurrent pulls and with the size of the images.

The measurement that has a limit uses the tests' engine: it stops all pulls in the middle of their
layers, so all of them are active at the same time. A real engine would finish the first before
the last has started. Many concurrent pulls are needed because one pull takes less memory than
the difference between two runs of the same process.
"""

from pulls import LARGE_LAYERS, cold, large_image
from runs import RunFailed, alternate
from stage import task
from table import growth
from world import HOST_ACCOUNT, world

FEW, MANY = 8, 64
SMALL = {"layers": 1, "lines": 1}
# The number of messages that an engine sends for 200 MB in ten seconds.
LARGE = {"layers": LARGE_LAYERS, "lines": 100}


def memory_growth(bench):
    few, many, small = alternate(
        bench.rounds(8, 2),
        lambda: peak_under_way(bench, FEW, LARGE),
        lambda: peak_under_way(bench, MANY, LARGE),
        lambda: peak_under_way(bench, MANY, SMALL),
    )
    return [
        growth(f"memory per image: {MANY} concurrent pulls over {FEW}", few, many, MANY - FEW, 64),
        growth(f"  {MANY} concurrent pulls: 200 MB over 4 KB", small, many, MANY, 64),
        growth("  one pull from the lab: 200 MB over 4 KB", *lab_peaks(bench), 1),
    ]


def peak_under_way(bench, count, size):
    arn = f"arn:aws:secretsmanager:eu-west-1:{HOST_ACCOUNT}:secret:taskpull/bench-Ab12Cd"
    images = [f"registry.example/app-{n}:1.0" for n in range(count)]
    definition = bench.write("under-way", [(image, arn) for image in images])
    with world({arn: bench.stage.login("swordfish")}, hold=images, **size) as (environment, asked):
        limits = {"TASKPULL_CONCURRENCY": str(count), "TASKPULL_CONCURRENCY_PER_REGISTRY": str(count)}
        peak = bench.taskpull.peak_memory(definition, environment | limits, pulled=count)
    if asked["pull"] != count:
        raise RunFailed(f"taskpull pulled {asked['pull']} images instead of {count}")
    return peak


def lab_peaks(bench):
    """Return the peak memories for a small image and for a large one, both cold."""
    images = [bench.stage.image("small", 4_096), large_image(bench)]
    definitions = [bench.write(f"growth-{n}", [(image, bench.stage.secret(0))]) for n, image in enumerate(images)]
    takes = [
        cold(bench, [image], lambda definition=definition: bench.taskpull.peak_memory(definition, pulled=1))
        for image, definition in zip(images, definitions)
    ]
    return alternate(bench.rounds(5, 1), *takes)
