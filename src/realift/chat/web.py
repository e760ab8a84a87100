"""The conversation as a page of this machine: Starlette for the requests, one static page.

The page keeps the conversation; each request carries it whole, so the server holds no state but the
model. Who may ask: requests with the token that stands in the link (behind #, so it is in no log
and in no Referer), to a known Host, from no other Origin. Model text reaches the page as JSON and
is put there as text, never as markup.

Needs ``pip install 'realift[web]'``.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import secrets
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from realift.chat.marks import mark
from realift.chat.requests import Asked, BadRequest, read_request
from realift.chat.session import Reply, Session, Turn
from realift.chat.show import notes, shown_passages, title
from realift.chat.talk import Talker, put
from realift.errors import RealiftError
from realift.report.text import clean
from realift.types import Question

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

TOKEN_HEADER = "x-realift-token"
MAX_BODY = 2_000_000  # bytes of a request: a long conversation with long contexts
_PAGE = Path(__file__).parent / "page"
_FILES = {
    "/": ("page.html", "text/html"),
    "/page.css": ("page.css", "text/css"),
    "/page.js": ("page.js", "text/javascript"),
}
_HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}


def make_app(
    talker: Talker,
    session: Session,
    *,
    token: str,
    hosts: Sequence[str],
    closing: Callable[[], bool] = lambda: False,
) -> Starlette:
    """The application.

    Args:
        hosts: the Host names it answers to; ``*`` = any.
        closing: True once the server is to end: answers under way are then stopped.
    """
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.middleware.trustedhost import TrustedHostMiddleware
    from starlette.responses import FileResponse, JSONResponse, StreamingResponse
    from starlette.routing import Route

    busy = threading.Lock()  # one model: one question at a time

    async def page(request: Request) -> Response:
        name, kind = _FILES[request.url.path]
        return FileResponse(_PAGE / name, media_type=kind, headers=_HEADERS)

    def refused(request: Request) -> Response | None:
        origin, host = request.headers.get("origin"), request.headers.get("host", "")
        if origin is not None and origin != f"http://{host}":
            return _error("this page is of another origin", 403)
        given = request.headers.get(TOKEN_HEADER, "")
        if not secrets.compare_digest(given.encode(), token.encode()):
            return _error("wrong or no token: open the link that realift chat --web printed", 403)
        return None

    def _error(message: str, code: int) -> Response:
        return JSONResponse({"error": message}, status_code=code, headers=_HEADERS)

    async def about(request: Request) -> Response:
        return refused(request) or JSONResponse(_about(talker, session), headers=_HEADERS)

    async def ask(request: Request) -> Response:
        no = refused(request)
        if no is not None:
            return no
        try:
            asked = read_request(await _body(request), session)
        except BadRequest as err:
            return _error(str(err), 400)
        return StreamingResponse(
            _events(talker, asked, busy, closing), media_type="text/event-stream", headers=_HEADERS
        )

    return Starlette(
        routes=[
            *(Route(path, page) for path in _FILES),
            Route("/about", about),
            Route("/ask", ask, methods=["POST"]),
        ],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts))],
    )


async def _body(request: Request) -> bytes:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY:
            raise BadRequest(f"more than {MAX_BODY:,} bytes; clear the conversation")
    return body


def _about(talker: Talker, session: Session) -> dict[str, Any]:
    return {
        "title": title(talker),
        "arms": list(session.arms),
        "has_adapter": session.has_adapter,
        "system_prompt": session.system_prompt,
        "trained_prompt": session.trained_prompt,
        "context": session.context,
        "documents": talker.store is not None,
    }


# --- answering ---------------------------------------------------------------------------------


async def _events(
    talker: Talker, asked: Asked, busy: threading.Lock, closing: Callable[[], bool]
) -> AsyncIterator[str]:
    """Server-sent events of one question; leaving (the page is gone, Stop) stops the model."""
    loop = asyncio.get_running_loop()
    waiting: asyncio.Queue[tuple[str, dict[str, Any]] | None] = asyncio.Queue()
    stop = threading.Event()

    def put_event(event: tuple[str, dict[str, Any]] | None) -> None:
        with contextlib.suppress(RuntimeError):  # the server has ended, nobody listens
            loop.call_soon_threadsafe(waiting.put_nowait, event)

    def tell(name: str, data: dict[str, Any]) -> None:
        put_event((name, data))

    def work() -> None:
        try:
            while not busy.acquire(timeout=0.1):
                if stop.is_set():
                    return
            try:
                _answer(talker, asked, tell, stop)
            finally:
                busy.release()
        except RealiftError as err:
            tell("error", {"message": f"{err} {err.hint}".strip()})
        except Exception as err:
            tell("error", {"message": f"{type(err).__name__}: {err}"})
        finally:
            put_event(None)

    threading.Thread(target=work, daemon=True).start()
    try:
        while not closing():
            try:
                event = await asyncio.wait_for(waiting.get(), timeout=0.2)
            except asyncio.TimeoutError:
                continue
            if event is None:
                return
            name, data = event
            yield f"event: {name}\ndata: {json.dumps(data, ensure_ascii=True)}\n\n"
    finally:
        stop.set()


def _answer(
    talker: Talker,
    asked: Asked,
    tell: Callable[[str, dict[str, Any]], None],
    stop: threading.Event,
) -> None:
    def on_question(question: Question) -> None:
        short = shown_passages(question)
        passages = [
            {"short": line, "text": clean(passage.text)}
            for line, passage in zip(short, question.passages, strict=True)
        ]
        tell("question", {"context": question.context, "passages": passages})

    turn: Turn = put(
        talker,
        asked.session,
        asked.text,
        on_question=on_question,
        on_text=lambda arm, text: tell("text", {"arm": arm, "text": clean(text)}),
        stopping=stop.is_set,
    )
    for reply in turn.replies:
        tell("reply", reply_json(turn.question, reply, talker))
    tell("end", {"same": len({r.text for r in turn.replies}) == 1 < len(turn.replies)})


def reply_json(question: Question, reply: Reply, talker: Talker) -> dict[str, Any]:
    """A finished reply: its text, cut at the citations (offsets mean other things in a browser)."""
    text = clean(reply.text)
    marked = mark(question, text, talker.config.refusal_phrases)
    pieces, at = [], 0
    for citation in marked.citations:
        pieces.append({"text": text[at : citation.start], "kind": "plain"})
        kind = "cited" if citation.exists else "missing"
        pieces.append({"text": text[citation.start : citation.end], "kind": kind})
        at = citation.end
    pieces.append({"text": text[at:], "kind": "plain"})
    return {
        **dataclasses.asdict(reply),
        "text": text,
        "pieces": [p for p in pieces if p["text"]],
        "refusal": marked.refusal,
        "notes": list(notes(question, reply, talker)),
    }
