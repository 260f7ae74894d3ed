"""Sessions that a restart of their machine cut off: their files are there, their memory is gone.

Without a spool nothing shows how such a process ended, nor what it had emitted last. That it is
over is shown by the kernel: it has been started since, on the machine of that session, and no
other machine writes to a local disk.
"""

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from mllog_callbacks.chain import OPEN, RESTARTED, Chain, chain_path, last_state, read_back
from mllog_callbacks.files import (
    SIDECARS,
    Folder,
    log_name,
    manifest_name,
    open_regular,
    open_stream,
    read_regular,
    replace_file,
    session_of,
)
from mllog_callbacks.origin import boot, machine_id, started
from mllog_callbacks.sinks.spool._about import About
from mllog_callbacks.sinks.spool._exits import Exit
from mllog_callbacks.sinks.spool._surroundings import MAPPABLE, file_system
from mllog_callbacks.sinks.spool._witness import Ends, Noted, files_of, found

__all__ = ["finish_restarted"]

_LOCAL: Final = MAPPABLE | {"btrfs", "zfs"}
_LARGEST: Final = 1_048_576  # bytes of a manifest
_RESTART: Final = "what would show it was lost with the machine's memory"


def finish_restarted(directory: bytes, by: str) -> Iterator[tuple[str, int, str | None, int]]:
    """Record the ends of runs in sessions of this user that a restart of this machine cut off.

    What is in their files is left as it is: the ends go to a file of their own.

    Args:
        directory: The log directory.
        by: Who does.

    Yields:
        The session, 0 entries, why it failed, and of how many runs the end was recorded.
    """
    for manifest in _cut_off(directory):
        session = manifest.name.removesuffix(manifest_name(""))
        try:
            with _locked(manifest) as held:
                ends = _finish(directory, manifest, by) if held else None
        except (PermissionError, FileNotFoundError):  # it is not ours to complete; or was pruned
            continue
        except (OSError, ValueError, KeyError, TypeError) as error:
            yield session, 0, getattr(error, "strerror", None) or str(error), 0
        else:
            if ends is not None:
                yield session, 0, None, ends


def _cut_off(directory: bytes) -> Iterator[Path]:
    """The manifests of sessions that began before this machine's start and have no end."""
    folder = Path(os.fsdecode(directory), SIDECARS)
    local: bool | None = None
    for manifest in _written_before(started(), folder):
        if last_state(chain_path(str(manifest))) not in {"", OPEN} or not _was_here(manifest):
            continue
        if local is None:
            local = file_system(str(folder)) in _LOCAL
        if local:
            yield manifest


def _written_before(second: int | None, folder: Path) -> list[Path]:
    """The manifests of a folder that were written before a time; of most folders there is none."""
    try:
        with os.scandir(folder) as each:
            found = [
                one.path
                for one in each
                if one.name.endswith(manifest_name(""))
                and (second is None or one.stat(follow_symlinks=False).st_mtime < second)
            ]
    except OSError:
        return []
    return [*map(Path, sorted(found))]


def _was_here(manifest: Path) -> bool:
    """Whether a session of this user was on this machine, before that was restarted."""
    try:
        if manifest.lstat().st_uid != os.geteuid():
            return False
        facts = json.loads(read_regular(manifest, _LARGEST))
        then = facts["boot_id"], facts["machine_id"], facts["host"]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    here = boot(), machine_id(), socket.gethostname()
    return all(then) and all(here) and then[0] != here[0] and then[1:] == here[1:]


@contextmanager
def _locked(manifest: Path) -> Iterator[bool]:
    """Keep others from doing the same; whether that is so."""
    file = open_regular(manifest)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield last_state(chain_path(str(manifest))) in {"", OPEN}
    except BlockingIOError:
        yield False
    finally:
        os.close(file)


def _finish(directory: bytes, manifest: Path, by: str) -> int | None:
    """Record the ends, and seal the chain; of how many runs, or None where that is not known."""
    content = read_regular(manifest, _LARGEST)
    about = About(directory, os.fsencode(manifest), content)
    shown = found(about)
    if shown is None:
        return None
    lines: dict[str, bytes] = {}
    for day, line in Ends(about, Noted(), Exit(None, _RESTART), by).lines(shown):
        lines[day] = lines.get(day, b"") + line
    for day, together in lines.items():
        replace_file(_free(about, day), together)
    _seal(about)
    return len(shown.runs.left())


def _free(about: About, day: str) -> Path:
    """A file of the session that is not there yet."""
    copies = (log_name(day, about.session, copy) for copy in range(1, 1_000))
    directory = Path(os.fsdecode(about.directory))
    names = (directory / name for name in copies)
    own = (each for each in names if session_of(each) == about.session)
    return next(each for each in own if not os.path.lexists(each))


def _has_records(path: str) -> bool:
    with suppress(FileNotFoundError), open_stream(path) as stream:
        return stream.readline(_LARGEST).endswith(b"\n")
    return False


def _remove(path: str) -> None:
    with suppress(FileNotFoundError), Folder(path) as folder:
        folder.remove(path)


def _seal(about: About) -> None:
    """Have the chain cover all lines, and say what became of the session.

    Not where lines are missing or damaged, as after a power failure: the chain stays open then, so
    that they are reported as lost.
    """
    path, directory = chain_path(os.fsdecode(about.sidecar)), Path(os.fsdecode(about.directory))
    try:
        past = read_back(path, about.session, about.manifest)
    except (OSError, ValueError):  # a file is missing, or the chain is damaged
        return
    covered = {} if past is None else past.files
    rest: list[tuple[str, bytes]] = []
    for file in files_of(directory, about.session):
        with open_stream(file) as stream:
            before = [stream.readline() for _ in range(covered.get(file.name, 0))]
            lines = stream.read()
        if b"" in before or b"\0" in lines or not (lines or b"\n").endswith(b"\n"):
            return
        rest.append((file.name, lines))
    if past is not None and not past.is_whole:
        return
    if past is None and not _has_records(path):
        _remove(path)  # the restart came while its first record was being written
    chain = Chain(path, about.session, about.manifest)
    for name, lines in rest:
        if lines:
            chain.take(name, lines)
    chain.end(RESTARTED)
