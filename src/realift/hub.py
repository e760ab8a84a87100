"""Asking the hub only when somebody can answer.

Without a network the hub's library tries each of some twenty files again and again: a base that
lies on this disk took almost three minutes to load, and a misspelled one a minute to be refused.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

_PATIENCE = 5.0  # seconds for an answer; a slow hub is left to the library's own patience


def is_away() -> bool:
    """Whether no connection to the hub can be made (no network, name or port). Asks it once.

    Proxies of the environment are used. An answer of any kind, a slow one and trouble with
    certificates are no proof, so False.
    """
    from huggingface_hub import constants

    try:
        with urlopen(Request(constants.ENDPOINT, method="HEAD"), timeout=_PATIENCE):
            return False
    except HTTPError:
        return False
    except URLError as err:
        return isinstance(err.reason, OSError) and not isinstance(
            err.reason, ssl.SSLError | TimeoutError
        )
    except (OSError, ValueError):  # no answer in time, or an odd address
        return False


@contextmanager
def asked_if_there(name: str) -> Iterator[None]:
    """While the model or dataset ``name`` is loaded: this disk's files alone, if the hub is away.

    For a folder nobody is asked.
    """
    from huggingface_hub import constants

    if Path(name).is_dir() or constants.HF_HUB_OFFLINE or not is_away():
        yield
        return
    constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = False
