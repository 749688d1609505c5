"""Everything that goes wrong with real APIs, on demand: `POST /_simulator/faults` with shares per kind of fault.

Before a request is answered: rate_limit (429 storms), server_error (500), timeout, dropped (the connection breaks in
the middle of the body), expired_token. In what is answered: duplicated_pages, unordered_pages, new_field (schema drift
that must be accepted) and changed_type (schema drift that must be refused).
"""

import asyncio
import random
from dataclasses import dataclass, field
from types import ModuleType
from typing import TypeVar

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

T = TypeVar("T")
REQUEST_FAULTS = ("rate_limit", "server_error", "timeout", "dropped", "expired_token")
ANSWER_FAULTS = ("duplicated_pages", "unordered_pages", "new_field", "changed_type")


@dataclass
class Faults:
    """Shares per kind of fault, 0-1, for the vendors named (all if none); `answers` says how many were given."""

    shares: dict[str, float] = field(default_factory=dict)
    vendors: tuple[str, ...] = ()
    timeout_seconds: float = 3.0
    retry_after_seconds: int = 1
    seed: int = 7
    answers: dict[str, int] = field(default_factory=dict)
    _random: random.Random = field(default_factory=lambda: random.Random(7))

    def set(self, shares: dict[str, float], vendors: tuple[str, ...] = ()) -> None:
        """Replace the faults in force. Raises ValueError for an unknown kind or an impossible share."""
        unknown = set(shares) - {*REQUEST_FAULTS, *ANSWER_FAULTS}
        if unknown:
            raise ValueError(f"there is no fault {', '.join(sorted(unknown))}")
        impossible = sorted(kind for kind, share in shares.items() if not 0 <= share <= 1)
        if impossible:
            raise ValueError(f"the share of {', '.join(impossible)} must lie between 0 and 1")
        self.shares, self.vendors = shares, vendors
        self._random = random.Random(self.seed)
        self.answers.clear()

    def strikes(self, kind: str, vendor: str) -> bool:
        """Whether this fault hits now."""
        if self.vendors and vendor not in self.vendors:
            return False
        hit = self._random.random() < self.shares.get(kind, 0.0)
        self.answers[kind] = self.answers.get(kind, 0) + hit
        return hit

    def has(self, kind: str, vendor: str) -> bool:
        """Whether this fault is switched on for a vendor."""
        return self.shares.get(kind, 0.0) > 0 and (not self.vendors or vendor in self.vendors)

    def pages(self, vendor: str, rows: list[T], size: int) -> list[T]:
        """The rows of a listing in the order in which pages of `size` will give them.

        As they are, unless pages are to come twice or out of order; the same listing is always disturbed the same way.
        """
        chunks = [rows[start : start + size] for start in range(0, len(rows), size)]
        disorder = random.Random(self.seed)
        if self.has("unordered_pages", vendor):
            disorder.shuffle(chunks)
        if self.has("duplicated_pages", vendor):
            share = self.shares["duplicated_pages"]
            chunks = [again for chunk in chunks for again in [chunk] * (1 + (disorder.random() < share))]
        return [row for chunk in chunks for row in chunk]


class FaultMiddleware:
    """Lets the request faults strike, each in the words of the vendor whose path was asked for."""

    def __init__(self, app: ASGIApp, faults: Faults, mouths: dict[str, ModuleType]) -> None:
        self.app = app
        self.faults = faults
        self.mouths = mouths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        vendor = self._vendor(scope) if scope["type"] == "http" else None
        if vendor is None or not self.faults.shares:
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        for kind in ("rate_limit", "server_error", "expired_token"):
            if self.faults.strikes(kind, vendor):
                answer = self.mouths[vendor].error(kind, request, self.faults)
                if answer is not None:
                    await answer(scope, receive, send)
                    return
        if self.faults.strikes("timeout", vendor):
            await asyncio.sleep(self.faults.timeout_seconds)
        if self.faults.strikes("dropped", vendor):
            send = _breaking(send)
        await self.app(scope, receive, send)

    def _vendor(self, scope: Scope) -> str | None:
        path = scope["path"]
        return next((name for name, mouth in self.mouths.items() if path.startswith(mouth.PATHS)), None)


def _breaking(send: Send) -> Send:
    """Sends half of the body, then lets the connection break."""

    async def send_half(message: Message) -> None:
        if message["type"] == "http.response.body":
            body = message.get("body", b"")
            await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
            raise ConnectionAbortedError("dropped on purpose")
        await send(message)

    return send_half
