"""Makes the lab's emulator available over TLS under AWS's own host names, for a program without a
setting for the endpoint. It is a proxy that answers in place of the requested host, with a
certificate of its own CA.
"""

import contextlib
import socket
import socketserver
import ssl
import subprocess
import threading


@contextlib.contextmanager
def aws_by_tls(endpoint, host, folder):
    """Yield the environment in which a program that connects to `host` reaches `endpoint`."""
    authority, chain = make_certificate(host, folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    address, _, port = endpoint.rpartition(":")

    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            if not self.rfile.readline().startswith(f"CONNECT {host}:443 ".encode()):
                return
            while self.rfile.readline().strip():
                pass
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            with contextlib.suppress(OSError), context.wrap_socket(self.connection, server_side=True) as client:
                with socket.create_connection((address, int(port))) as server:
                    back = threading.Thread(target=copy, args=(server, client), daemon=True)
                    back.start()
                    copy(client, server)
                    back.join()

    # A connection that an ended program has left open must not block the benchmark.
    socketserver.ThreadingTCPServer.daemon_threads = True
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        yield {"HTTPS_PROXY": f"http://127.0.0.1:{proxy.server_address[1]}", "SSL_CERT_FILE": str(authority)}
        proxy.shutdown()


def copy(source, sink):
    with contextlib.suppress(OSError):
        while some := source.recv(65_536):
            sink.sendall(some)
        sink.shutdown(socket.SHUT_WR)


def make_certificate(host, folder):
    """Return the paths of the CA certificate, and of the host's certificate with its key."""
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    make = ["openssl", "req", "-x509", *key]
    authority, chain, parts = folder / "authority.pem", folder / "chain.pem", folder / "host.pem"

    def run(*arguments):
        subprocess.run(arguments, cwd=folder, check=True, capture_output=True)

    trusted = ["-subj", "/CN=bench", "-addext", "basicConstraints=critical,CA:TRUE"]
    run(*make, *trusted, "-keyout", "authority.key", "-out", authority)
    named = ["-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}", "-addext", "basicConstraints=CA:FALSE"]
    run(*make, "-CA", authority, "-CAkey", "authority.key", *named, "-keyout", "host.key", "-out", parts)
    chain.write_text(parts.read_text() + (folder / "host.key").read_text())
    return authority, chain
