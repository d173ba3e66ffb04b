"""Proxies that count the requests to AWS, to the engine and to the registry. One of them simulates
an outage.

A proxy accepts one request per connection and closes it after the response. That is slower than
a direct connection, so runs through a proxy are never timed.
"""

import contextlib
import http.server
import math
import re
import shutil
import socket
import socketserver
import threading
import time
from collections import Counter
from http import HTTPStatus


class Relay(http.server.BaseHTTPRequestHandler):
    """Counts a request under the name that its server gives it, and relays the response unchanged."""

    def relay(self):
        self.close_connection = True
        # Neither AWS calls nor pulls have a chunked body.
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.count(self)
        if status := self.server.refusal(self):
            self.send_error(status)
            return
        del self.headers["Connection"]
        self.headers["Connection"] = "close"
        head = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        with self.server.dial() as upstream:
            upstream.sendall(f"{self.command} {self.path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body)
            # A client may close the connection during a pull; its request has been counted.
            with upstream.makefile("rb") as answer, contextlib.suppress(BrokenPipeError, ConnectionResetError):
                shutil.copyfileobj(answer, self.wfile)

    do_DELETE = do_GET = do_HEAD = do_POST = relay

    def log_message(self, *_):
        """Log nothing; the counts are enough."""


class Proxy(socketserver.ThreadingMixIn):
    """Listens on `address` in front of `upstream`; `name` returns the name under which a request counts."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address, upstream, name):
        self.upstream, self.name = upstream, name
        self.counts, self.lock = Counter(), threading.Lock()
        super().__init__(address, Relay)

    def dial(self):
        connection = socket.socket(self.address_family)
        connection.settimeout(120)
        connection.connect(self.upstream)
        return connection

    def count(self, request):
        with self.lock:
            self.counts[self.name(request)] += 1

    def refusal(self, _request):
        """Return the status of an error response if the proxy must not relay the request."""
        return None


class TcpProxy(Proxy, socketserver.TCPServer):
    pass


class Outage(TcpProxy):
    """A registry that returns errors for manifests until `well_at`."""

    well_at = math.inf

    def refusal(self, request):
        is_out = "/manifests/" in request.path and time.monotonic() < self.well_at
        return HTTPStatus.SERVICE_UNAVAILABLE if is_out else None


class UnixProxy(Proxy, socketserver.UnixStreamServer):
    pass


@contextlib.contextmanager
def serving(proxy):
    with proxy:
        thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield
        finally:
            proxy.shutdown()
            thread.join()


@contextlib.contextmanager
def before_aws(endpoint):
    """Yield an endpoint in front of this one, and the counts of its AWS calls by action."""
    host, port = endpoint.rsplit(":", 1)

    def action(request):
        return request.headers.get("X-Amz-Target", "other service").rpartition(".")[2]

    proxy = TcpProxy(("127.0.0.1", 0), (host, int(port)), action)
    with serving(proxy):
        yield f"http://127.0.0.1:{proxy.server_address[1]}", proxy.counts


@contextlib.contextmanager
def before_registry(upstream, name=lambda request: f"{request.command} {request.path}"):
    """Yield an address in front of this registry, and the counts of its requests by `name` (method and path).

    The engine first tries TLS, which does not count as a request.
    """
    host, port = upstream.rsplit(":", 1)
    proxy = TcpProxy(("127.0.0.1", 0), (host, int(port)), name)
    with serving(proxy):
        yield f"127.0.0.1:{proxy.server_address[1]}", proxy.counts


@contextlib.contextmanager
def out_of_order(upstream):
    """Yield a proxy that simulates an outage of this registry, and its address."""
    host, port = upstream.rsplit(":", 1)
    proxy = Outage(("127.0.0.1", 0), (host, int(port)), lambda request: request.command)
    with serving(proxy):
        yield proxy, f"127.0.0.1:{proxy.server_address[1]}"


@contextlib.contextmanager
def before_engine(upstream, path):
    """Yield a socket at `path` in front of the engine's, and the counts of its calls: `pull` or `other`."""

    def call(request):
        create = re.match(r"(/v[\d.]+)?/images/create\?", request.path)
        return "pull" if request.command == "POST" and create else "other"

    proxy = UnixProxy(str(path), upstream, call)
    with serving(proxy):
        yield f"unix://{path}", proxy.counts
    path.unlink()
