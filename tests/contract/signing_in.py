"""Visitors of a node's console who sign in with a token, and cookies that somebody copied from them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from clearway.web.console.cookies import SESSION
from tests.contract.cases_service import PATIENCE
from tests.node import RunningNode
from tests.parties import token


def form_in(page: httpx.Response) -> str:
    """What a form of the page carries."""
    found = re.search(r'name="form" value="(\w+)"', page.text)
    assert found is not None
    return found[1]


@contextmanager
def signed_in(node: RunningNode, caller: str, onward: str = "/console/checks") -> Iterator[tuple[httpx.Client, str]]:
    """A visitor who has signed in, and where they began."""
    base = f"http://{node.web}/console/"
    with httpx.Client(base_url=base, timeout=PATIENCE, follow_redirects=True, trust_env=False) as visitor:
        form = form_in(visitor.get("sign-in"))
        answer = visitor.post("sign-in", data={"form": form, "token": token(caller), "next": onward})
        assert answer.status_code == 200
        yield visitor, answer.url.path.removeprefix("/console/")


def signed_in_with(node: RunningNode, cookie: str) -> bool:
    """Whether a session's cookie, brought by whomever, opens the search of a node's console."""
    address = f"http://{node.web}/console/checks"
    answer = httpx.get(address, cookies={SESSION: cookie}, timeout=PATIENCE, trust_env=False)
    if answer.status_code == 303:
        assert answer.headers["location"].startswith("/console/sign-in")
        return False
    assert answer.status_code == 200
    return True
