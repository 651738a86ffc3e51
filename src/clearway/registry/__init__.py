"""The record: everything that was said of every subject, by whom and when, and nothing ever changed afterwards.

What lives here: the tables and their migrations (`schema`, `database`, `migrations`), the events that are stored
(`events`) and how they add up to a subject (`fold`), the acts of a registrar (`commands`), the import of published
lists (`feeds`, `importer`), and the feed of changes that the fast copy follows (`change_feed`). `registry.Registry` is
the door to all of it.

What may be imported: `clearway.decision.facts`, `clearway.catalogue.model`, `clearway.subjects`. SQLAlchemy rows stay
inside this package.

Where data comes from and goes to: registrars' commands and files of published lists come in, each as one revision in
one transaction; subject profiles go out, as of the latest revision or any earlier one.
"""
