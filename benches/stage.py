"""The resources that the measurements use in the lab, created once and left unchanged afterwards.

The lab (lab/README.md) provides the engine, the registry and the AWS APIs. The benchmark adds
images under `bench/`, whose tags contain their size, and secrets `taskpull/bench-<name>`.
"""

import base64
import contextlib
import http.client
import json
import socket
import sys
import time
import urllib.parse
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "lab"))

import aws  # noqa: E402
import images  # noqa: E402
import registry  # noqa: E402

LAB = ROOT / "target" / "lab"
USER = "puller-one"
MEGABYTE = 1_000_000


class NotReady(Exception):
    """A program or a part of the lab that the measurements need is missing."""


def not_ready(why):
    return NotReady(f"the lab cannot be used: {why}\nrun: lab/up --private-engine")


class EngineConnection(http.client.HTTPConnection):
    """HTTP over the engine's Unix socket."""

    def __init__(self, path):
        super().__init__("engine", timeout=60)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Stage:
    def __init__(self, engine=None):
        """`engine` is the name of one of the lab's engines; without one, it is the engine of DOCKER_HOST."""
        try:
            lines = (LAB / "env").read_text().splitlines()
            seed = json.loads((LAB / "seed" / "seed.json").read_text(encoding="utf-8"))
        except OSError as error:
            raise not_ready(f"it does not run: {error.strerror}: {error.filename}") from None
        self.environment = dict(line.split("=", 1) for line in lines)
        if engine:
            engines = self.environment.get("TASKPULL_LAB_ENGINES", "").split(",")
            sockets = dict(entry.split("=", 1) for entry in engines if entry)
            if engine not in sockets:
                raise not_ready(f"it has no engine {engine}")
            self.environment["DOCKER_HOST"] = sockets[engine]
        if "DOCKER_HOST" not in self.environment:
            raise not_ready("it has no engine of its own")
        self.host = self.environment["DOCKER_HOST"]
        self.socket = self.host.removeprefix("unix://")
        self.endpoint = self.environment["AWS_ENDPOINT_URL"].removeprefix("http://")
        self.region = seed["aws"]["region"]
        self.registry = seed["registries"]["registry-one"]["address"]
        self.password = seed["registries"]["registry-one"]["users"][USER]
        self.emulator = aws.Emulator(self.endpoint)
        self.images = set()
        try:
            self.ask_engine("GET", "/_ping", {200})
            with self.registry_client() as client:
                client.call("GET", "/v2/", {200})
            self.account = self.emulator.account_of(self.environment["AWS_ACCESS_KEY_ID"])
        except (OSError, registry.Refused, aws.AwsError) as error:
            raise not_ready(f"a part does not answer: {error}") from None

    def registry_client(self):
        return registry.Registry(self.registry, USER, self.password)

    def ask_engine(self, method, path, wanted):
        with contextlib.closing(EngineConnection(self.socket)) as connection:
            connection.request(method, path)
            answer = connection.getresponse()
            text = answer.read().decode(errors="replace").strip()
        if answer.status not in wanted:
            raise OSError(f"the engine answers {method} {path}: HTTP {answer.status} {text}")
        return text

    def image(self, name, size, layers=1):
        """Return the reference of an image with `size` bytes of unique content in `layers` layers."""
        repository, tag = f"bench/{name}", f"{size}-bytes"
        with self.registry_client() as client:
            if client.digest_of(repository, tag) is None:
                images.push(client, repository, tag, layers, size)
        reference = f"{self.registry}/{repository}:{tag}"
        self.images.add(reference)
        return reference

    def layers(self, reference):
        """Return the paths of an image's layers in its registry."""
        repository, _, tag = reference.removeprefix(f"{self.registry}/").rpartition(":")
        with self.registry_client() as client:
            headers = client.headers | {"Accept": registry.MANIFESTS}
            client.connection.request("GET", f"/v2/{repository}/manifests/{tag}", headers=headers)
            manifest = json.loads(client.connection.getresponse().read())
        return [f"/v2/{repository}/blobs/{layer['digest']}" for layer in manifest["layers"]]

    def forget(self, references):
        """Remove images and their layers from the engine."""
        for reference in references:
            self.ask_engine("DELETE", f"/v1.41/images/{reference}?force=true", {200, 404})

    def forget_copies(self, reference):
        """Remove an image from the engine under every registry's address; one that remains would keep the layers."""
        path = "/" + reference.partition("/")[2]
        for image in json.loads(self.ask_engine("GET", "/v1.41/images/json", {200})):
            self.forget([tag for tag in image["RepoTags"] or [] if tag.endswith(path)])

    @staticmethod
    def login(password):
        """Return the content of a secret with a login."""
        return json.dumps({"username": USER, "password": password})

    def secret(self, name, password=None):
        """Return the ARN of a secret with the registry's credential, or with another password."""
        name = f"taskpull/bench-{name}"
        value = self.login(password or self.password)
        try:
            found = self.call_secrets("GetSecretValue", SecretId=name)
        except aws.AwsError as error:
            if error.code != "ResourceNotFoundException":
                raise
            return self.call_secrets("CreateSecret", Name=name, SecretString=value)["ARN"]
        if found.get("SecretString") != value:
            self.call_secrets("PutSecretValue", SecretId=name, SecretString=value)
        return found["ARN"]

    def call_secrets(self, action, **parameters):
        return self.emulator.secrets(self.account, self.region, action, **parameters)

    def auth_header(self, password=None):
        """Return the value of the header X-Registry-Auth, with the registry's password or another one."""
        login = {"username": USER, "password": password or self.password, "serveraddress": self.registry}
        return base64.urlsafe_b64encode(json.dumps(login).encode()).decode()

    def time_secret(self, arn):
        """Return the seconds of one GetSecretValue, from connecting to the last byte."""
        body = json.dumps({"SecretId": arn}).encode()
        headers = aws.scope("secretsmanager", self.region, self.environment["AWS_ACCESS_KEY_ID"]) | {
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": "secretsmanager.GetSecretValue",
        }
        begun = time.perf_counter()
        with contextlib.closing(http.client.HTTPConnection(self.endpoint, timeout=30)) as connection:
            connection.request("POST", "/", body, headers)
            answer = connection.getresponse()
            answer.read()
            seconds = time.perf_counter() - begun
        if answer.status != 200:
            raise OSError(f"GetSecretValue of {arn}: HTTP {answer.status}")
        return seconds


def create_url(reference):
    """Return the URL of the Engine call that pulls an image."""
    name, _, tag = reference.rpartition(":")
    return "http://engine/v1.41/images/create?" + urllib.parse.urlencode({"fromImage": name, "tag": tag})


def task(containers, role=None):
    """Return a task definition from pairs of image reference and secret ARN."""
    definition = {
        "family": "bench",
        "containerDefinitions": [
            {"name": f"container-{n}", "image": image, "repositoryCredentials": {"credentialsParameter": arn}}
            for n, (image, arn) in enumerate(containers)
        ],
    }
    return json.dumps(definition | ({"executionRoleArn": role} if role else {}))
