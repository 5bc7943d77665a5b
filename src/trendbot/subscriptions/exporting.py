"""Everything that is known of a person, as values that JSON knows."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from trendbot.store import consent, feedback, subscribers, told
from trendbot.store.database import Session
from trendbot.store.subscribers import Listed, Subscriber


def export_person(session: Session, subscriber_id: int) -> dict[str, Any]:
    """Return everything that is kept of a subscriber and of the other addresses of the same person.

    Raises:
        NotFoundError: there is no such subscriber.

    """
    subscriber = subscribers.get_subscriber(session, subscriber_id)
    return {"addresses": [_address(session, each) for each in subscribers.of_person(session, subscriber.person)]}


def _address(session: Session, subscriber: Subscriber) -> dict[str, Any]:
    return {
        "kind": subscriber.kind.value,
        "address": subscriber.address,
        "language": subscriber.language,
        "since": subscriber.created_at.isoformat(),
        "subscriptions": [_subscription(each) for each in subscribers.subscriptions_of(session, subscriber.id)],
        "consent": [_plain(asdict(each)) for each in consent.list_events(session, subscriber.id)],
        "feedback": [
            {"story": each.title, "value": each.value, "at": each.at.isoformat()}
            for each in feedback.list_feedback(session, subscriber.id)
        ],
        "messages": [_plain(asdict(each)) for each in told.list_messages(session, subscriber.id)],
    }


def _subscription(listed: Listed) -> dict[str, Any]:
    if listed.subscription is None:  # pragma: no cover  (the query asks for subscriptions only)
        return {}
    tree = _plain(asdict(listed.subscription))
    return {"channel": listed.channel, **{name: tree[name] for name in tree if not name.endswith("_id")}}


def _plain(tree: dict[str, Any]) -> dict[str, Any]:
    return {name: _value(value) for name, value in tree.items()}


def _value(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return _plain(value)
    return [_value(each) for each in value] if isinstance(value, list | tuple) else value
