"""What follows an answer: the applicant's commitment and its end, what officers did, how a case closed.

What lives here: the events that are stored (`events`), how they add up to a deferral and which act each state allows
(`deferral`), how they add up to a case's outcome (`outcome`), and the table they are kept in (`store`, `acts`).

What may be imported: the registry's own tables and acts, `clearway.subjects`. No protobuf: the server puts these on the
wire.

Where data comes from and goes to: acts of licensing authorities come in, each in one transaction; deferrals, outcomes,
closed cases and measures applied go out. Every event has a key of its own, so that of two writers who saw the same
state only one acts.
"""
