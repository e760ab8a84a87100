"""Serving the chat page: the address, the link with its token, and the end by Ctrl-C.

Needs ``pip install 'realift[web]'``.

>>> serve(prepare(talker, session, host="127.0.0.1", port=0))  # doctest: +SKIP
"""

from __future__ import annotations

import secrets
import socket
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from realift.chat.session import Session
from realift.chat.talk import Talker
from realift.chat.web import make_app
from realift.errors import UsageError

LOCAL = ("127.0.0.1", "localhost")


def need_web() -> None:
    """Raise ``UsageError`` if the web libraries are not installed, before a model is loaded."""
    missing = [name for name in ("starlette", "uvicorn") if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"--web needs {' and '.join(missing)}, not installed here",
            hint="pip install 'realift[web]'; or leave out --web to talk in the terminal",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A server that is bound and ready (``server.run(sockets=[bound])``), and the link to it."""

    server: Any
    bound: socket.socket
    link: str


def prepare(talker: Talker, session: Session, *, host: str, port: int) -> Page:
    """Bind the address and make the link, with a token that is new each time.

    Args:
        port: 0 = any free one.

    Raises:
        UsageError: the port is taken, or the address is none of this machine's.
    """
    import uvicorn

    bound = _bind(host, port)
    token = secrets.token_urlsafe(24)
    hosts = LOCAL if host in LOCAL else ("*",)
    app = make_app(talker, session, token=token, hosts=hosts, closing=lambda: server.should_exit)
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, lifespan="off", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    name = host if host not in ("0.0.0.0", "::", "") else socket.gethostname()
    shown = f"[{name}]" if ":" in name else name
    link = f"http://{shown}:{bound.getsockname()[1]}/#{token}"
    return Page(server=server, bound=bound, link=link)


def serve(page: Page) -> None:
    """Serve until Ctrl-C."""
    try:
        page.server.run(sockets=[page.bound])
    except KeyboardInterrupt:  # uvicorn hands the signal on once it has shut down
        return
    finally:
        page.bound.close()


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except (OSError, OverflowError) as err:
        bound.close()
        raise UsageError(
            f"--host {host} --port {port}: {getattr(err, 'strerror', None) or err}",
            hint="choose another --port (0 = any free one); --host is an address of this machine",
        ) from err
    return bound
