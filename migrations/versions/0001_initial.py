"""The first schema.

Rules of this folder: see script.py.mako.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# What was published is frozen: the database itself refuses.
FROZEN = "frozen: what was published is never rewritten"
LOGGED = "the log of curations and consents is only appended to"
SQLITE_TRIGGERS = (
    f"""CREATE TRIGGER digests_frozen BEFORE UPDATE ON digests WHEN OLD.frozen_at IS NOT NULL
    BEGIN SELECT RAISE(ABORT, '{FROZEN}'); END""",
    f"""CREATE TRIGGER digests_kept BEFORE DELETE ON digests WHEN OLD.frozen_at IS NOT NULL
    BEGIN SELECT RAISE(ABORT, '{FROZEN}'); END""",
    f"""CREATE TRIGGER editions_frozen BEFORE UPDATE ON editions
    BEGIN SELECT RAISE(ABORT, '{FROZEN}'); END""",
    f"""CREATE TRIGGER editions_kept BEFORE DELETE ON editions
    BEGIN SELECT RAISE(ABORT, '{FROZEN}'); END""",
    f"""CREATE TRIGGER pictures_frozen BEFORE UPDATE ON pictures
    BEGIN SELECT RAISE(ABORT, '{FROZEN}'); END""",
    f"""CREATE TRIGGER pictures_kept BEFORE DELETE ON pictures
    BEGIN SELECT RAISE(ABORT, '{FROZEN}'); END""",
    f"""CREATE TRIGGER consent_frozen BEFORE UPDATE ON consent_events
    BEGIN SELECT RAISE(ABORT, '{LOGGED}'); END""",
    f"""CREATE TRIGGER consent_kept BEFORE DELETE ON consent_events
    BEGIN SELECT RAISE(ABORT, '{LOGGED}'); END""",
    f"""CREATE TRIGGER curations_frozen BEFORE UPDATE ON curations
    BEGIN SELECT RAISE(ABORT, '{LOGGED}'); END""",
    f"""CREATE TRIGGER curations_kept BEFORE DELETE ON curations
    BEGIN SELECT RAISE(ABORT, '{LOGGED}'); END""",
)
POSTGRESQL_TRIGGERS = (
    f"""CREATE FUNCTION trendbot_frozen() RETURNS trigger AS $$
    BEGIN RAISE EXCEPTION '{FROZEN}'; END $$ LANGUAGE plpgsql""",
    """CREATE TRIGGER digests_frozen BEFORE UPDATE OR DELETE ON digests
    FOR EACH ROW WHEN (OLD.frozen_at IS NOT NULL) EXECUTE FUNCTION trendbot_frozen()""",
    """CREATE TRIGGER editions_frozen BEFORE UPDATE OR DELETE ON editions
    FOR EACH ROW EXECUTE FUNCTION trendbot_frozen()""",
    """CREATE TRIGGER pictures_frozen BEFORE UPDATE OR DELETE ON pictures
    FOR EACH ROW EXECUTE FUNCTION trendbot_frozen()""",
    f"""CREATE FUNCTION trendbot_logged() RETURNS trigger AS $$
    BEGIN RAISE EXCEPTION '{LOGGED}'; END $$ LANGUAGE plpgsql""",
    """CREATE TRIGGER consent_frozen BEFORE UPDATE OR DELETE ON consent_events
    FOR EACH ROW EXECUTE FUNCTION trendbot_logged()""",
    """CREATE TRIGGER curations_frozen BEFORE UPDATE OR DELETE ON curations
    FOR EACH ROW EXECUTE FUNCTION trendbot_logged()""",
)

# What is searched. PostgreSQL keeps an index by itself; SQLite's table is filled after entries were grouped.
SQLITE_SEARCH = """CREATE VIRTUAL TABLE entries_search USING fts5(
    title, body, revision UNINDEXED, tokenize = 'unicode61 remove_diacritics 2', prefix = '3')"""
POSTGRESQL_SEARCH = """CREATE INDEX ix_entries_search ON entries
    USING gin (to_tsvector('simple', title || ' ' || left(summary, 600)))"""


def upgrade() -> None:
    op.create_table(
        "bot_chats",
        sa.Column("address", sa.String(length=32), nullable=False),
        sa.Column("expects", sa.String(length=16), nullable=True),
        sa.Column("screen_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_bot_chats")),
    )
    op.create_table(
        "bot_updates",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bot_updates")),
    )
    op.create_index(op.f("ix_bot_updates_at"), "bot_updates", ["at"], unique=False)
    op.create_table(
        "channels",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "telegram",
                "linkedin",
                "email",
                name="channelkind",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("transport", sa.String(length=32), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column(
            "cadence",
            sa.Enum("daily", "weekly", name="cadence", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("personal", sa.Boolean(), nullable=False),
        sa.Column(
            "lost_answer",
            sa.Enum("hold", "resend", "probe", name="lostanswer", native_enum=False, create_constraint=True, length=24),
            nullable=True,
        ),
        sa.Column(
            "late",
            sa.Enum("skip", "merge", name="lateness", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column("topics", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channels")),
        sa.UniqueConstraint("kind", "transport", "address", name=op.f("uq_channels_kind_transport_address")),
        sa.UniqueConstraint("slug", name=op.f("uq_channels_slug")),
    )
    op.create_table(
        "consent_texts",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("wording", sa.Text(), nullable=False),
        sa.Column("first_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_consent_texts")),
    )
    op.create_table(
        "credentials",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("renewable_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_credentials")),
    )
    op.create_table(
        "kept_requests",
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_kept_requests")),
    )
    op.create_table(
        "rates",
        sa.Column("key", sa.String(length=96), nullable=False),
        sa.Column("tat", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_rates")),
    )
    op.create_table(
        "subscribers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("person", sa.String(length=32), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "telegram",
                "linkedin",
                "email",
                name="channelkind",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("address", sa.String(length=320), nullable=True),
        sa.Column("language", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(address IS NULL) = (erased_at IS NOT NULL)", name=op.f("ck_subscribers_erased_has_no_address")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscribers")),
        sa.UniqueConstraint("kind", "address", name=op.f("uq_subscribers_kind_address")),
        sa.UniqueConstraint("public_id", name=op.f("uq_subscribers_public_id")),
    )
    op.create_index(op.f("ix_subscribers_person"), "subscribers", ["person"], unique=False)
    op.create_table(
        "suppressions",
        sa.Column("address_hash", sa.String(length=64), nullable=False),
        sa.Column(
            "reason",
            sa.Enum(
                "bounced",
                "complained",
                "gone",
                "blocked",
                "operator",
                name="suppressionreason",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("address_hash", name=op.f("pk_suppressions")),
    )
    op.create_table(
        "channel_states",
        sa.Column("channel_id", sa.Integer(), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disabled_reason", sa.Text(), nullable=True),
        sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channels.id"], name=op.f("fk_channel_states_channel_id_channels"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("channel_id", name=op.f("pk_channel_states")),
    )
    op.create_table(
        "consent_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("subscriber_id", sa.Integer(), nullable=False),
        sa.Column("channel_id", sa.Integer(), nullable=True),
        sa.Column(
            "event",
            sa.Enum(
                "requested",
                "confirmed",
                "changed",
                "paused",
                "resumed",
                "withdrawn",
                "bounced",
                "complained",
                "imported",
                "erased",
                name="consentkind",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("method", sa.String(length=32), nullable=False),
        sa.Column("text_hash", sa.String(length=64), nullable=True),
        sa.Column("network", sa.String(length=64), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channels.id"], name=op.f("fk_consent_events_channel_id_channels"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["subscriber_id"],
            ["subscribers.id"],
            name=op.f("fk_consent_events_subscriber_id_subscribers"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["text_hash"],
            ["consent_texts.hash"],
            name=op.f("fk_consent_events_text_hash_consent_texts"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_events")),
    )
    op.create_index(op.f("ix_consent_events_subscriber_id"), "consent_events", ["subscriber_id"], unique=False)
    op.create_table(
        "subscriptions",
        sa.Column("subscriber_id", sa.Integer(), nullable=False),
        sa.Column("channel_id", sa.Integer(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "unconfirmed",
                "confirmed",
                "paused",
                "unsubscribed",
                name="subscriptionstatus",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("token_version", sa.Integer(), nullable=False),
        sa.Column("themes", sa.JSON(), nullable=False),
        sa.Column(
            "cadence",
            sa.Enum("daily", "weekly", name="cadence", native_enum=False, create_constraint=True, length=24),
            nullable=True,
        ),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("weekday", sa.String(length=3), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("quiet_from", sa.Integer(), nullable=True),
        sa.Column("quiet_to", sa.Integer(), nullable=True),
        sa.Column("alerts", sa.Integer(), nullable=False),
        sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("soft_bounces", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(quiet_from IS NULL) = (quiet_to IS NULL)", name=op.f("ck_subscriptions_quiet_has_both_ends")
        ),
        sa.CheckConstraint("hour BETWEEN 0 AND 23", name=op.f("ck_subscriptions_hour_of_day")),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channels.id"], name=op.f("fk_subscriptions_channel_id_channels"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["subscriber_id"],
            ["subscribers.id"],
            name=op.f("fk_subscriptions_subscriber_id_subscribers"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("subscriber_id", "channel_id", name=op.f("pk_subscriptions")),
    )
    op.create_index(op.f("ix_subscriptions_channel_id"), "subscriptions", ["channel_id"], unique=False)
    op.create_index(op.f("ix_subscriptions_next_at"), "subscriptions", ["next_at"], unique=False)
    op.create_table(
        "digests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "cadence",
            sa.Enum("daily", "weekly", name="cadence", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column("slot", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("period_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("period_end", sa.DateTime(timezone=True), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("content_version", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("composed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("frozen_by", sa.String(), nullable=True),
        sa.CheckConstraint("(frozen_at IS NULL) = (frozen_by IS NULL)", name=op.f("ck_digests_frozen_by_someone")),
        sa.CheckConstraint("period_start < period_end", name=op.f("ck_digests_period_order")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_digests")),
        sa.UniqueConstraint("cadence", "number", name=op.f("uq_digests_cadence_number")),
        sa.UniqueConstraint("cadence", "slot", name=op.f("uq_digests_cadence_slot")),
    )
    op.create_table(
        "exposures",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "news",
                "lab",
                "research",
                "newsletter",
                "engineering",
                "policy",
                "community",
                "paper",
                name="feedkind",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("stories", sa.Integer(), nullable=False),
        sa.Column("feeds", sa.Integer(), nullable=False),
        sa.Column("measured_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("day", "kind", name=op.f("pk_exposures")),
    )
    op.create_index(op.f("ix_exposures_measured_at"), "exposures", ["measured_at"], unique=False)
    op.create_table(
        "feeds",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("url", sa.String(length=2048), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("site_url", sa.String(), nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "news",
                "lab",
                "research",
                "newsletter",
                "engineering",
                "policy",
                "community",
                "paper",
                name="feedkind",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("language", sa.String(length=16), nullable=True),
        sa.Column("weight", sa.Double(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("user_agent", sa.String(length=256), nullable=True),
        sa.Column("mirrors", sa.JSON(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feeds")),
        sa.UniqueConstraint("url", name=op.f("uq_feeds_url")),
    )
    op.create_table(
        "hosts",
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_hosts")),
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("job", sa.String(length=32), nullable=False),
        sa.Column("slot", sa.String(length=64), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
        sa.UniqueConstraint("job", "slot", name=op.f("uq_runs_job_slot")),
    )
    op.create_table(
        "terms",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("muted", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_terms")),
        sa.UniqueConstraint("name", name=op.f("uq_terms_name")),
    )
    op.create_table(
        "theme_sets",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("applied_by", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_theme_sets")),
    )
    op.create_index(op.f("ix_theme_sets_hash"), "theme_sets", ["hash"], unique=False)
    op.create_table(
        "themes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_themes")),
        sa.UniqueConstraint("slug", name=op.f("uq_themes_slug")),
    )
    op.create_table(
        "editions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "telegram",
                "linkedin",
                "email",
                name="channelkind",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("variant", sa.String(length=1000), nullable=False),
        sa.Column("subject", sa.String(), nullable=True),
        sa.Column("parts", sa.JSON(), nullable=False),
        sa.Column("text_body", sa.Text(), nullable=True),
        sa.Column("template_hash", sa.String(length=64), nullable=False),
        sa.Column("chart", sa.String(length=32), nullable=True),
        sa.Column("rendered_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["digest_id"], ["digests.id"], name=op.f("fk_editions_digest_id_digests"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_editions")),
        sa.UniqueConstraint("digest_id", "kind", "variant", name=op.f("uq_editions_digest_id_kind_variant")),
    )
    op.create_table(
        "retellings",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("model", sa.String(length=128), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("refused", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_retellings")),
    )
    op.create_table(
        "pictures",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column(
            "form",
            sa.Enum(
                "card",
                "mail",
                "mail-dark",
                "web",
                "web-dark",
                name="pictureform",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("media_type", sa.String(length=32), nullable=False),
        sa.Column("alt", sa.Text(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["digest_id"], ["digests.id"], name=op.f("fk_pictures_digest_id_digests"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pictures")),
        sa.UniqueConstraint("digest_id", "key", "form", name=op.f("uq_pictures_digest_id_key_form")),
    )
    op.create_table(
        "entries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("feed_id", sa.Integer(), nullable=False),
        sa.Column("guid", sa.String(length=2048), nullable=False),
        sa.Column("url", sa.String(length=2048), nullable=False),
        sa.Column("canonical_url", sa.String(length=2048), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("author", sa.String(), nullable=True),
        sa.Column("language", sa.String(length=16), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("dated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("backlog", sa.Boolean(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["feed_id"], ["feeds.id"], name=op.f("fk_entries_feed_id_feeds"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entries")),
        sa.UniqueConstraint("feed_id", "guid", name=op.f("uq_entries_feed_id_guid")),
    )
    op.create_index(op.f("ix_entries_canonical_url"), "entries", ["canonical_url"], unique=False)
    op.create_index(op.f("ix_entries_dated_at_id"), "entries", ["dated_at", "id"], unique=False)
    op.create_index(op.f("ix_entries_seen_at_id"), "entries", ["seen_at", "id"], unique=False)
    op.create_table(
        "entry_tombstones",
        sa.Column("feed_id", sa.Integer(), nullable=False),
        sa.Column("guid_hash", sa.String(length=64), nullable=False),
        sa.Column("pruned_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["feed_id"], ["feeds.id"], name=op.f("fk_entry_tombstones_feed_id_feeds"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("feed_id", "guid_hash", name=op.f("pk_entry_tombstones")),
    )
    op.create_table(
        "feed_states",
        sa.Column("feed_id", sa.Integer(), nullable=False),
        sa.Column("next_poll_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("leased_by", sa.String(length=128), nullable=True),
        sa.Column("validated_url", sa.String(length=2048), nullable=True),
        sa.Column("etag", sa.String(), nullable=True),
        sa.Column("last_modified", sa.String(), nullable=True),
        sa.Column("body_hash", sa.String(length=64), nullable=True),
        sa.Column("polled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("succeeded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("moved_to", sa.String(length=2048), nullable=True),
        sa.Column("moved_polls", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("hints", sa.JSON(), nullable=False),
        sa.Column("rhythm", sa.JSON(), nullable=False),
        sa.Column("listing", sa.JSON(), nullable=False),
        sa.Column("missing", sa.JSON(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("stand_in", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["feed_id"], ["feeds.id"], name=op.f("fk_feed_states_feed_id_feeds"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("feed_id", name=op.f("pk_feed_states")),
    )
    op.create_index(op.f("ix_feed_states_next_poll_at"), "feed_states", ["next_poll_at"], unique=False)
    op.create_table(
        "feed_polls",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("feed_id", sa.Integer(), nullable=False),
        sa.Column("polled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("url", sa.String(length=2048), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("listed", sa.Integer(), nullable=False),
        sa.Column("known", sa.Integer(), nullable=False),
        sa.Column("new", sa.Integer(), nullable=False),
        sa.Column("edited", sa.Integer(), nullable=False),
        sa.Column("renamed", sa.Integer(), nullable=False),
        sa.Column("removed", sa.Integer(), nullable=False),
        sa.Column("redated", sa.Integer(), nullable=False),
        sa.Column("shift_s", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["feed_id"], ["feeds.id"], name=op.f("fk_feed_polls_feed_id_feeds"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed_polls")),
    )
    op.create_index(op.f("ix_feed_polls_feed_id_id"), "feed_polls", ["feed_id", "id"], unique=False)
    op.create_table(
        "series",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("theme_id", sa.Integer(), nullable=True),
        sa.Column("term_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("(theme_id IS NULL) <> (term_id IS NULL)", name=op.f("ck_series_one_subject")),
        sa.ForeignKeyConstraint(["term_id"], ["terms.id"], name=op.f("fk_series_term_id_terms"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["theme_id"], ["themes.id"], name=op.f("fk_series_theme_id_themes"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_series")),
        sa.UniqueConstraint("term_id", name=op.f("uq_series_term_id")),
        sa.UniqueConstraint("theme_id", name=op.f("uq_series_theme_id")),
    )
    op.create_table(
        "entry_revisions",
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["entries.id"], name=op.f("fk_entry_revisions_entry_id_entries"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("entry_id", "revision", name=op.f("pk_entry_revisions")),
    )
    op.create_table(
        "mentions",
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("term_id", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["entries.id"], name=op.f("fk_mentions_entry_id_entries"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["term_id"], ["terms.id"], name=op.f("fk_mentions_term_id_terms"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("entry_id", "term_id", name=op.f("pk_mentions")),
    )
    op.create_index(op.f("ix_mentions_term_id"), "mentions", ["term_id"], unique=False)
    op.create_table(
        "series_points",
        sa.Column("series_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "news",
                "lab",
                "research",
                "newsletter",
                "engineering",
                "policy",
                "community",
                "paper",
                name="feedkind",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("stories", sa.Integer(), nullable=False),
        sa.Column("feeds", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["series_id"], ["series.id"], name=op.f("fk_series_points_series_id_series"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("series_id", "day", "kind", name=op.f("pk_series_points")),
    )
    op.create_table(
        "stories",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("lead_entry_id", sa.Integer(), nullable=True),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("merged_into_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["lead_entry_id"], ["entries.id"], name=op.f("fk_stories_lead_entry_id_entries"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["merged_into_id"], ["stories.id"], name=op.f("fk_stories_merged_into_id_stories"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stories")),
        sa.UniqueConstraint("public_id", name=op.f("uq_stories_public_id")),
    )
    op.create_index(op.f("ix_stories_last_at"), "stories", ["last_at"], unique=False)
    op.create_index(op.f("ix_stories_merged_into_id"), "stories", ["merged_into_id"], unique=False)
    op.create_table(
        "taggings",
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column(
            "annotator",
            sa.Enum("human", "rule", "model", name="annotator", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column("made_by", sa.String(length=128), nullable=False),
        sa.Column("entry_revision", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["entries.id"], name=op.f("fk_taggings_entry_id_entries"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("entry_id", "annotator", name=op.f("pk_taggings")),
    )
    op.create_index(op.f("ix_taggings_made_by"), "taggings", ["made_by"], unique=False)
    op.create_table(
        "tags",
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("theme_id", sa.Integer(), nullable=False),
        sa.Column(
            "annotator",
            sa.Enum("human", "rule", "model", name="annotator", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column("made_by", sa.String(length=128), nullable=False),
        sa.Column("applies", sa.Boolean(), nullable=False),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("confidence", sa.Double(), nullable=True),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("entry_revision", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("annotator <> 'human' OR confidence IS NULL", name=op.f("ck_tags_human_is_certain")),
        sa.CheckConstraint("confidence IS NULL OR confidence BETWEEN 0 AND 1", name=op.f("ck_tags_confidence_range")),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["entries.id"], name=op.f("fk_tags_entry_id_entries"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["theme_id"], ["themes.id"], name=op.f("fk_tags_theme_id_themes"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("entry_id", "theme_id", "annotator", name=op.f("pk_tags")),
    )
    op.create_index(op.f("ix_tags_theme_id_entry_id"), "tags", ["theme_id", "entry_id"], unique=False)
    op.create_index(
        "ix_tags_human",
        "tags",
        ["entry_id", "theme_id"],
        unique=False,
        sqlite_where=sa.text("annotator = 'human'"),
        postgresql_where=sa.text("annotator = 'human'"),
    )
    op.create_table(
        "trends",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("series_id", sa.Integer(), nullable=False),
        sa.Column("window_days", sa.Integer(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("method", sa.String(length=32), nullable=False),
        sa.Column("direction", sa.String(length=16), nullable=False),
        sa.Column("current", sa.Double(), nullable=False),
        sa.Column("baseline", sa.Double(), nullable=False),
        sa.Column("low", sa.Double(), nullable=True),
        sa.Column("high", sa.Double(), nullable=True),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["series_id"], ["series.id"], name=op.f("fk_trends_series_id_series"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trends")),
        sa.UniqueConstraint("series_id", "window_days", "as_of", name=op.f("uq_trends_series_id_window_days_as_of")),
    )
    op.create_index(op.f("ix_trends_as_of"), "trends", ["as_of"], unique=False)
    op.create_table(
        "digest_stories",
        sa.Column("digest_id", sa.Integer(), nullable=False),
        sa.Column("story_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("section", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["digest_id"], ["digests.id"], name=op.f("fk_digest_stories_digest_id_digests"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["story_id"], ["stories.id"], name=op.f("fk_digest_stories_story_id_stories"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("digest_id", "story_id", name=op.f("pk_digest_stories")),
        sa.UniqueConstraint("digest_id", "position", name=op.f("uq_digest_stories_digest_id_position")),
    )
    op.create_index(op.f("ix_digest_stories_story_id"), "digest_stories", ["story_id"], unique=False)
    op.create_table(
        "story_holds",
        sa.Column("story_id", sa.Integer(), nullable=False),
        sa.Column("lead_entry_id", sa.Integer(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["lead_entry_id"],
            ["entries.id"],
            name=op.f("fk_story_holds_lead_entry_id_entries"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["story_id"], ["stories.id"], name=op.f("fk_story_holds_story_id_stories"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("story_id", name=op.f("pk_story_holds")),
    )
    op.create_table(
        "story_entries",
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("story_id", sa.Integer(), nullable=False),
        sa.Column(
            "annotator",
            sa.Enum("human", "rule", "model", name="annotator", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column("similarity", sa.Double(), nullable=True),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["entries.id"], name=op.f("fk_story_entries_entry_id_entries"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["story_id"], ["stories.id"], name=op.f("fk_story_entries_story_id_stories"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_story_entries")),
    )
    op.create_index(op.f("ix_story_entries_story_id"), "story_entries", ["story_id"], unique=False)
    op.create_table(
        "reviews",
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("entry_revision", sa.Integer(), nullable=False),
        sa.Column("drawn", sa.String(length=16), nullable=False),
        sa.Column("said", sa.JSON(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["entries.id"], name=op.f("fk_reviews_entry_id_entries"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_reviews")),
    )
    op.create_table(
        "curations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("act", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=160), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("undoes", sa.Integer(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_curations")),
        sa.UniqueConstraint("act", "subject", name=op.f("uq_curations_act_subject")),
        sa.UniqueConstraint("undoes", "subject", name=op.f("uq_curations_undoes_subject")),
    )
    op.create_index(op.f("ix_curations_subject_id"), "curations", ["subject", "id"], unique=False)
    op.create_table(
        "own_terms",
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=True),
        sa.Column("aliases", sa.JSON(), nullable=False),
        sa.Column("themes", sa.JSON(), nullable=False),
        sa.Column("merged_into", sa.String(length=128), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_own_terms")),
    )
    op.create_table(
        "rejected_names",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("text", sa.String(length=128), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_rejected_names")),
    )
    op.create_table(
        "names",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("forms", sa.JSON(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("lower", sa.Integer(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_names")),
    )
    op.create_index(op.f("ix_names_last_day"), "names", ["last_day"], unique=False)
    op.create_table(
        "name_days",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("strong", sa.Integer(), nullable=False),
        sa.Column("feeds", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("key", "day", name=op.f("pk_name_days")),
    )
    op.create_index(op.f("ix_name_days_day"), "name_days", ["day"], unique=False)
    op.create_table(
        "name_readings",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("last_entry_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_name_readings")),
    )
    op.create_table(
        "name_suggestions",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("text", sa.String(length=64), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("feeds", sa.Integer(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_name_suggestions")),
    )
    op.create_index(op.f("ix_name_suggestions_day"), "name_suggestions", ["day"], unique=False)
    op.create_table(
        "models",
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("trained_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("labels", sa.Integer(), nullable=False),
        sa.Column("rules", sa.String(length=64), nullable=False),
        sa.Column("metrics", sa.JSON(), nullable=False),
        sa.Column("weights", sa.LargeBinary(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_models")),
    )
    op.create_index(
        "ix_models_active",
        "models",
        ["active"],
        unique=True,
        sqlite_where=sa.text("active"),
        postgresql_where=sa.text("active"),
    )
    op.create_table(
        "feedback",
        sa.Column("subscriber_id", sa.Integer(), nullable=False),
        sa.Column("story_id", sa.Integer(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["story_id"], ["stories.id"], name=op.f("fk_feedback_story_id_stories"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["subscriber_id"],
            ["subscribers.id"],
            name=op.f("fk_feedback_subscriber_id_subscribers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("subscriber_id", "story_id", name=op.f("pk_feedback")),
    )
    op.create_index(op.f("ix_feedback_story_id"), "feedback", ["story_id"], unique=False)
    op.create_table(
        "notices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.Column(
            "notice",
            sa.Enum(
                "alert",
                "confirm",
                "correction",
                "operator",
                name="noticekind",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column(
            "kind",
            sa.Enum(
                "telegram",
                "linkedin",
                "email",
                name="channelkind",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("story_id", sa.Integer(), nullable=True),
        sa.Column("subject", sa.String(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("text_body", sa.Text(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["story_id"], ["stories.id"], name=op.f("fk_notices_story_id_stories"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint("key", name=op.f("uq_notices_key")),
    )
    op.create_index(op.f("ix_notices_story_id"), "notices", ["story_id"], unique=False)
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=96), nullable=False),
        sa.Column("edition_id", sa.Integer(), nullable=True),
        sa.Column("notice_id", sa.Integer(), nullable=True),
        sa.Column("channel_id", sa.Integer(), nullable=False),
        sa.Column("subscriber_id", sa.Integer(), nullable=True),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "pending",
                "sending",
                "sent",
                "failed",
                "uncertain",
                "skipped",
                name="deliverystatus",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("too_late_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease", sa.String(length=32), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("external_id", sa.String(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint("(status = 'sent') = (sent_at IS NOT NULL)", name=op.f("ck_deliveries_sent_has_time")),
        sa.CheckConstraint("(edition_id IS NULL) <> (notice_id IS NULL)", name=op.f("ck_deliveries_one_message")),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channels.id"], name=op.f("fk_deliveries_channel_id_channels"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["edition_id"], ["editions.id"], name=op.f("fk_deliveries_edition_id_editions"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["notice_id"], ["notices.id"], name=op.f("fk_deliveries_notice_id_notices"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["subscriber_id"],
            ["subscribers.id"],
            name=op.f("fk_deliveries_subscriber_id_subscribers"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("key", name=op.f("uq_deliveries_key")),
    )
    op.create_index(op.f("ix_deliveries_channel_id"), "deliveries", ["channel_id"], unique=False)
    op.create_index(
        "ix_deliveries_due",
        "deliveries",
        ["not_before"],
        unique=False,
        sqlite_where=sa.text("status = 'pending'"),
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_index(
        "ix_deliveries_sending",
        "deliveries",
        ["leased_until"],
        unique=False,
        sqlite_where=sa.text("status = 'sending'"),
        postgresql_where=sa.text("status = 'sending'"),
    )
    op.create_index(
        "ix_deliveries_recipient", "deliveries", ["edition_id", "channel_id", "subscriber_id", "part"], unique=False
    )
    op.create_index(op.f("ix_deliveries_notice_id"), "deliveries", ["notice_id"], unique=False)
    op.create_index(op.f("ix_deliveries_subscriber_id"), "deliveries", ["subscriber_id"], unique=False)
    op.create_table(
        "digest_drafts",
        sa.Column(
            "cadence",
            sa.Enum("daily", "weekly", name="cadence", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column("slot", sa.String(length=32), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("machine", sa.JSON(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("drafted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("composed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=True),
        sa.Column("verdict_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verdict_by", sa.String(length=64), nullable=True),
        sa.Column("lapsed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("cadence", "slot", name=op.f("pk_digest_drafts")),
    )
    op.create_table(
        "digest_choices",
        sa.Column(
            "cadence",
            sa.Enum("daily", "weekly", name="cadence", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column("slot", sa.String(length=32), nullable=False),
        sa.Column("story_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.String(length=16), nullable=True),
        sa.Column("headline", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["story_id"], ["stories.id"], name=op.f("fk_digest_choices_story_id_stories"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("cadence", "slot", "story_id", name=op.f("pk_digest_choices")),
    )
    op.create_table(
        "errata",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest_id", sa.Integer(), nullable=False),
        sa.Column("story_id", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("cause", sa.String(length=16), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("now_says", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.Column("dismissed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dismissed_by", sa.String(length=64), nullable=True),
        sa.Column("told_in", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["digest_id"], ["digests.id"], name=op.f("fk_errata_digest_id_digests"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["entries.id"], name=op.f("fk_errata_entry_id_entries"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["story_id"], ["stories.id"], name=op.f("fk_errata_story_id_stories"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["told_in"], ["digests.id"], name=op.f("fk_errata_told_in_digests"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_errata")),
        sa.UniqueConstraint(
            "digest_id", "entry_id", "cause", "revision", name=op.f("uq_errata_digest_id_entry_id_cause_revision")
        ),
    )
    op.create_index(op.f("ix_errata_digest_id"), "errata", ["digest_id"], unique=False)
    op.create_index(op.f("ix_errata_told_in"), "errata", ["told_in"], unique=False)
    op.create_table(
        "erratum_edits",
        sa.Column("erratum_id", sa.Integer(), nullable=False),
        sa.Column("delivery_id", sa.Integer(), nullable=False),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["deliveries.id"], name=op.f("fk_erratum_edits_delivery_id_deliveries"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["erratum_id"], ["errata.id"], name=op.f("fk_erratum_edits_erratum_id_errata"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("erratum_id", "delivery_id", name=op.f("pk_erratum_edits")),
    )
    sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in SQLITE_TRIGGERS if sqlite else POSTGRESQL_TRIGGERS:
        op.execute(statement)
    op.execute(SQLITE_SEARCH if sqlite else POSTGRESQL_SEARCH)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION trendbot_frozen() CASCADE")
        op.execute("DROP FUNCTION trendbot_logged() CASCADE")
    else:
        op.execute("DROP TABLE entries_search")
    op.drop_table("erratum_edits")
    op.drop_index(op.f("ix_errata_told_in"), table_name="errata")
    op.drop_index(op.f("ix_errata_digest_id"), table_name="errata")
    op.drop_table("errata")
    op.drop_table("digest_choices")
    op.drop_table("digest_drafts")
    op.drop_index(op.f("ix_deliveries_subscriber_id"), table_name="deliveries")
    op.drop_index(op.f("ix_deliveries_notice_id"), table_name="deliveries")
    op.drop_index(
        "ix_deliveries_sending",
        table_name="deliveries",
        sqlite_where=sa.text("status = 'sending'"),
        postgresql_where=sa.text("status = 'sending'"),
    )
    op.drop_index("ix_deliveries_recipient", table_name="deliveries")
    op.drop_index(
        "ix_deliveries_due",
        table_name="deliveries",
        sqlite_where=sa.text("status = 'pending'"),
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.drop_index(op.f("ix_deliveries_channel_id"), table_name="deliveries")
    op.drop_table("deliveries")
    op.drop_index(op.f("ix_notices_story_id"), table_name="notices")
    op.drop_table("notices")
    op.drop_index(op.f("ix_feedback_story_id"), table_name="feedback")
    op.drop_table("feedback")
    op.drop_index(
        "ix_models_active",
        table_name="models",
        sqlite_where=sa.text("active"),
        postgresql_where=sa.text("active"),
    )
    op.drop_table("models")
    op.drop_index(op.f("ix_name_suggestions_day"), table_name="name_suggestions")
    op.drop_table("name_suggestions")
    op.drop_table("name_readings")
    op.drop_index(op.f("ix_name_days_day"), table_name="name_days")
    op.drop_table("name_days")
    op.drop_index(op.f("ix_names_last_day"), table_name="names")
    op.drop_table("names")
    op.drop_table("rejected_names")
    op.drop_table("own_terms")
    op.drop_index(op.f("ix_curations_subject_id"), table_name="curations")
    op.drop_table("curations")
    op.drop_table("reviews")
    op.drop_table("story_holds")
    op.drop_index(op.f("ix_story_entries_story_id"), table_name="story_entries")
    op.drop_table("story_entries")
    op.drop_index(op.f("ix_digest_stories_story_id"), table_name="digest_stories")
    op.drop_table("digest_stories")
    op.drop_index(op.f("ix_trends_as_of"), table_name="trends")
    op.drop_table("trends")
    op.drop_index(
        "ix_tags_human",
        table_name="tags",
        sqlite_where=sa.text("annotator = 'human'"),
        postgresql_where=sa.text("annotator = 'human'"),
    )
    op.drop_index(op.f("ix_tags_theme_id_entry_id"), table_name="tags")
    op.drop_table("tags")
    op.drop_index(op.f("ix_taggings_made_by"), table_name="taggings")
    op.drop_table("taggings")
    op.drop_index(op.f("ix_stories_merged_into_id"), table_name="stories")
    op.drop_index(op.f("ix_stories_last_at"), table_name="stories")
    op.drop_table("stories")
    op.drop_table("series_points")
    op.drop_index(op.f("ix_mentions_term_id"), table_name="mentions")
    op.drop_table("mentions")
    op.drop_table("entry_revisions")
    op.drop_table("series")
    op.drop_index(op.f("ix_feed_polls_feed_id_id"), table_name="feed_polls")
    op.drop_table("feed_polls")
    op.drop_index(op.f("ix_feed_states_next_poll_at"), table_name="feed_states")
    op.drop_table("feed_states")
    op.drop_table("entry_tombstones")
    op.drop_index(op.f("ix_entries_seen_at_id"), table_name="entries")
    op.drop_index(op.f("ix_entries_dated_at_id"), table_name="entries")
    op.drop_index(op.f("ix_entries_canonical_url"), table_name="entries")
    op.drop_table("entries")
    op.drop_table("pictures")
    op.drop_table("retellings")
    op.drop_table("editions")
    op.drop_table("themes")
    op.drop_index(op.f("ix_theme_sets_hash"), table_name="theme_sets")
    op.drop_table("theme_sets")
    op.drop_table("terms")
    op.drop_table("runs")
    op.drop_table("hosts")
    op.drop_table("feeds")
    op.drop_index(op.f("ix_exposures_measured_at"), table_name="exposures")
    op.drop_table("exposures")
    op.drop_table("digests")
    op.drop_index(op.f("ix_subscriptions_next_at"), table_name="subscriptions")
    op.drop_index(op.f("ix_subscriptions_channel_id"), table_name="subscriptions")
    op.drop_table("subscriptions")
    op.drop_index(op.f("ix_consent_events_subscriber_id"), table_name="consent_events")
    op.drop_table("consent_events")
    op.drop_table("channel_states")
    op.drop_table("suppressions")
    op.drop_index(op.f("ix_subscribers_person"), table_name="subscribers")
    op.drop_table("subscribers")
    op.drop_table("rates")
    op.drop_table("kept_requests")
    op.drop_table("credentials")
    op.drop_table("consent_texts")
    op.drop_table("channels")
    op.drop_index(op.f("ix_bot_updates_at"), table_name="bot_updates")
    op.drop_table("bot_updates")
    op.drop_table("bot_chats")
