"""A registry under the names of ECR, ECR Public and four upstreams: TLS and authentication.

    ecr.py hosts                        prints the names
    ecr.py prepare LAB ADDRESS          makes certificates, and adds the names to the engines' /etc/hosts
    ecr.py serve LAB ADDRESS SOCKET     listens at the address, in front of the registry at the Unix socket

Every name has the same images. Authentication works as in each real registry: ECR accepts
tokens that the lab's AWS emulator has issued for its Region; the others accept a token of their
own token service, which requires a login (except that of ECR Public).

The file LAB/ecr/over/HOST expires tokens early: the host refuses tokens that were issued before
the time in the file, in nanoseconds. If the file is empty, the next request to the host writes
its own time into it. Creating an empty file therefore expires every token that has been issued
by then, and no later one.
"""

import base64
import binascii
import hmac
import http.client
import http.server
import re
import shutil
import ssl
import subprocess
import sys
import threading
import time
import urllib.parse
from pathlib import Path

import registry
import tokens

# The last two are for tests that expire tokens: one for each engine, because both are tested concurrently.
ACCOUNTS = ("111122223333", "444455556666", "222233334444", "333344445555")
ECR = re.compile(r"\d{12}\.dkr[.-]ecr(?:-fips)?\.([a-z0-9-]+)\.(?:amazonaws\.com|on\.aws)")
PUBLIC = "public.ecr.aws"

# Host -> realm and service of its challenge, and its user.
UPSTREAMS = {
    PUBLIC: ("https://public.ecr.aws/token/", PUBLIC, "AWS"),
    "registry-1.docker.io": ("https://auth.docker.io/token", "registry.docker.io", "my-docker-id"),
    "ghcr.io": ("https://ghcr.io/token", "ghcr.io", "my-github-name"),
    "myregistry.azurecr.io": (
        "https://myregistry.azurecr.io/oauth2/token", "myregistry.azurecr.io", "my-token-name",
    ),
    "registry.gitlab.com": ("https://gitlab.com/jwt/auth", "container_registry", "my-gitlab-name"),
}
# A registry without a token service.
PLAIN, PLAIN_USER = "registry.example.com", "my-name"


def hosts():
    """Yield every host name that the lab serves."""
    for account in ACCOUNTS:
        for region, kinds in {"us-east-1": ("ecr", "ecr-fips"), "eu-west-1": ("ecr",)}.items():
            for kind in kinds:
                yield f"{account}.dkr.{kind}.{region}.amazonaws.com"
                yield f"{account}.dkr-{kind}.{region}.on.aws"
    services = (urllib.parse.urlsplit(realm).hostname for realm, _, _ in UPSTREAMS.values())
    yield from sorted({*UPSTREAMS, *services, PLAIN})


# Certificates and names.


def prepare(lab, address):
    folder = Path(lab, "ecr")
    folder.mkdir(exist_ok=True)
    folder.joinpath("over").mkdir(exist_ok=True)
    new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "3650")

    def certificate(name, subject, *extensions):
        added = (word for extension in extensions for word in ("-addext", extension))
        out = ("-keyout", f"{name}-key.pem", "-out", f"{name}.pem")
        command = ("openssl", "req", "-x509", *new_key, "-subj", f"/CN={subject}", *added, *out)
        subprocess.run(command, cwd=folder, check=True, capture_output=True)

    # The engines read the CA once, when they first need it, so it must not change.
    if not folder.joinpath("ca.pem").exists():
        certificate("ca", "the lab of taskpull", "basicConstraints=critical,CA:TRUE")
    names = ",".join(f"DNS:{host}" for host in hosts())
    request = ("openssl", "req", *new_key[:-2], "-subj", "/CN=lab", "-keyout", "server-key.pem", "-out", "server.csr")
    sign = ("openssl", "x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca-key.pem", "-CAcreateserial")
    folder.joinpath("server.ext").write_text(f"subjectAltName={names}\nbasicConstraints=critical,CA:FALSE\n")
    sign += ("-days", "3650", "-extfile", "server.ext", "-out", "server.pem")
    for command in (request, sign):
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    file = Path(lab, "engine", "hosts")
    known = file.read_text().split()
    with file.open("a") as lines:
        lines.writelines(f"{address} {host}\n" for host in hosts() if host not in known)


# Authentication.


class Refused(Exception):
    """The error response that replaces the registry's response."""

    def __init__(self, status, code, message, challenge=None):
        super().__init__(message)
        self.status, self.challenge = status, challenge
        self.body = f'{{"errors":[{{"code":"{code}","message":"{message}"}}]}}\n'.encode()


def unauthorized(challenge=None):
    return Refused(401, "UNAUTHORIZED", "authentication required", challenge)


