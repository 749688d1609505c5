"""A server that answers as told, for tests of what a client makes of odd answers."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# A body of JSON, a status with it, or these with headers.
Answer = dict | tuple[int, dict] | tuple[int, dict, dict]


@contextmanager
def answering(answer: Callable[[str, str], Answer]) -> Iterator[str]:
    """The address of a server that answers each method and path with its query as told."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            given = answer(self.command, self.path)
            status, body, *more = given if isinstance(given, tuple) else (200, given)
            content = json.dumps(body).encode()
            self.send_response_only(status)
            headers = {"Date": formatdate(usegmt=True), "Content-Type": "application/json"}
            for name, value in (headers | (more[0] if more else {})).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _answer

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
