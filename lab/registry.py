"""The calls of the registry HTTP API that a push needs, on one connection."""

import base64
import http.client
import socket

MANIFESTS = ", ".join(
    f"application/vnd.{name}+json"
    for name in (
        "docker.distribution.manifest.v2",
        "docker.distribution.manifest.list.v2",
        "oci.image.manifest.v1",
        "oci.image.index.v1",
    )
)


class Refused(Exception):
    """The registry returned an unexpected status."""


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Registry:
    """A client of the registry at `HOST:PORT`, or at the Unix socket with this path."""

    def __init__(self, address, user, password):
        connection = UnixConnection if address.startswith("/") else http.client.HTTPConnection
        self.connection = connection(address, timeout=60)
        token = base64.b64encode(f"{user}:{password}".encode()).decode()
        self.headers = {"Authorization": f"Basic {token}"}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def call(self, method, path, expected, body=None, headers=None):
        """Return the response's headers; raise Refused unless the status is one of the expected ones."""
        self.connection.request(method, path, body, self.headers | (headers or {}))
        response = self.connection.getresponse()
        text = response.read().decode(errors="replace").strip()
        if response.status not in expected:
            raise Refused(f"{method} {path.partition('?')[0]}: HTTP {response.status} {text}")
        return response.headers

    def digest_of(self, repository, reference):
        """Return the digest of a manifest, or None if the registry has none of that name."""
        path = f"/v2/{repository}/manifests/{reference}"
        return self.call("HEAD", path, {200, 404}, headers={"Accept": MANIFESTS}).get("Docker-Content-Digest")

    def put_blob(self, repository, digest, data):
        """Upload a blob unless the registry has it."""
        blob = f"/v2/{repository}/blobs/{digest}"
        if self.call("HEAD", blob, {200, 404}).get("Docker-Content-Digest"):
            return
        # The registry returns the upload URL, which can be absolute or relative, with or without a query.
        location = self.call("POST", f"/v2/{repository}/blobs/uploads/", {202})["Location"]
        path = location[location.index("/v2/") :]
        self.call(
            "PUT",
            f"{path}{'&' if '?' in path else '?'}digest={digest}",
            {201},
            data,
            {"Content-Type": "application/octet-stream"},
        )

    def put_manifest(self, repository, reference, media_type, data):
        self.call("PUT", f"/v2/{repository}/manifests/{reference}", {201}, data, {"Content-Type": media_type})
