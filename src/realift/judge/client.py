"""Talking to a judge: any server with OpenAI-compatible chat completions. Nothing else is sent.

The standard library's client, not the hub's: that one sends the user's hub token to any address
when no key is given, and refuses even this machine when ``HF_HUB_OFFLINE`` is set.

>>> is_local("http://127.0.0.1:11434/v1"), is_local("https://judge.example.org/v1")
(True, False)
"""

from __future__ import annotations

import ipaddress
import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

from realift.errors import JudgeError, UsageError

DEFAULT_URL = "http://127.0.0.1:11434/v1"
KEY_VARIABLE = "REALIFT_JUDGE_KEY"
MAX_TOKENS = 2048  # of one reply; a judge that thinks aloud needs room, one word needs none
WAITS = (1.0, 4.0)  # seconds before the second and third try
MAX_WAIT = 60.0  # seconds; a server may ask for more, it does not get them
_START = (
    "start a local judge, e.g. 'ollama serve' with 'ollama pull MODEL', or 'llama-server -m "
    "model.gguf --port 8080' with --url http://127.0.0.1:8080/v1"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where the judge is. ``key`` is never written to a file; ``timeout`` in seconds."""

    url: str
    model: str
    key: str = field(default="", repr=False)
    timeout: float = 120.0


class NoReply(Exception):
    """This one request got no reply, after all tries; the next one may."""


class _Busy(Exception):
    """A failure that may pass. ``wait``: seconds the server asks for."""

    def __init__(self, said: str, *, wait: float = 0.0) -> None:
        super().__init__(said)
        self.wait = min(wait, MAX_WAIT)


def make_endpoint(url: str, model: str, *, timeout: float = 120.0) -> Endpoint:
    """Check an address and take the key from the environment variable ``REALIFT_JUDGE_KEY``.

    Raises:
        UsageError: no http(s) address, or one that carries a password or a query.
    """
    try:
        parts = urlsplit(url)
        fits = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # a port that is no number, a bracket that never closes
        fits = False
    if not fits:
        raise UsageError(
            f"--url: {url!r} is no http(s) address", hint=f"an address looks like {DEFAULT_URL}"
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        raise UsageError(
            "--url: give the plain address, without user, password or query",
            hint=f"a key goes into the environment variable {KEY_VARIABLE}",
        )
    if not model.strip():
        raise UsageError("--model: is empty", hint="give the model's name as the server knows it")
    if not timeout > 0:
        raise UsageError(f"--timeout: {timeout:g} must be above 0")
    key = os.environ.get(KEY_VARIABLE, "").strip()
    return Endpoint(url=url.rstrip("/"), model=model, key=key, timeout=timeout)


def host(url: str) -> str:
    """The machine an address points to."""
    return urlsplit(url).hostname or ""


def is_local(url: str) -> bool:
    """Whether an address stays on this machine (``localhost``, 127.x.x.x, ::1).

    >>> is_local("http://[::1]:8080/v1"), is_local("http://192.168.0.5/v1")
    (True, False)
    """
    name = host(url)
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def leaving(url: str) -> str:
    """What a person must know before an address is used ("" = it is this machine).

    >>> leaving("http://10.0.0.7:8000/v1")
    'questions, contexts and answers of this run leave this machine, to 10.0.0.7, not encrypted'
    """
    if is_local(url):
        return ""
    how = ", not encrypted" if urlsplit(url).scheme == "http" else ""
    return f"questions, contexts and answers of this run leave this machine, to {host(url)}{how}"


def ask(endpoint: Endpoint, messages: Sequence[Mapping[str, str]]) -> str:
    """The judge's reply to a conversation, at temperature 0 ("" if it is empty).

    A busy or failing server (HTTP 408, 429, 5xx, a broken connection) is asked three times; one
    that says how long to wait is obeyed up to a minute. A timeout is not tried again.

    Raises:
        JudgeError: nobody listens there, the key or the model is refused, or the answer is no
            chat completion. There is no use in asking on.
        NoReply: this request failed.
    """
    for wait in (*WAITS, None):
        try:
            return _content(endpoint, _post(endpoint, messages))
        except _Busy as busy:
            if wait is None:
                raise NoReply(str(busy)) from busy
            time.sleep(max(wait, busy.wait))
    raise AssertionError("the last try returns or raises")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the key and the texts to a host the user did not name."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _post(endpoint: Endpoint, messages: Sequence[Mapping[str, str]]) -> bytes:
    body = {
        "model": endpoint.model,
        "messages": list(messages),
        "temperature": 0,
        "max_tokens": MAX_TOKENS,
        "stream": False,
    }
    request = urllib.request.Request(
        f"{endpoint.url}/chat/completions",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json", "User-Agent": "realift"},
    )
    if endpoint.key:
        request.add_unredirected_header("Authorization", f"Bearer {endpoint.key}")
    handlers: list[urllib.request.BaseHandler] = [_NoRedirect()]
    if is_local(endpoint.url):  # a proxy would take the texts off this machine
        handlers.append(urllib.request.ProxyHandler({}))
    try:
        with urllib.request.build_opener(*handlers).open(
            request, timeout=endpoint.timeout
        ) as reply:
            data: bytes = reply.read()
            return data
    except urllib.error.HTTPError as err:
        with err:
            raise _refused(endpoint, err) from err
    except (OSError, HTTPException) as err:
        raise _broken(endpoint, getattr(err, "reason", err)) from err


def _broken(endpoint: Endpoint, reason: object) -> Exception:
    if isinstance(reason, TimeoutError):
        return NoReply(f"no reply within {endpoint.timeout:g} s; give it more with --timeout")
    if isinstance(reason, HTTPException | ConnectionResetError | BrokenPipeError):
        return _Busy(f"the connection broke ({type(reason).__name__})")
    return JudgeError(f"no judge answers at {endpoint.url}: {reason}", hint=_START)


def _content(endpoint: Endpoint, data: bytes) -> str:
    try:
        content = json.loads(data)["choices"][0]["message"]["content"]
    except (ValueError, LookupError, TypeError) as err:
        raise JudgeError(
            f"{endpoint.url} answers, but not with a chat completion: {_short(data)}",
            hint="the address must be OpenAI-compatible; most end in /v1",
        ) from err
    return content if isinstance(content, str) else ""


def _refused(endpoint: Endpoint, err: urllib.error.HTTPError) -> Exception:
    said = f"HTTP {err.code}: {_short(err.read())}"
    at = f"{endpoint.url} refuses ({said})"
    if err.code in (408, 429) or err.code >= 500:
        asked_for = err.headers.get("Retry-After", "")
        return _Busy(said, wait=float(asked_for) if asked_for.isdigit() else 0.0)
    if err.code in (401, 403):
        return JudgeError(at, hint=f"put the key into the environment variable {KEY_VARIABLE}")
    if err.code == 404:
        return JudgeError(
            at,
            hint=f"does the server know the model {endpoint.model!r}, and does the address end "
            "in /v1?",
        )
    if 300 <= err.code < 400:
        return JudgeError(
            f"{endpoint.url} sends on to {err.headers.get('Location', 'another address')!r}",
            hint="give the final address with --url; nothing is sent on",
        )
    return NoReply(said)


def _short(data: bytes) -> str:
    """What a server said, on one line."""
    try:
        value = json.loads(data)
        error = value.get("error", value) if isinstance(value, dict) else value
        text = error.get("message", "") if isinstance(error, dict) else error
    except ValueError:
        text = data.decode("utf-8", errors="replace")
    printable = "".join(ch if ch.isprintable() else " " for ch in str(text))
    return " ".join(printable.split())[:200] or "(nothing)"
