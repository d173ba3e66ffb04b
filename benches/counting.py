"""Counting proxies: what is really asked of AWS, of the engine and of the registry; one of them
is out of order for a while.

A proxy takes one request a connection and closes it after the answer. That is slower than
the real way, so runs through a proxy are never timed.
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
    """Counts a request by the name its server has for it, and relays the answer byte for byte."""

    def relay(self):
        self.close_connection = True
        # Neither AWS calls nor pulls come with a chunked body.
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
            # Who hangs up on a pull has been counted all the same.
            with upstream.makefile("rb") as answer, contextlib.suppress(BrokenPipeError, ConnectionResetError):
                shutil.copyfileobj(answer, self.wfile)

    do_DELETE = do_GET = do_HEAD = do_POST = relay

    def log_message(self, *_):
        """Nothing: the count is the log."""


class Proxy(socketserver.ThreadingMixIn):
    """Listens on `address` before `upstream`; `name` tells what a request counts as."""

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
        """The status of a refusal, where the request is to get no further."""
        return None


class TcpProxy(Proxy, socketserver.TCPServer):
    pass


class Outage(TcpProxy):
    """A registry that is out of order, and gives nobody a manifest until `well_at`."""

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
    """An endpoint of its own before this one, and the AWS calls it has seen, by action."""
    host, port = endpoint.rsplit(":", 1)

    def action(request):
        return request.headers.get("X-Amz-Target", "of another service").rpartition(".")[2]

    proxy = TcpProxy(("127.0.0.1", 0), (host, int(port)), action)
    with serving(proxy):
        yield f"http://127.0.0.1:{proxy.server_address[1]}", proxy.counts


@contextlib.contextmanager
def before_registry(upstream):
    """An address of its own before this registry, and the requests it has seen: method and path.

    The engine first tries TLS, which is no request yet.
    """
    host, port = upstream.rsplit(":", 1)
    proxy = TcpProxy(("127.0.0.1", 0), (host, int(port)), lambda request: f"{request.command} {request.path}")
    with serving(proxy):
        yield f"127.0.0.1:{proxy.server_address[1]}", proxy.counts


@contextlib.contextmanager
def out_of_order(upstream):
    """This registry during an outage, at an address of its own."""
    host, port = upstream.rsplit(":", 1)
    proxy = Outage(("127.0.0.1", 0), (host, int(port)), lambda request: request.command)
    with serving(proxy):
        yield proxy, f"127.0.0.1:{proxy.server_address[1]}"


@contextlib.contextmanager
def before_engine(upstream, path):
    """A socket at `path` before the engine's, and the calls it has seen: `pull` or `other`."""

    def call(request):
        create = re.match(r"(/v[\d.]+)?/images/create\?", request.path)
        return "pull" if request.command == "POST" and create else "other"

    proxy = UnixProxy(str(path), upstream, call)
    with serving(proxy):
        yield f"unix://{path}", proxy.counts
    path.unlink()
