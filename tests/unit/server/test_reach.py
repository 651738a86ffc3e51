"""Whether a database answers, and that one which hangs is not taken for one that does."""

from __future__ import annotations

import threading

from clearway.postgresql.faults import Trouble
from clearway.querylog.central import LogUnreachable
from clearway.server.reach import PATIENCE, Reach


class Database:
    """Answers, or does not."""

    def __init__(self) -> None:
        self.gone = False

    def ask(self) -> None:
        if self.gone:
            raise LogUnreachable(Trouble.UNAVAILABLE)


def test_it_is_good_from_the_first_answer_to_the_first_failure() -> None:
    database = Database()
    reach = Reach(database.ask)
    assert not reach.good
    reach.ask()
    assert reach.good
    database.gone = True
    reach.ask()
    assert not reach.good
    database.gone = False
    reach.ask()
    assert reach.good


def test_an_answer_is_not_believed_for_ever() -> None:
    now = 100.0
    reach = Reach(lambda: None, monotonic=lambda: now)
    reach.ask()
    now += PATIENCE - 0.1
    assert reach.good
    now += 0.2
    assert not reach.good


def test_nobody_waits_for_a_database_that_hangs() -> None:
    hanging = threading.Event()
    reach = Reach(hanging.wait)
    reach.start()
    reach.wait(0.05)
    assert not reach.good
    hanging.set()
    reach.wait(10)
    assert reach.good
    reach.close()
