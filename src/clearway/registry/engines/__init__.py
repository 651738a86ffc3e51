"""What the record asks of an engine that differs from one to the other; `clearway.registry.database` chooses."""
