"""JSON over HTTP: the contract's methods by the Connect protocol, its streams as server-sent events.

`POST /clearway.v1.CheckService/CheckSubject` with `application/json` is a call. What there is to call is found from the
contract's descriptors, so that a method that is added to it is answered here too.
"""
