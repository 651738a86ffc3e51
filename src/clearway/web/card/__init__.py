"""The officer's card: one check on a page, rendered here, for a case screen, an iframe or a print-out.

A page comes with a view token, which goes on to the workers with every call: what it covers is theirs to say. `view`
makes of the contract's messages what the template shows, `forms` of a filled-in form the contract's messages, and
`door` answers the addresses. `clearway-check` (static/clearway-check.js) puts the same rendered card into somebody
else's page, and keeps it live.
"""
