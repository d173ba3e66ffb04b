"""Extensions of the fuzzer: a Unix socket as transport, meaningful texts, the headers of submissions,
and a check of responses that consist of lines of JSON.

All requests go to the socket with the host `localhost`, as the OpenAPI document says.
"""

import itertools
import json
import os
import socket
import zlib

import jsonschema_rs
import schemathesis
from urllib3 import HTTPConnectionPool
from urllib3.connection import HTTPConnection

LINES = "application/x-ndjson"
SUBMISSIONS = itertools.count()


class Connection(HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(os.environ["FUZZED_SOCKET"])


HTTPConnectionPool.ConnectionCls = Connection


REGISTRY = "registry.example:5000"
ECR = "111122223333.dkr.ecr.eu-west-1.amazonaws.com"
SECRET = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod/hub-Ab12Cd"


def with_meaning(key, value):
    """Returns the value with some texts replaced by images, registries and ARNs of the test's world.

    Random texts do not match the grammar of images and ARNs, and no schema expresses it. Values that
    make a body invalid stay: those of another type, empty texts and very long ones. Hosts that end in
    `.example` do not exist.
    """
    if isinstance(value, dict):
        return {name: with_meaning(name, item) for name, item in value.items()}
    if isinstance(value, list):
        return [with_meaning(key, item) for item in value]
    if not isinstance(value, str) or not 0 < len(value) <= 64:
        return value
    number = zlib.crc32(value.encode())
    other = f"{number % 97}.example/{number % 89}"
    choices = {
        "image": [
            f"{REGISTRY}/team/app:v1",
            f"{REGISTRY}/team/gone:v1",
            f"{ECR}/team/app:v1",
            f"{other}:{number}",
            f"{other}@sha256:{number:064x}",
        ],
        "registry": [REGISTRY, ECR, f"https://{other}/v2/"],
        "credentialsParameter": [SECRET, SECRET, f"prod/{number}"],
        "executionRoleArn": ["arn:aws:iam::111122223333:role/tasks/web", ""],
        "cpuArchitecture": ["X86_64", "ARM64"],
        "operatingSystemFamily": ["LINUX", "WINDOWS_SERVER_2022_CORE"],
    }.get(key, [])
    return [*choices, value][number % (len(choices) + 1)]


@schemathesis.hook
def before_call(context, case, kwargs):
    """Makes bodies meaningful and adjusts the headers of submissions.

    Every other submission asks for events, because OpenAPI cannot describe `Accept` as a parameter.
    The fuzzer fills in the idempotency key `0` while it varies another part of the request; a unique
    key replaces it, because the agent rejects a key that belongs to another definition.
    """
    case.body = with_meaning(None, case.body)
    if case.operation.label == "POST /v1/pulls":
        number = next(SUBMISSIONS)
        if number % 2:
            case.headers["Accept"] = LINES
        if case.headers.get("Idempotency-Key") == "0":
            case.headers["Idempotency-Key"] = f"key-{number}"


@schemathesis.check
def lines_conformance(context, response, case):
    """Checks that each line matches the document's schema `Event` and that the last one is the report."""
    if response.headers.get("content-type") != [LINES]:
        return
    document = case.operation.schema.raw_schema
    event = jsonschema_rs.validator_for(
        {"$ref": "#/components/schemas/Event", "components": document["components"]}
    )
    lines = [json.loads(line) for line in response.content.splitlines()]
    for line in lines:
        event.validate(line)
    assert lines and lines[-1]["event"] == "report", lines
