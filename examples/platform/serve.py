"""Start the platform, audited: ``python examples/platform/serve.py``, then open the address."""

import argparse
import socket
from pathlib import Path

import uvicorn

import audit
from workbench.web import create_app


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8000, help="0 for any that is free")
    parser.add_argument("--data", type=Path, default=Path("workbench-data"), help="data and models")
    parser.add_argument("--logs", type=Path, default=Path("logs"), help="the audit trail")
    parser.add_argument("--no-audit", action="store_true", help="the platform alone")
    given = parser.parse_args()
    app = create_app(given.data, None if given.no_audit else audit.PAGE)
    if not given.no_audit:
        audit.start(app, given.logs)
    with socket.create_server(("127.0.0.1", given.port)) as listening:
        print(f"http://127.0.0.1:{listening.getsockname()[1]}/", flush=True)
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        server.run(sockets=[listening])


if __name__ == "__main__":
    main()
