"""Watching pending cases: a case that was checked and not closed hears of it when its answer turns.

What lives here: what differs materially between two answers (`comparing`), the pending checks in memory (`pending`),
how one is decided anew (`reconsidering`), the loop that does so when facts or time change them (`watcher`), how far it
is (`progress`), the stream that tells callers (`case_stream`, `lookout`, `cursor`), and the endpoints that are told by
webhook (`endpoints`, `courier`).

Where data comes from and goes to: answered checks from the central log, closed cases and changes of subjects from the
registry, facts from the index. Changes go into the registry's table of case changes, and from there to streams and
endpoints. Nothing here decides by itself what a check's answer is: that is `clearway.decision`.
"""
