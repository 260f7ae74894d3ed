"""The facts of a witness: who recorded the end of a run whose process was gone, and what it saw."""

from typing import Annotated

from mllog_callbacks.facts._fact import Fact, Group

__all__ = ["OutOfMemory", "Witness"]


class OutOfMemory(Group):
    """How many processes the kernel has killed for lack of memory, by its own count."""

    cgroup: Annotated[str | None, Fact("The process's control group", "/training.slice")] = None
    cgroup_before: Annotated[int | None, Fact("Killed in that group when the session began", 0)] = (
        None
    )
    cgroup_after: Annotated[int | None, Fact("The same when the end was recorded", 1)] = None
    machine_before: Annotated[
        int | None, Fact("Killed on the machine when the session began", 4)
    ] = None
    machine_after: Annotated[int | None, Fact("The same when the end was recorded", 5)] = None


class Witness(Group):
    """Who recorded the end of a run whose process was gone, and what it saw."""

    recorded_by: Annotated[
        str,
        Fact(
            "Who: drainer, drainer of a later session, reader, or command mllog recover", "drainer"
        ),
    ]
    pid: Annotated[int | None, Fact("The process that was gone", 4711)] = None
    seconds_after: Annotated[
        float | None, Fact("From when it was last seen alive to this entry", 0.052, "s")
    ] = None
    last_alive: Annotated[
        str | None,
        Fact("When it was last seen alive, in UTC", "2025-01-30T10:00:00.120000Z"),
    ] = None
    last_entry: Annotated[
        str | None,
        Fact("The session's last entry before, in UTC", "2025-01-30T10:00:00.100000Z"),
    ] = None
    boot_id: Annotated[str | None, Fact("The kernel's id of the machine's start at this entry")] = (
        None
    )
    restarted: Annotated[
        bool | None,
        Fact("Whether the machine was restarted after the session began", example=False),
    ] = None
    machine_started: Annotated[
        str | None,
        Fact(
            "When the machine was last started, by its clock, where it was restarted",
            "2025-01-30T12:00:00.000000Z",
        ),
    ] = None
    runs_on: Annotated[
        bool | None,
        Fact("True where the process still runs, but has let go of its log", example=True),
    ] = None
    out_of_memory: Annotated[
        OutOfMemory | None, Fact("The kernel's counts of processes killed for lack of memory")
    ] = None
