"""FeedService: what feeds leave to a person. Rows set aside are corrected or dismissed, lists that wait get a word.

- `scope`: what a row, a correction or a list reaches for, so that a registrar acts within the grant
- `messages`: rows and lists, as the contract has them
- `service`: the methods
"""
