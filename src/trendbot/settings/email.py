"""Settings of mail: the server it goes through, who writes, how fast, and how it is signed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr

from trendbot.settings.base import Group

Rate = Annotated[float, Field(gt=0, le=1000)]


class EmailSettings(Group):
    """The mail server that digests and confirmations go through; see docs/email.md."""

    host: str = Field(default="", max_length=255, description="The mail server (SMTP); without one no mail is sent.")
    port: Annotated[int, Field(ge=0, le=65535)] = Field(
        default=0, description="Its port; 0 is the usual one: 587 with starttls, 465 with tls, 25 with plain."
    )
    security: Literal["starttls", "tls", "plain"] = Field(
        default="starttls", description="How the way there is sealed; `plain` is for a server on this machine."
    )
    ca_bundle: Path | None = Field(
        default=None, description="Whom to trust for the servers' certificates (PEM); default whom the system trusts."
    )
    user: str = Field(default="", max_length=255, description="The name to log in with; empty does not log in.")
    password: SecretStr | None = Field(default=None, description="Its password.")
    sender: str = Field(default="", max_length=254, description="The address in From; your own domain, and monitored.")
    reply_to: str = Field(default="", max_length=254, description="Where answers go; default the sender.")
    list_id: str = Field(
        default="", max_length=200, description="What stands in List-Id; default `digest.` and the sender's domain."
    )
    bounces: str = Field(
        default="",
        max_length=200,
        description="The mailbox for what cannot be delivered; each mail gets a return address of its own below it.",
    )
    bounces_from: str = Field(
        default="",
        max_length=500,
        description="Where that mailbox is read: a Maildir, a folder, or `imaps://USER@HOST/INBOX`; default nowhere.",
    )
    bounces_password: SecretStr | None = Field(default=None, description="The password of that mailbox.")
    unsubscribe: str = Field(
        default="",
        max_length=254,
        description="Where unsubscribing by mail goes, beside the one click; default `bounces`, where that is read.",
    )
    feedback_id: str = Field(
        default="",
        max_length=15,
        pattern=r"^(?:[A-Za-z0-9-]{5,15})?$",
        description="Your name in Feedback-ID, 5 to 15 letters or digits; default made of the sender's domain.",
    )
    goodbye: bool = Field(default=True, description="Whether who unsubscribes gets one last mail that says so.")
    rate: Rate = Field(default=10.0, description="Mails a second to everybody together.")
    domain_rate: Rate = Field(default=5.0, description="Mails a second to one provider (gmail.com, outlook.com, …).")
    domain_rates: str = Field(
        default="",
        max_length=1000,
        pattern=r"^(?:[a-z0-9.-]+=[0-9.]+(?:[ ,]+|$))*$",
        description="Other rates for single providers: `gmail.com=2 yahoo.com=0.5`.",
    )
    connections: Annotated[int, Field(ge=1, le=32)] = Field(
        default=4, description="Connections open at once; each is renewed after 50 mails."
    )
    dkim_selector: str = Field(
        default="",
        max_length=63,
        pattern=r"^[A-Za-z0-9.-]*$",
        description="The selector under which the public key stands in the DNS; empty leaves signing to the server.",
    )
    dkim_domain: str = Field(default="", max_length=255, description="The signing domain; default the sender's.")
    dkim_key: SecretStr | None = Field(
        default=None, description="The private key (RSA, PEM) that mails are signed with."
    )
