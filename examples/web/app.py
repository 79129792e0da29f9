"""Serves one page on port 80."""

import signal
import socket
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAGE = """<!doctype html>
<title>Gantry</title>
<p>Hello from container {name}.</p>
"""


class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        body = PAGE.format(name=socket.gethostname()).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


# The first process of a container has no default action for signals.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
ThreadingHTTPServer(("", 80), Page).serve_forever()
