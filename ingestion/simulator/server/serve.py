"""Run the server: `python -m ingestion.simulator serve`, or in a thread of a test."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import uvicorn

from ingestion.faults import Fault
from ingestion.simulator.server import app
from ingestion.simulator.server.state import State

HOST = "127.0.0.1"


def listening(port: int) -> socket.socket:
    """Take a port of this machine, before the long work of making up a company. Raises Fault where it is taken."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise Fault(f"Port {port} cannot be used ({error.strerror}); name another one with --port.") from None
    return listener


def run(state: State, listener: socket.socket) -> None:
    """Serve until interrupted."""
    config = uvicorn.Config(app(state), log_level="warning", access_log=False, lifespan="off", date_header=False)
    uvicorn.Server(config).run(sockets=[listener])


@contextlib.contextmanager
def running(state: State) -> Iterator[str]:
    """Serve in a thread of this process; gives the base address."""
    listener = socket.socket()
    listener.bind((HOST, 0))
    config = uvicorn.Config(app(state), log_level="critical", access_log=False, lifespan="off", date_header=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://{HOST}:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
