"""Compares pulls with bare Engine calls under the same concurrency limit, and with Docker Compose."""

from runs import Compose, alternate
from stage import MEGABYTE
from table import milliseconds, ratio, times

LARGE_BYTES, LARGE_LAYERS = 200 * MEGABYTE, 8
TEN, TEN_BYTES = 10, 8 * MEGABYTE
CONTAINERS, IMAGES = 500, 50


def one_large(bench):
    """The processor time shows a cost that the time of the disk would hide."""
    image = large_image(bench)
    definition = bench.write("large", [(image, bench.stage.secret(0))])
    takes = (
        lambda: bench.taskpull.time(definition, pulled=1),
        lambda: bench.bare.time([image], "Downloaded newer image"),
    )
    whole, bare = alternate(bench.rounds(10, 3), *(cold(bench, [image], take) for take in takes))
    usage = cold(bench, [image], lambda: bench.taskpull.usage(definition, pulled=1))
    usages = [usage() for _ in range(bench.rounds(3, 1))]
    return [
        *ratio("200 MB cold in 8 layers: taskpull / bare call", divided(whole, bare), 1.03),
        *times(("taskpull", whole), ("bare Engine call (curl)", bare)),
        milliseconds("  processor time", [usage.ru_utime + usage.ru_stime for usage in usages]),
    ]


def ten_at_once(bench):
    images = [bench.stage.image(f"ten-{n}", TEN_BYTES) for n in range(TEN)]
    definition = bench.write("ten", [(image, bench.stage.secret(0)) for image in images])
    compose = Compose(bench.stage, bench.folder)
    takes = (
        lambda: bench.taskpull.time(definition, pulled=TEN),
        lambda: bench.bare.time(images, "Downloaded newer image"),
        lambda: compose.time(images),
    )
    takes = [cold(bench, images, take) for take in takes]
    alternate(1, *takes)
    whole, bare, composed = alternate(bench.rounds(12, 4), *takes)
    return [
        *ratio(f"{TEN} cold 8 MB images: taskpull / bare calls", divided(whole, bare), 1.05),
        *ratio("  taskpull / docker compose pull", divided(whole, composed), 1.00),
        *times(
            ("taskpull", whole),
            (f"{TEN} bare Engine calls (curl)", bare),
            (f"docker compose {compose.version} pull", composed),
        ),
    ]


def fifty_warm(bench):
    """The bare calls need no secrets, so only taskpull's time includes reading secrets."""
    images = [bench.stage.image(f"many-{n}", 4_096) for n in range(IMAGES)]
    pairs = [(image, bench.stage.secret(0)) for image in images]
    definition = bench.write("fifty", [pairs[n % IMAGES] for n in range(CONTAINERS)])
    takes = (
        lambda: bench.taskpull.time(definition, up_to_date=CONTAINERS),
        lambda: bench.bare.time(images, "Image is up to date"),
    )
    bench.taskpull.time(definition, present=CONTAINERS)
    alternate(1, *takes)
    whole, bare = alternate(bench.rounds(20, 8), *takes)
    return [
        *ratio(f"{CONTAINERS} containers, {IMAGES} warm images: taskpull / bare", divided(whole, bare), 1.1),
        *times(("taskpull", whole), (f"{IMAGES} bare Engine calls (curl)", bare)),
    ]


def large_image(bench):
    return bench.stage.image("large", LARGE_BYTES, LARGE_LAYERS)


def cold(bench, images, take):
    """Return the take, preceded by removing these images from the engine."""

    def taken():
        bench.stage.forget(images)
        return take()

    return taken


def divided(whole, bare):
    return [w / b for w, b in zip(whole, bare)]
