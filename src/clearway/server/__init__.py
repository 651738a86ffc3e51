"""The door: gRPC servicers, the ordered interceptors before them, the error table, and the processes that serve.

A call comes in as bytes, passes the interceptors in their named order (`interceptors.ORDER`), is answered by a thin
servicer and leaves as bytes, its record already on disk. May import everything below it (`querylog`, `index`,
`registry`, `decision`, `catalogue`, `subjects`, `gen`); nothing imports it but `cli`.
"""
