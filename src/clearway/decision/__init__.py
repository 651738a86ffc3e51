"""The answer: `decide(evidence, request, catalogue, moment) -> Decision`, and nothing else.

Everything here is pure. Facts come from the index (`facts`), rules from a catalogue edition, the moment from the
caller; the decision goes to the server, which puts it on the log and on the wire. May import `catalogue` and
`subjects`; knows no protobuf, no SQL, no clock and no I/O.

- `facts`: what is known of a subject, and the five things a look-up can find
- `terms`: when a listing is in force, from its dates, at the moment of the question
- `status`, `publicity`: the same in one word, and the terms of publicity, for those who keep the record
- `measures`: what a listing in force restricts, here and now
- `incentives`: which routes to green channel and deferred acceptance are open
- `materials`: what is missing and by when it may follow
- `decide`: the order of precedence
- `answer`: the decision
- `explain`: the decision in words, in English and Chinese
"""
