"""Tables of what is kept. Times are seconds since 1970."""

from __future__ import annotations

import sqlalchemy as sa

from modellab.server.database import METADATA

blobs = sa.Table(
    "blob",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("project", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("content_type", sa.Text, nullable=False),
    sa.Column("duration_s", sa.Float),  # of audio
    sa.Column("rate_hz", sa.Integer),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("expires_at", sa.Float, index=True),  # none: while something pins it
    sa.Column("is_whole", sa.Boolean, nullable=False),  # its bytes are where they belong
    sa.UniqueConstraint("project", "kind", "sha256"),
)
pins = sa.Table(  # why a blob is kept without an end
    "blob_pin",
    METADATA,
    sa.Column("blob", sa.Text, sa.ForeignKey("blob.id"), primary_key=True),
    sa.Column("by", sa.Text, primary_key=True),
)
