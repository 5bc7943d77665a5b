"""Mail that comes back, letters of welcome and goodbye, dates of what was pruned; PostgreSQL: search, errors' class.

Rules of this folder: see script.py.mako.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

OLD_NOTICES = ("alert", "confirm", "correction", "operator")
NEW_NOTICES = ("alert", "confirm", "welcome", "goodbye", "correction", "operator")
RAISES = {
    "trendbot_frozen": "frozen: what was published is never rewritten",
    "trendbot_logged": "the log of curations and consents is only appended to",
}
PLAIN = r"""CREATE FUNCTION trendbot_plain(said text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN regexp_replace(normalize(said, NFKD), U&'[\0300-\036f]', '', 'g')"""
NEW_SEARCH = """CREATE INDEX ix_entries_search ON entries USING gin ((
    setweight(to_tsvector('simple', trendbot_plain(title)), 'A')
    || to_tsvector('simple', trendbot_plain(left(summary, 600)))))"""
OLD_SEARCH = """CREATE INDEX ix_entries_search ON entries
    USING gin (to_tsvector('simple', title || ' ' || left(summary, 600)))"""


def upgrade() -> None:
    op.create_table(
        "bounces",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("delivery_id", sa.Integer(), nullable=False),
        sa.Column("subscriber_id", sa.Integer(), nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "hard",
                "soft",
                "policy",
                "complaint",
                name="bouncekind",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("status", sa.String(length=16), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["subscriber_id"],
            ["subscribers.id"],
            name=op.f("fk_bounces_subscriber_id_subscribers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_bounces")),
    )
    op.create_index(op.f("ix_bounces_at"), "bounces", ["at"], unique=False)
    op.create_index(op.f("ix_bounces_subscriber_id"), "bounces", ["subscriber_id"], unique=False)
    op.add_column("entry_tombstones", sa.Column("dated_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE entry_tombstones SET dated_at = pruned_at")
    with op.batch_alter_table("entry_tombstones") as batch:
        batch.alter_column("dated_at", existing_type=sa.DateTime(timezone=True), nullable=False)
    _allow_notices(NEW_NOTICES)
    with op.batch_alter_table("subscriptions") as batch:
        batch.drop_column("soft_bounces")  # they are counted from bounces
    if op.get_bind().dialect.name == "postgresql":
        _raise_as(" USING ERRCODE = 'check_violation'")
        op.execute("DROP INDEX ix_entries_search")
        op.execute(PLAIN)
        op.execute(NEW_SEARCH)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP INDEX ix_entries_search")
        op.execute("DROP FUNCTION trendbot_plain(text)")
        op.execute(OLD_SEARCH)
        _raise_as("")
    with op.batch_alter_table("subscriptions") as batch:
        batch.add_column(sa.Column("soft_bounces", sa.Integer(), nullable=False, server_default="0"))
    op.execute("UPDATE notices SET notice = 'confirm' WHERE notice IN ('welcome', 'goodbye')")
    _allow_notices(OLD_NOTICES)
    with op.batch_alter_table("entry_tombstones") as batch:
        batch.drop_column("dated_at")
    op.drop_index(op.f("ix_bounces_subscriber_id"), table_name="bounces")
    op.drop_index(op.f("ix_bounces_at"), table_name="bounces")
    op.drop_table("bounces")


def _allow_notices(kinds: tuple[str, ...]) -> None:
    allowed = ", ".join(f"'{kind}'" for kind in kinds)
    with op.batch_alter_table("notices") as batch:
        batch.drop_constraint(op.f("noticekind"), type_="check")
        batch.create_check_constraint(op.f("noticekind"), f"notice IN ({allowed})")


def _raise_as(error_class: str) -> None:
    for name, said in RAISES.items():
        op.execute(
            f"""CREATE OR REPLACE FUNCTION {name}() RETURNS trigger AS $$
            BEGIN RAISE EXCEPTION '{said}'{error_class}; END $$ LANGUAGE plpgsql"""
        )
