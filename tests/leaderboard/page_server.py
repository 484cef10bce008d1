"""The pages on a real port, with the board's security headers and nothing else: for browsers in tests."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

from medsins.leaderboard.interface import Store
from medsins.leaderboard.pages import Form, answer, static_files

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@contextmanager
def serve(store: Store, form: Form | None = None) -> Iterator[str]:
    """Serve the pages of a store; gives the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            at = urlsplit(self.path)
            path = unquote(at.path)
            if path.startswith("/static/"):
                status, media, body = 200, *static_files()[path.removeprefix("/static/")]
            else:
                found = answer(store, path, parse_qs(at.query), form=form)
                status, media, body = found.status, found.media_type, found.body
            self.send_response(status)
            self.send_header("Content-Type", media)
            self.send_header("Content-Security-Policy", POLICY)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
