"""What memory grows with: how many images are under way, and their size.

What is judged is held by the tests' own engine: all images are under way at the same time, in
the midst of their layers, where a real engine would be done with the first before it has heard
of the last. Many of them at once tell what one image takes, which is less than the memory of
one process differs from that of the next.
"""

from pulls import LARGE_LAYERS, cold, large_image
from runs import RunFailed, alternate
from stage import task
from table import growth
from world import HOST_ACCOUNT, world

FEW, MANY = 8, 64
SMALL = {"layers": 1, "lines": 1}
# As much as an engine says of 200 MB in ten seconds.
LARGE = {"layers": LARGE_LAYERS, "lines": 100}


def memory_growth(bench):
    few, many, small = alternate(
        bench.rounds(8, 2),
        lambda: peak_under_way(bench, FEW, LARGE),
        lambda: peak_under_way(bench, MANY, LARGE),
        lambda: peak_under_way(bench, MANY, SMALL),
    )
    return [
        growth(f"memory for an image: {MANY} under way over {FEW}", few, many, MANY - FEW, 64),
        growth(f"  {MANY} of 200 MB under way over {MANY} of 4 KB", small, many, MANY, 64),
        growth("  one of 200 MB over one of 4 KB, of the lab", *of_the_lab(bench), 1),
    ]


def peak_under_way(bench, count, size):
    arn = f"arn:aws:secretsmanager:eu-west-1:{HOST_ACCOUNT}:secret:taskpull/bench-Ab12Cd"
    images = [f"registry.example/app-{n}:1.0" for n in range(count)]
    definition = bench.write("under-way", [(image, arn) for image in images])
    with world({arn: bench.stage.login("swordfish")}, hold=images, **size) as (environment, asked):
        limits = {"TASKPULL_CONCURRENCY": str(count), "TASKPULL_CONCURRENCY_PER_REGISTRY": str(count)}
        peak = bench.taskpull.peak_memory(definition, environment | limits, pulled=count)
    if asked["pull"] != count:
        raise RunFailed(f"taskpull asked the engine for {asked['pull']} images, and there are {count}")
    return peak


def of_the_lab(bench):
    """Peaks of a small image and of a large one, both cold."""
    images = [bench.stage.image("small", 4_096), large_image(bench)]
    definitions = [bench.write(f"growth-{n}", [(image, bench.stage.secret(0))]) for n, image in enumerate(images)]
    takes = [
        cold(bench, [image], lambda definition=definition: bench.taskpull.peak_memory(definition, pulled=1))
        for image, definition in zip(images, definitions)
    ]
    return alternate(bench.rounds(5, 1), *takes)
