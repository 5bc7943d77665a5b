"""The public pages: archive, trends, search, subscribing, feeds out, and what monitors ask.

Endpoints are plain functions over a `Site`, run in threads; whatever a GET does, it only reads. Personal pages are
known by a signed token in their address: there are no cookies, no sessions and no passwords.
"""
