"""Repeats the first measurements on an engine with the containerd store, and counts wrong logins on both stores.

Each engine is compared with bare calls on itself. The engine with the containerd store is
Docker 26 from Debian 13, which the lab always has.
"""

import counting
from table import Row, prefixed

ENGINE = "docker-trixie-containerd"
WRONG = "not the password"
# The limit of requests is that of scale.wrong_password.
REQUESTS, WRONG_LOGINS = 4, 2


def warm_and_cold(bench):
    other = bench.on_engine(ENGINE)
    rows = [*other.warm(), *other.cold()]
    other.stage.forget(other.stage.images)
    return prefixed("containerd store, ", rows)


def wrong_logins(bench):
    """The engine, not taskpull, decides how often it sends a login; a bare call shows how often that is."""
    rows = []
    for store, on_store in (("graph driver", bench), ("containerd store", bench.on_engine(ENGINE))):
        (requests, wrong), (bare_requests, bare_wrong) = counts(on_store)
        rows += [
            Row(f"{store}, wrong password: requests to the registry", str(requests), 1, str(REQUESTS), requests <= REQUESTS),
            Row("  wrong logins among them", str(wrong), 1, str(WRONG_LOGINS), 0 < wrong <= WRONG_LOGINS),
            Row("  bare Engine call (curl)", f"{bare_requests}, {bare_wrong} wrong logins", 1),
        ]
    return rows


def counts(bench):
    """Return the requests and the wrong logins that a registry receives from one taskpull and from one bare call."""
    image, arn = bench.stage.image("warm", 4_096), bench.stage.secret("wrong", WRONG)

    def counted(run):
        def kind(request):
            return "wrong login" if request.headers.get("Authorization") else "other"

        with counting.before_registry(bench.stage.registry, kind) as (address, requests):
            run(image.replace(bench.stage.registry, address))
        return requests.total(), requests["wrong login"]

    def with_taskpull(reference):
        bench.taskpull.time(bench.write("wrong-logins", [(reference, arn)]), refused=1)

    return counted(with_taskpull), counted(lambda reference: bench.bare.refused(reference, WRONG))
