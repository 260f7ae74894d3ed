"""The machine that a process runs on, as the system shows it; what it does not show is absent."""

import os
from hashlib import sha256

TYPE_CHECKING = False  # the drainer imports no `typing`
if TYPE_CHECKING:
    from mllog_callbacks.origin._writing import Value

__all__ = ["account", "boot", "machine", "machine_id", "started"]

_GPUS = "/proc/driver/nvidia/gpus"
_HEX = "0123456789abcdef"
_CONTAINER_ID = 64  # hexadecimal digits
_MOST_GPUS = 32
_MACHINE_ID = 16  # hexadecimal digits
_STAT = 1_048_576  # bytes of a list with a line for each processor


def machine(pid: int) -> "dict[str, Value]":
    """Processors, memory and accelerators, and the container where there is one."""
    memory = _field("/proc/meminfo", "MemTotal").split(" ")[0]
    limit = _read(f"/sys/fs/cgroup{_cgroup(pid)}/memory.max").strip()
    facts: dict[str, Value] = {
        "cpu": _field("/proc/cpuinfo", "model name") or None,
        "cpus": os.cpu_count(),
        "cpus_usable": _usable(pid),
        "memory_bytes": int(memory) * 1024 if memory.isdigit() else None,
        "memory_limit_bytes": int(limit) if limit.isdigit() else None,
        "gpus": [each for each in map(_gpu, _listed(_GPUS)[:_MOST_GPUS]) if each],
        "gpu_driver": _driver(),
        "container": _container(pid),
    }
    return {name: each for name, each in facts.items() if each not in (None, [])}


def boot() -> str:
    """The identifier of the machine's current start; empty where it is not known."""
    return _read("/proc/sys/kernel/random/boot_id").strip()


def machine_id() -> str:
    """What one machine is known again by; empty where it is not known.

    It is made from the system's own identifier, which is confidential and cannot be had from it.
    """
    own = _read("/etc/machine-id").strip()
    return sha256(f"mllog-callbacks {own}".encode()).hexdigest()[:_MACHINE_ID] if own else ""


def started() -> int | None:
    """When the machine was started, in seconds since 1970 by its clock; None where unknown."""
    lines = map(str.split, _read("/proc/stat", _STAT).splitlines())
    return next((int(each[1]) for each in lines if each[:1] == ["btime"]), None)


def account(pid: int) -> "dict[str, Value]":
    """The user that a process runs as, by the system: number, and name where there is one."""
    try:
        uid = os.stat(f"/proc/{pid}").st_uid
    except OSError:
        uid = os.getuid() if hasattr(os, "getuid") else -1
    if uid < 0:
        return {}
    try:
        import pwd  # not on Windows  # noqa: PLC0415

        return {"uid": uid, "name": pwd.getpwuid(uid).pw_name}
    except (ImportError, KeyError, OSError):
        return {"uid": uid}


def _usable(pid: int) -> int | None:
    try:
        return len(os.sched_getaffinity(pid))
    except (AttributeError, OSError):
        return None


def _gpu(name: str) -> "Value":
    model = _field(f"{_GPUS}/{name}/information", "Model")
    identifier = _field(f"{_GPUS}/{name}/information", "GPU UUID")
    known = {"model": model, "uuid": identifier}
    return {name: each for name, each in known.items() if each}


def _driver() -> str | None:
    """The version in a line such as ``NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54``."""
    words = _read("/proc/driver/nvidia/version").partition("\n")[0].split()
    numbers = (each for each in words if each[:1].isdigit() and "." in each)
    return next(numbers, None)


def _container(pid: int) -> "Value":
    marks = {"/.dockerenv": "docker", "/run/.containerenv": "podman"}
    root = f"/proc/{pid}/root"
    kinds = [kind for mark, kind in marks.items() if os.path.exists(f"{root}{mark}")]
    if os.environ.get("KUBERNETES_SERVICE_HOST"):
        kinds.insert(0, "kubernetes")
    parts = _read(f"/proc/{pid}/cgroup").replace("/", "-").replace(".", "-").split("-")
    numbers = (
        each for each in parts if len(each) == _CONTAINER_ID and all(c in _HEX for c in each)
    )
    found: dict[str, Value] = {"kind": kinds[0] if kinds else None, "id": next(numbers, None)}
    return {name: each for name, each in found.items() if each} or None


def _cgroup(pid: int) -> str:
    """The path of a process's group, of version 2."""
    lines = _read(f"/proc/{pid}/cgroup").splitlines()
    return next((each[3:] for each in lines if each.startswith("0::")), "").rstrip("/")


def _field(path: str, name: str) -> str:
    """The value of the first line ``name: value``."""
    for line in _read(path).splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return ""


def _listed(path: str) -> list[str]:
    try:
        return sorted(os.listdir(path))
    except OSError:
        return []


def _read(path: str, most: int = 8192) -> str:
    try:
        with open(path, "rb") as stream:
            return stream.read(most).decode("utf-8", "replace")
    except OSError:
        return ""
