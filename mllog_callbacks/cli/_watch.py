"""`mllog watch`: being notified of issues and failed trainings while they can be fixed."""

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import click

from mllog_callbacks.cli._notices import SEVERITIES, Notices
from mllog_callbacks.cli._output import say
from mllog_callbacks.cli._paths import UNREADABLE, given_or_default

if TYPE_CHECKING:
    from mllog_callbacks.cli._notices import Message

__all__ = ["watch"]

_POLL_S: Final = 1.0
_USAGE: Final = 2


@click.command
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option(
    "--notify",
    "urls",
    multiple=True,
    required=True,
    metavar="URL",
    help="Where to send to, as Apprise names it; may be given several times.",
)
@click.option(
    "--severity",
    type=click.Choice(SEVERITIES),
    default="warning",
    show_default=True,
    help="Least severity of the issues that are sent.",
)
@click.option(
    "--cooldown",
    type=click.FloatRange(0),
    default=600.0,
    show_default=True,
    metavar="SECONDS",
    help="Least time between two messages; what comes meanwhile is sent together.",
)
@click.option("--all", "from_start", is_flag=True, help="Begin with what is in the logs already.")
@click.pass_context
def watch(
    ctx: click.Context,
    paths: tuple[str, ...],
    *,
    urls: tuple[str, ...],
    severity: str,
    cooldown: float,
    from_start: bool,
) -> None:
    """Send a message when an issue opens, or a training fails, until it is interrupted.

    PATH is a file, a folder or a glob; default MLLOG_DIR, or logs. Each issue is sent once. URL is
    one of Apprise, such as mailto://user:password@example.com, slack://... or
    json://host/path for a webhook (https://github.com/caronc/apprise/wiki). What could not be sent
    is said on stderr, and sent with the next message.

    Exits with 2 where a URL is none of Apprise, and with 3 where Apprise is not installed.
    """
    try:
        import apprise  # noqa: PLC0415 - of the extra `notify`
    except ImportError:
        say('notifications need: pip install "mllog-callbacks[notify]"', err=True)
        ctx.exit(UNREADABLE)
    sender = apprise.Apprise()
    for url in urls:
        if not sender.add(url):
            say("a URL given with --notify is none of Apprise", err=True)  # it may hold a password
            ctx.exit(_USAGE)

    def send(message: "Message") -> bool:
        return bool(sender.notify(title=message.title, body=message.body))

    from mllog_callbacks.reading import Followed  # noqa: PLC0415 - loads pydantic: slow

    followed, notices = Followed(given_or_default(paths)), Notices(severity, cooldown)
    if not from_start:
        followed.skip_to_end()
    with suppress(KeyboardInterrupt):
        while True:
            notices.take(followed.new())
            now = time.monotonic()
            if (message := notices.due(now)) is not None:
                if send(message):
                    notices.sent(now)
                    say(message.body)
                else:
                    notices.failed(now)
                    say("a message could not be sent; it is tried again", err=True)
            time.sleep(_POLL_S)
