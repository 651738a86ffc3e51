"""Scheduled reading of feeds: from a folder or an address to an import, a confirmation, or a list that waits.

What lives here: the two kinds of sources (`folder`, `http`) behind one shape (`source`), the lists that wait for a
person (`waiting`), one attempt from beginning to end (`fetcher`), the schedule (`runner`), and what is to be known of
every feed at any time (`status`).

What may be imported: the rest of `clearway.registry`. Data comes from other people's servers and folders: it is limited
in size and time, checked against its checksum where one is published, and goes through the same import as any file. A
fetch that fails leaves the old list as it was.
"""
