"""${message}

Rules of this folder: numbered by hand, no import of the application, up and down both work on SQLite and PostgreSQL with
old data in place, a rebuilt SQLite table gets its triggers again (batch mode drops them silently), and CHANGELOG.md
tells the operator what to expect.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
