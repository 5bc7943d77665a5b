"""A small IMAP server on loopback, enough for a client that reads and marks."""

from __future__ import annotations

import contextlib
import re
import socketserver
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Box:
    """A mailbox on a server: its messages by number, and which of them are seen."""

    mails: dict[int, bytes] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)
    flagged: set[int] = field(default_factory=set)
    password: str = "s3cret"
    port: int = 0
    drop_at: str = ""

    def put(self, raw: bytes) -> int:
        """Put a message into the box; return its number."""
        number = len(self.mails) + 1
        self.mails[number] = raw
        return number


class _Handler(socketserver.StreamRequestHandler):
    box: Box
    tls: ssl.SSLContext | None

    def setup(self) -> None:
        if self.tls is not None:
            self.request.settimeout(10)
            self.request = self.tls.wrap_socket(self.request, server_side=True, do_handshake_on_connect=False)
        super().setup()

    def handle(self) -> None:
        with contextlib.suppress(ssl.SSLError):  # who does not trust us hangs up in the middle
            self._talk()
        self.request.close()

    def _talk(self) -> None:
        self._say("* OK [CAPABILITY IMAP4rev1] ready")
        for line in iter(self.rfile.readline, b""):
            tag, _, rest = line.decode().strip().partition(" ")
            verb = rest.upper()
            if self.box.drop_at and self.box.drop_at in verb:
                return
            if not self._answer(tag, rest, verb):
                return

    def _answer(self, tag: str, rest: str, verb: str) -> bool:
        if verb.startswith("CAPABILITY"):
            self._say("* CAPABILITY IMAP4rev1")
        elif verb.startswith("LOGIN") and f'"{self.box.password}"' not in rest:
            self._say(f"{tag} NO no")
            return True
        elif verb.startswith("SELECT") and "INBOX" not in verb:
            self._say(f"{tag} NO no such mailbox")
            return True
        elif verb.startswith("SELECT"):
            self._say(f"* {len(self.box.mails)} EXISTS")
        elif verb.startswith("UID SEARCH"):
            self._say("* SEARCH " + " ".join(str(each) for each in self.box.mails if each not in self.box.seen))
        elif verb.startswith("UID FETCH"):
            self._fetch(verb)
        elif verb.startswith("UID STORE"):
            self._store(verb)
        self._say(f"{tag} OK done")
        return not verb.startswith("LOGOUT")

    def _fetch(self, verb: str) -> None:
        found = re.match(r"UID FETCH (\d+) \(BODY\.PEEK\[\]<0\.(\d+)>\)", verb)
        assert found
        raw = self.box.mails[int(found[1])][: int(found[2])]
        self.wfile.write(f"* 1 FETCH (UID {found[1]} BODY[]<0> {{{len(raw)}}}\r\n".encode() + raw + b")\r\n")

    def _store(self, verb: str) -> None:
        number = int(verb.split()[2])
        self.box.seen.add(number)
        if "FLAGGED" in verb:
            self.box.flagged.add(number)

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


@contextlib.contextmanager
def imap_server(box: Box, tls: ssl.SSLContext | None = None) -> Iterator[Box]:
    """Serve a box on loopback, sealed by `tls`; its `port` says where."""
    handler = type("Handler", (_Handler,), {"box": box, "tls": tls})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        box.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield box
        finally:
            server.shutdown()
            thread.join()
