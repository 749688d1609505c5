"""python -m ingestion.simulator write | serve | forward | faults: a made-up company, as files and as a server."""

import argparse
import contextlib
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import requests

from ingestion.config import Settings
from ingestion.faults import Fault
from ingestion.simulator import truth
from ingestion.simulator.chronicle import chronicle, told
from ingestion.simulator.company import HISTORY_MONTHS
from ingestion.simulator.exported import write_export
from ingestion.simulator.filed import filed
from ingestion.simulator.mess import Mess
from ingestion.simulator.server.state import State
from ingestion.simulator.simulate import FEWEST_LEADS, live
from ingestion.simulator.systems import Setup
from ingestion.simulator.write import write_entity

PORT = 8600
DAYS_AHEAD = 60.0


def main() -> int:
    """Run one command; return its exit code. Faults are printed as one line, never as a traceback."""
    given = parser().parse_args()
    try:
        return given.run(given) or 0
    except Fault as fault:
        print(f"✗ {fault}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def parser() -> argparse.ArgumentParser:
    commands = argparse.ArgumentParser(prog="python -m ingestion.simulator", description=__doc__)
    command = commands.add_subparsers(required=True, metavar="write | serve | forward | faults")

    write = command.add_parser("write", help=f"write {HISTORY_MONTHS} months of the company, a parquet file per entity")
    write.set_defaults(run=write_files)
    add_company(write)
    write.add_argument(
        "--as-of",
        type=moment,
        help="where the files end, such as 2026-11-01T00:00:00Z (default: --now, else the clock)",
    )
    write.add_argument("--out", type=Path, help="folder for the files; it is made if need be")
    write.add_argument("--analytics-export", type=Path, help="folder for the visits as Google Analytics exports them")
    write.add_argument("--truth", type=Path, help="folder for what is true, which the warehouse must never read")
    write.add_argument(
        "--only-files", action="store_true", help="only what no CRM and no e-mail tool records, beside a server"
    )

    serve = command.add_parser("serve", help="let the company speak the APIs of the vendors' systems that it uses")
    serve.set_defaults(run=run_server)
    add_company(serve)
    serve.add_argument("--port", type=int, default=PORT, help=f"on this machine (default: {PORT})")
    serve.add_argument(
        "command", nargs="*", metavar="-- command", help="run a command against the server, on any free port, then stop"
    )

    forward = command.add_parser("forward", help="move a running server on in time")
    forward.set_defaults(run=move_forward)
    forward.add_argument("--days", type=float, default=1.0, help="how many (default: 1)")
    forward.add_argument("--port", type=int, default=PORT)

    faults = command.add_parser("faults", help="let a running server's APIs fail; without any, let them work again")
    faults.set_defaults(run=set_faults)
    faults.add_argument("shares", nargs="*", metavar="fault=share", help="such as rate_limit=0.2 server_error=0.1")
    faults.add_argument("--vendors", type=words, default=[], help="only those, separated by commas (default: all)")
    faults.add_argument("--port", type=int, default=PORT)
    return commands


def add_company(command: argparse.ArgumentParser) -> None:
    """What decides which company it is: the same arguments, the same story, in files and from the server."""
    command.add_argument("--leads", type=lead_count, default=5000, help="how many people (default: 5000)")
    command.add_argument("--seed", type=int, default=7, help="the same seed gives the same company (default: 7)")
    command.add_argument(
        "--now", type=moment, help="the moment at which the server starts (default: last midnight, UTC)"
    )
    command.add_argument(
        "--days-ahead", type=float, default=DAYS_AHEAD, help=f"how far the story goes on (default: {DAYS_AHEAD:.0f})"
    )
    command.add_argument(
        "--setup", type=Setup, choices=list(Setup), default=Setup.SPLIT, help="which CRM serves which market"
    )
    command.add_argument(
        "--without", type=words, default=[], metavar="MESS", help=f"no {', '.join(Mess.kinds())}; separated by commas"
    )


def write_files(given: argparse.Namespace) -> None:
    """Write the files, and say per entity how many rows it has; the truth goes to a folder of its own."""
    if given.out is None and given.truth is None and given.analytics_export is None:
        raise Fault("Say with --out where the files are to go.")
    if given.out and given.truth and given.truth.resolve().is_relative_to(given.out.resolve()):
        raise Fault("--truth must lie outside of --out, which the warehouse reads.")
    now = given.now or given.as_of or midnight()
    untidy = mess(given)
    if given.only_files:
        as_of = given.as_of or now
        story = chronicle(given.leads, given.seed, now, given.days_ahead, untidy)
        if as_of > story.until:
            raise Fault(f"--as-of lies beyond the story, which ends at {story.until:%Y-%m-%d %H:%M}; see --days-ahead.")
        written = filed(story, given.setup, as_of)
    else:
        as_of = given.as_of or given.now or clock()
        life = live(given.leads, given.seed, as_of, untidy)
        # In files every record stands once and for ever.
        story = told(life, given.seed, as_of, Mess.none())
        written = life.entities
    if given.out:
        given.out.mkdir(parents=True, exist_ok=True)
        for name, rows in written.items():
            path = write_entity(name, rows, given.out)
            print(f"{len(rows):>9,}  {path}", file=sys.stderr)
    if given.analytics_export:
        days = write_export(story, given.setup if given.only_files else None, as_of, given.analytics_export)
        print(f"{len(days):>9,}  days in {given.analytics_export}", file=sys.stderr)
    if given.truth:
        names = ("leads", "seed", "setup", "days_ahead", "only_files", "without")
        arguments = {name: getattr(given, name) for name in names} | {"now": str(now), "as_of": str(as_of)}
        truth.write(story, given.setup, untidy, arguments, given.truth)
        print(f"    truth  {given.truth}", file=sys.stderr)


def run_server(given: argparse.Namespace) -> int:
    """Serve until interrupted; one line says where, and what to set, as soon as questions are answered.

    With a command, serve as long as it runs, with those settings, and return its exit code.
    """
    from ingestion.simulator.server import serve
    from ingestion.simulator.server.connection import environment

    if given.command:
        state = state_of(given)
        with serve.running(state) as address:
            variables = dict(Settings.from_environment().environment) | environment(address, state)
            return subprocess.run(given.command, env=variables, check=False).returncode
    with contextlib.closing(serve.listening(given.port)) as listener:
        state = state_of(given)
        address = f"http://{serve.HOST}:{given.port}"
        print(f"{address} {' '.join(f'{name}={value}' for name, value in environment(address, state).items())}")
        sys.stdout.flush()
        serve.run(state, listener)
    return 0


def state_of(given: argparse.Namespace) -> State:
    now = given.now or midnight()
    return State(chronicle(given.leads, given.seed, now, given.days_ahead, mess(given)), now, given.setup)


def move_forward(given: argparse.Namespace) -> None:
    print(ordered(given.port, "forward", params={"days": given.days})["now"])


def set_faults(given: argparse.Namespace) -> None:
    shares = dict(share(text) for text in given.shares)
    answer = ordered(given.port, "faults", json=shares | {"vendors": given.vendors})
    print(", ".join(f"{kind}={number:g}" for kind, number in answer["faults"].items()) or "no faults")


def ordered(port: int, order: str, **details: object) -> dict:
    """Give a running server an order. Raises Fault where there is none, or where it refuses."""
    try:
        answer = requests.post(f"http://127.0.0.1:{port}/_simulator/{order}", timeout=60, **details)
    except requests.ConnectionError:
        raise Fault(f"No server runs on port {port}; start one with `python -m ingestion.simulator serve`.") from None
    if answer.status_code == 400:
        raise Fault(f"{answer.json()['message'][:1].upper()}{answer.json()['message'][1:]}.")
    if not answer.ok:
        raise Fault(f"What runs on port {port} is not this simulator (it answers {answer.status_code}).")
    return answer.json()


def mess(given: argparse.Namespace) -> Mess:
    try:
        return Mess().without(*given.without)
    except ValueError as error:
        raise Fault(f"--without: {error}.") from None


def clock() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0)


def midnight() -> datetime:
    """The last one: a server and files that are made on the same day tell the same story."""
    return clock().replace(hour=0, minute=0, second=0)


def lead_count(text: str) -> int:
    count = int(text)
    if count < FEWEST_LEADS:
        raise argparse.ArgumentTypeError(f"a company needs at least {FEWEST_LEADS} leads")
    return count


def moment(text: str) -> datetime:
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is no moment such as 2026-11-01T00:00:00Z") from None
    return given if given.tzinfo is None else given.astimezone(UTC).replace(tzinfo=None)


def words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def share(text: str) -> tuple[str, float]:
    kind, _, number = text.partition("=")
    try:
        return kind, float(number)
    except ValueError:
        raise Fault(f"'{text}' is no fault with its share, such as rate_limit=0.2.") from None


if __name__ == "__main__":
    sys.exit(main())
