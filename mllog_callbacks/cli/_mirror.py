"""`mllog mirror`: entries sent to an OpenTelemetry receiver as they are written."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click

from mllog_callbacks.cli._objects import json_option, print_object
from mllog_callbacks.cli._output import say

__all__ = ["mirror"]

_LONGEST_S = 30.0  # the pause after failures


@click.command
@click.argument("directory", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--endpoint", help="The receiver, as in http://localhost:4318/v1/logs.")
@click.option("--once", is_flag=True, help="Send what is there, and end.")
@click.option("--every", type=float, default=1.0, show_default=True, help="Seconds between looks.")
@click.option(
    "--give-up-after",
    type=float,
    default=600.0,
    show_default=True,
    help="Seconds without success after which entries are dropped and counted.",
)
@click.option(
    "--state",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Keeps how far was sent, for a mirror that is started again.",
)
@json_option(words="At the end, print one JSON object that counts what was sent.")
@click.pass_context
def mirror(
    ctx: click.Context,
    directory: Path,
    *,
    endpoint: str | None,
    once: bool,
    every: float,
    give_up_after: float,
    state: Path | None,
    as_json: bool,
) -> None:
    """Follow the logs in DIRECTORY and send each entry by OTLP over HTTP, until interrupted.

    The body of a record is the entry's line; session, sequence (its place in the session, from
    0), rank and parent are attributes. Without --endpoint, OpenTelemetry's own variables say
    where to (OTEL_EXPORTER_OTLP_LOGS_ENDPOINT), and how. The logs are only read: whatever
    befalls the receiver reaches no training.

    With --json the end is {"sent", "dropped", "complete"}: entries of this mirror, and whether
    all that was there has arrived.

    Exits with 0 where all was sent, with 1 where entries were dropped or are not sent yet.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http._log_exporter import (  # noqa: PLC0415 - extra
            OTLPLogExporter,
        )

        from mllog_callbacks.shipping import Mirror  # noqa: PLC0415 - of the extra `otlp`
    except ImportError:
        say('a mirror needs: pip install "mllog-callbacks[otlp]"', err=True)
        ctx.exit(3)
    exporter = OTLPLogExporter(endpoint=endpoint)
    sender = Mirror(directory, exporter, give_up_s=give_up_after, state=state)
    pause = every
    with _ended_by_signals() as ended:
        while not (complete := sender.send_new()) or not once:
            pause = every if complete else min(_LONGEST_S, pause * 2)
            if ended.wait(pause):
                complete = sender.send_new()
                break
    if as_json:
        print_object(
            {"sent": sender.stats.sent, "dropped": sender.stats.dropped, "complete": complete}
        )
    say(f"{sender.stats.sent:,} sent, {sender.stats.dropped:,} dropped", err=True)
    ctx.exit(0 if complete and not sender.stats.dropped else 1)


@contextmanager
def _ended_by_signals() -> Iterator[threading.Event]:
    """Set by an interrupt or SIGTERM, which have their handlers again after it."""
    ended = threading.Event()

    def end(_: int, __: FrameType | None) -> None:
        ended.set()

    before = {}
    if threading.current_thread() is threading.main_thread():
        before = {each: signal.signal(each, end) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield ended
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
