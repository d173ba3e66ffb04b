"""Measures many tasks, many secrets and a wrong password: calls, requests, memory, and some times.

Calls are counted at the receiver. Runs with counts are not timed, because a counting proxy
and the tests' AWS are slower or faster than the real services.
"""

import json

import counting
import runs
from stage import MEGABYTE, task
from table import Row, calls, listed, memory, milliseconds
from world import HOST_ACCOUNT, world

TASKS = 50
LAYERS = 3
ECR_IMAGES = 50

DEFINITIONS, CONTAINERS_EACH = 1_000, 10  # ECS allows no more in one definition
CONTAINERS = DEFINITIONS * CONTAINERS_EACH
SECRETS, ACCOUNTS = 200, 20
REGIONS = ("us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-southeast-2")


def fifty_tasks(bench):
    return [*one_secret(bench), *fifty_roles(bench)]


def one_secret(bench):
    """Fifty tasks with the same secret and the same image: each is read and pulled once."""
    image, arn = bench.stage.image("shared", 4_096), bench.stage.secret(0)
    folder = bench.write_folder("one-secret", [task([(image, arn)])] * TASKS)
    asked_aws, asked_engine = bench.count(folder, [image], pulled=TASKS)
    pulls = asked_engine["pull"]
    return [
        calls(f"{TASKS} tasks, 1 secret, 1 image: AWS calls", asked_aws, 1),
        Row("  pulls", str(pulls), 1, "1", pulls == 1),
    ]


def fifty_roles(bench):
    """Fifty roles for one secret and one image: each role is authorized, the layers are transferred once."""
    image = bench.stage.image("layers", 8 * MEGABYTE, LAYERS)
    arn = f"arn:aws:secretsmanager:eu-west-1:{HOST_ACCOUNT}:secret:taskpull/bench-Ab12Cd"
    roles = [f"arn:aws:iam::{HOST_ACCOUNT}:role/task-{n}" for n in range(TASKS)]
    in_world = world({arn: bench.stage.login(bench.stage.password)}, roles)
    before_registry = counting.before_registry(bench.stage.registry)
    with in_world as (environment, asked), before_registry as (address, requests):
        through = image.replace(bench.stage.registry, address)
        folder = bench.write_folder("fifty-roles", [task([(through, arn)], role) for role in roles])
        bench.stage.forget_copies(image)
        settings = environment | {"TASKPULL_EXECUTION_ROLE": "assume", "DOCKER_HOST": bench.stage.host}
        # The first pull transfers the image; the others find it on the engine.
        bench.taskpull.time(folder, settings, present=TASKS)
        bench.stage.forget_copies(image)
    decisions = {name: asked[name] for name in ("AssumeRole", "GetSecretValue")}
    each = [requests[f"GET {path}"] for path in bench.stage.layers(image)]
    return [
        Row(
            f"{TASKS} tasks, {TASKS} roles, 1 image: AWS calls",
            listed(decisions),
            1,
            f"{TASKS} each",
            set(decisions.values()) == {TASKS},
        ),
        Row(f"  transfers of each of its {LAYERS} layers", str(max(each)), 1, "1", set(each) == {1}),
    ]


def fifty_in_ecr(bench):
    """Images of five accounts in two Regions: a token belongs to its caller and is valid for one Region."""
    hosts = [f"{300_000_000_000 + n % 5}.dkr.ecr.{REGIONS[n % 2]}.amazonaws.com" for n in range(ECR_IMAGES)]
    containers = [{"name": f"app-{n}", "image": f"{host}/app-{n}:1.0"} for n, host in enumerate(hosts)]
    definition = bench.folder / "ecr.json"
    definition.write_text(json.dumps({"family": "bench", "containerDefinitions": containers}))
    with world({}) as (environment, asked):
        bench.taskpull.time(definition, environment, pulled=ECR_IMAGES)
    if asked.pop("pull") != ECR_IMAGES:
        raise runs.RunFailed("taskpull did not pull every image")
    return [calls(f"{ECR_IMAGES} ECR images, 5 accounts, 2 Regions: AWS calls", asked, 2)]


def wrong_password(bench):
    """The time is from taskpull's start to its end, and therefore includes more than the refusal."""
    image, arn = bench.stage.image("warm", 4_096), bench.stage.secret("wrong", "not the password")
    definition = bench.write("wrong", [(image, arn)])
    seconds = [bench.taskpull.time(definition, refused=1) for _ in range(bench.rounds(20, 5))]
    with counting.before_registry(bench.stage.registry) as (address, requests):
        through = bench.write("wrong-counted", [(image.replace(bench.stage.registry, address), arn)])
        asked, _ = bench.count(through, [], refused=1)
    return [
        milliseconds("wrong password: start to failure", seconds, 1_000, max),
        calls("  AWS calls", asked, 2),
        Row("  requests to the registry", str(requests.total()), 1, "4", 0 < requests.total() <= 4),
    ]


def ten_thousand(bench):
    """Containers with one image each, and secrets of twenty accounts that grant access to the host."""
    arns = [secret_arn(n) for n in range(SECRETS)]
    folder = bench.write_folder("ten-thousand", [ten_containers(n, arns) for n in range(DEFINITIONS)])
    plan = {"planned": CONTAINERS}
    bench.taskpull.time(folder, **plan)
    seconds = [bench.taskpull.time(folder, **plan) for _ in range(bench.rounds(40, 10))]
    usages = [bench.taskpull.usage(folder, **plan) for _ in range(bench.rounds(10, 3))]
    (singly, memory_singly), (batched, memory_batched) = (
        pull_ten_thousand(bench, folder, arns, batch) for batch in ("never", "try")
    )
    return [
        milliseconds("10,000 containers: planning (--dry-run)", seconds, 150),
        # The processor time does not depend on other load on the machine.
        milliseconds("  processor time", [usage.ru_utime + usage.ru_stime for usage in usages]),
        memory("  peak memory", [usage.ru_maxrss * 1024 for usage in usages], 60),
        calls(f"10,000 containers, {SECRETS} secrets: AWS calls", singly, SECRETS),
        calls('  with secrets.batch = "try"', batched, SECRETS // 10),
        memory("  peak memory of the pull", [memory_singly, memory_batched], 60),
    ]


def pull_ten_thousand(bench, folder, arns, batch):
    """Return the AWS calls of such a run, and its peak memory. No real engine would pull so many
    images in time, so this uses the tests' engine; the memory is that of taskpull alone.
    """
    with world(dict.fromkeys(arns, bench.stage.login("swordfish"))) as (environment, asked):
        settings = environment | {"TASKPULL_SECRETS_BATCH": batch}
        peak = bench.taskpull.peak_memory(folder, settings, pulled=CONTAINERS)
    if asked.pop("pull") != CONTAINERS:
        raise runs.RunFailed("taskpull did not pull every image")
    return asked, peak


def secret_arn(number):
    """Return an ARN. Consecutive secrets are in different Regions, and every account has secrets in each Region."""
    region, account = REGIONS[number % len(REGIONS)], 200_000_000_000 + number // len(REGIONS) % ACCOUNTS
    return f"arn:aws:secretsmanager:{region}:{account}:secret:bench-{number}-Ab12Cd"


def ten_containers(number, arns):
    numbers = range(number * CONTAINERS_EACH, (number + 1) * CONTAINERS_EACH)
    return task([(f"registry.example/app-{n}:1.0", arns[n % SECRETS]) for n in numbers])
