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
shares = sa.Table(
    "share",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),  # 128 bits that nobody guesses: who has them sees it
    sa.Column("project", sa.Text, nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("target", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("page", sa.Text, nullable=False),  # the blob of its page
    sa.Column("policy", sa.Text, nullable=False),  # what the page may do, as its header says
    sa.Column("sound", sa.Text, nullable=False),  # the blob that it plays, '' where it plays none
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("expires_at", sa.Float, nullable=False, index=True),
    sa.Column("revoked_at", sa.Float),
    sa.Index("share_newest", "project", "created_at", "id"),
)
