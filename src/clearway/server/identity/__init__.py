"""Who calls: from what a call carries to a principal of the access file.

- `access_file`: the access file, read again when it changes
- `certificates`: the names in a client's certificate
- `issuer_keys`: the public keys of whoever issues tokens, cached, rotated, fetched no more often than is decent
- `bearer`: API tokens and signed tokens
- `callers`: all of it together
"""