class Gate:
    """Decides which requests may pass to the registry."""

    def __init__(self, lab):
        self.key, self.over = tokens.key(lab), Path(lab, "ecr", "over")
        self.password = Path(lab, "seed", "upstream.password").read_text()
        self.lock = threading.Lock()

    def admit(self, host, scheme, given):
        """Return if the registry at this host accepts the credentials; raise Refused otherwise."""
        if ecr := ECR.fullmatch(host):
            if scheme != "basic":
                raise unauthorized(f'Basic realm="https://{host}/",service="ecr.amazonaws.com"')
            self.check_token(host, login(given), f"ecr {ecr[1]}", 403)
        elif host in UPSTREAMS:
            realm, service, _ = UPSTREAMS[host]
            token = tokens.read(self.key, given) if scheme == "bearer" else None
            if token is None or token["scope"] != f"bearer {service}":
                raise unauthorized(f'Bearer realm="{realm}",service="{service}"')
        elif host == PLAIN:
            if scheme != "basic" or not self.is_user(login(given), PLAIN_USER):
                raise unauthorized('Basic realm="registry"')
        else:
            raise Refused(404, "NAME_UNKNOWN", "no registry of that name")

    def bearer(self, host, path, scheme, given):
        """Return a token of the token service at this address, or None if there is no such service."""
        for realm, service, user in UPSTREAMS.values():
            if realm != f"https://{host}{path}":
                continue
            if service == PUBLIC:
                # Anonymous callers get a token too; only an expired token is refused.
                if scheme == "basic":
                    self.check_token(host, login(given), "ecr-public", 400)
            elif scheme != "basic" or not self.is_user(login(given), user):
                raise unauthorized()
            return tokens.issue(self.key, f"bearer {service}")[0]
        return None

    def check_token(self, host, given, scope, status):
        token = tokens.read(self.key, given[1]) if given[0] == "AWS" else None
        if token is None or token["scope"] != scope:
            raise Refused(status, "DENIED", "Your Authorization Token is invalid.")
        if token["ends"] <= time.time() or token["issued"] < self.over_at(host):
            raise Refused(status, "DENIED", "Your authorization token has expired. Reauthenticate and try again.")

    def over_at(self, host):
        """Return the time, in nanoseconds, such that this host refuses tokens issued before it."""
        file = self.over / host
        with self.lock:
            if not file.exists():
                return 0
            if not (text := file.read_text()):
                text = str(time.time_ns())
                file.write_text(text)
            return int(text)

    def is_user(self, given, user):
        return given[0] == user and hmac.compare_digest(given[1].encode(), self.password.encode())


def login(given):
    try:
        user, _, password = base64.b64decode(given, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return user, password


# The server.


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60

    def do_GET(self):
        host = self.headers.get("Host", "").partition(":")[0].lower()
        path = self.path.partition("?")[0]
        scheme, _, given = self.headers.get("Authorization", "").partition(" ")
        try:
            if token := self.server.gate.bearer(host, path, scheme.lower(), given):
                self.answer(200, f'{{"token":"{token}","expires_in":300}}'.encode())
                return
            self.server.gate.admit(host, scheme.lower(), given)
        except Refused as refused:
            self.answer(refused.status, refused.body, refused.challenge)
            return
        self.relay()

    do_HEAD = do_GET

    def answer(self, status, body, challenge=None):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
        if challenge:
            self.send_header("WWW-Authenticate", challenge)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def relay(self):
        store = registry.UnixConnection(self.server.store, self.timeout)
        # An engine sends one Accept header for each format that it supports.
        headers = {name: ", ".join(self.headers.get_all(name, ())) for name in ("Accept", "Range", "Host")}
        headers = {name: value for name, value in headers.items() if value}
        try:
            store.request(self.command, self.path, headers=headers)
            answer = store.getresponse()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("connection", "date", "server", "transfer-encoding"):
                    self.send_header(name, value)
            if answer.length is None:
                self.send_header("Connection", "close")
            self.end_headers()
            shutil.copyfileobj(answer, self.wfile)
        finally:
            store.close()

    def log_message(self, text, *values):
        print(self.headers.get("Host", "-") if hasattr(self, "headers") else "-", text % values, flush=True)


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128

    def __init__(self, lab, address, store):
        self.gate, self.store = Gate(lab), store
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(Path(lab, "ecr", "server.pem"), Path(lab, "ecr", "server-key.pem"))
        super().__init__(address, Handler)

    def finish_request(self, request, client_address):
        """Do the TLS handshake in the connection's own thread, so that a slow client does not block others."""
        request.settimeout(Handler.timeout)
        try:
            with self.context.wrap_socket(request, server_side=True) as secured:
                super().finish_request(secured, client_address)
        except OSError as error:
            print(f"- {error}", flush=True)


def main():
    match sys.argv[1:]:
        case ["hosts"]:
            print(*hosts(), sep="\n")
        case ["prepare", lab, address]:
            prepare(lab, address)
        case ["serve", lab, address, store]:
            Server(lab, (address, 443), store).serve_forever()
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
