"""A chat channel's webhook, for tests of what a failed refresh posts."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Channel:
    """What was posted to the webhook, and the status with which it answers."""

    url: str = ""
    status: int = 200
    posted: list[dict] = field(default_factory=list)


@contextmanager
def channel() -> Iterator[Channel]:
    """A webhook on this machine whose address ends in a secret, as those of chat tools do."""
    heard = Channel()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response_only(heard.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    heard.url = f"http://127.0.0.1:{server.server_port}/hooks/the-secret"
    try:
        yield heard
    finally:
        server.shutdown()
        server.server_close()
