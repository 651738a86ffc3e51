"""Signing in to the console at an issuer's own page: OpenID Connect, authorization code flow with PKCE.

What comes of it is a token of the issuer, which the session keeps and every question carries, as one that was pasted.
Whether it opens anything is the service's to say, by its access file: this package gives nobody a right. Nothing is
remembered on the node: what a sign-in under way has to remember is in a sealed cookie.
"""
