"""What the fuzzer lacks: the way to a Unix socket, texts that mean something, how submissions
are made, and what lines of JSON are held to.

All its requests go to the socket, for the host `localhost`, as the document has it.
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


def meant(key, value):
    """With some of the texts made such as mean something in the test's world: chance does not
    come upon the grammar of images and ARNs, and no schema has it. What makes a body wrong is
    left in it: it is no text, or an empty one, or a very long one. `.example` leads nowhere.
    """
    if isinstance(value, dict):
        return {name: meant(name, item) for name, item in value.items()}
    if isinstance(value, list):
        return [meant(key, item) for item in value]
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
    """Every other submission wants to hear how it goes: `Accept` is no parameter in OpenAPI. A
    key is used once: `0`, which the fuzzer fills in where it tries another part, would be refused.
    """
    case.body = meant(None, case.body)
    if case.operation.label == "POST /v1/pulls":
        number = next(SUBMISSIONS)
        if number % 2:
            case.headers["Accept"] = LINES
        if case.headers.get("Idempotency-Key") == "0":
            case.headers["Idempotency-Key"] = f"key-{number}"


@schemathesis.check
def lines_conformance(context, response, case):
    """Each line is of the schema that the document has for all of them; the last is the report."""
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
