"""The fast copy: what the registry holds, laid out so that one check reads it in a few microseconds.

Lives here: the LMDB index of subjects that all worker processes of a node map and share.

- `source`    what the index asks of whoever feeds it
- `records`   the records inside the file: keys, check sums, encodings
- `layout`    the files around it: builds, the pointer to the current one, the writer's lock, the damage marker
- `faults`    why an index cannot be used
- `environment`, `soundness`   opening a build, and finding out whether it may be trusted
- `build`     a whole new file from everything the source holds
- `writer`    changes to the current file, a whole revision at a time
- `follower`  one a node: keeps the index in step with the registry, or makes it anew
- `reader`    one a worker: snapshots and look-ups

May be imported: `decision` and below. Not the registry: the follower is given a `Source`, which the registry's change
feed satisfies by its shape. Data comes from that source and goes, as `SubjectProfile`s and a revision, to the server.
Nothing here cannot be rebuilt from the registry, so nothing here is ever repaired: what is not sound is made anew.
"""
