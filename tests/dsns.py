"""Messages as mail servers and providers write them into a bounce mailbox."""

from __future__ import annotations

_RETURNED = """Return-Path: <{verp}>
From: The Digest <digest@mail.example>
To: reader@far.example
Subject: The week
Message-ID: <weekly-1@mail.example>

"""


def dsn(
    verp: str, status: str = "5.1.1", *, action: str = "failed", said: str = "smtp; 550 no", key: str = "1",
    to: str = "bounces@mail.example",
) -> bytes:  # fmt: skip
    """Return a delivery report (RFC 3464) about the mail whose return address was `verp`."""
    return f"""Return-Path: <>
From: MAILER-DAEMON@relay.example (Mail Delivery System)
To: {to}
Subject: Undelivered Mail Returned to Sender
Message-ID: <dsn-{key}@relay.example>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="BOUND"

--BOUND
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

--BOUND
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.example
Arrival-Date: Mon, 23 Nov 2026 08:00:01 +0000 (UTC)

Final-Recipient: rfc822; reader@far.example
Action: {action}
Status: {status}
Diagnostic-Code: {said}

--BOUND
Content-Type: text/rfc822-headers

{_RETURNED.format(verp=verp)}
--BOUND--
""".replace("\n", "\r\n").encode()


def complaint(verp: str, kind: str = "abuse", key: str = "1") -> bytes:
    """Return a feedback report (ARF, RFC 5965) in which the provider hid the reader."""
    return f"""From: <feedback@far.example>
To: <abuse@mail.example>
Subject: FW: The week
Message-ID: <arf-{key}@far.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="part"

--part
Content-Type: text/plain; charset="US-ASCII"

This is an email abuse report for a message received from 192.0.2.1.

--part
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: SomeGenerator/1.0
Version: 1
Original-Mail-From: <{verp}>
Original-Rcpt-To: <redacted@far.example>

--part
Content-Type: message/rfc822
Content-Disposition: inline

{_RETURNED.format(verp=verp)}The week, in short.
--part--
""".replace("\n", "\r\n").encode()


def qmail(verp: str, why: str, key: str = "1") -> bytes:
    """Return a bounce in the form of qmail, which follows no standard."""
    return f"""Return-Path: <>
From: MAILER-DAEMON@old.example
To: {verp}
Subject: failure notice
Message-ID: <qmail-{key}@old.example>

Hi. This is the qmail-send program at old.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<reader@far.example>:
{why}

--- Below this line is a copy of the message.

{_RETURNED.format(verp=verp)}The week, in short.
""".replace("\n", "\r\n").encode()


def vacation(verp: str) -> bytes:
    """Return what an answering machine says."""
    return f"""From: reader@far.example
To: {verp}
Subject: Out of office
Message-ID: <away-1@far.example>
Auto-Submitted: auto-replied (vacation)

I am away; user unknown until Monday.
""".replace("\n", "\r\n").encode()
