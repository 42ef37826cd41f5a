"""What the database keeps of people and tokens. No secret is in it that could be used: digests and argon2id alone."""

from __future__ import annotations

import sqlalchemy as sa

from modellab.server.database import METADATA

PROJECT = "default"  # the one that is always there

projects = sa.Table(
    "project", METADATA,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("created_at", sa.Float, nullable=False),  # seconds since 1970, as all times here
)  # fmt: skip

accounts = sa.Table(
    "account", METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("password", sa.Text),  # argon2id; none: signs in elsewhere
    sa.Column("issuer", sa.Text),  # where that is, and who they are there
    sa.Column("subject", sa.Text),
    sa.Column("is_admin", sa.Boolean, nullable=False, default=False),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("disabled_at", sa.Float),
    sa.UniqueConstraint("issuer", "subject"),
)  # fmt: skip

members = sa.Table(
    "member", METADATA,
    sa.Column("account", sa.Text, sa.ForeignKey("account.id"), primary_key=True),
    sa.Column("project", sa.Text, sa.ForeignKey("project.name"), primary_key=True),
    sa.Column("role", sa.Text, nullable=False),
)  # fmt: skip

tokens = sa.Table(
    "token", METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),  # SHA-256 of the whole token
    sa.Column("account", sa.Text, sa.ForeignKey("account.id")),  # whose it is; none: a program's
    sa.Column("project", sa.Text, sa.ForeignKey("project.name")),  # that it is bound to; none: a request says which
    sa.Column("scopes", sa.Text, nullable=False),  # joined by spaces
    sa.Column("made_by", sa.Text, nullable=False),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("expires_at", sa.Float),
    sa.Column("revoked_at", sa.Float),
    sa.Column("used_at", sa.Float),  # to the minute
)  # fmt: skip
_live = tokens.c.revoked_at.is_(None)
sa.Index("token_name", tokens.c.name, unique=True, sqlite_where=_live, postgresql_where=_live)

sessions = sa.Table(
    "session", METADATA,
    sa.Column("id", sa.Text, primary_key=True),  # SHA-256 of what the cookie holds
    sa.Column("account", sa.Text, sa.ForeignKey("account.id"), nullable=False, index=True),
    sa.Column("project", sa.Text),  # that the pages show
    sa.Column("form_token", sa.Text, nullable=False),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("used_at", sa.Float, nullable=False),  # to the minute
    sa.Column("address", sa.Text, nullable=False),
)  # fmt: skip

audit = sa.Table(
    "audit", METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", sa.Float, nullable=False, index=True),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("project", sa.Text, nullable=False),
    sa.Column("act", sa.Text, nullable=False),
    sa.Column("target", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("about", sa.JSON, nullable=False),
)  # fmt: skip

_SQLITE = "CREATE TRIGGER audit_{0} BEFORE {0} ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
_SAYS = "CREATE FUNCTION audit_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{}'; END $$"
_GUARDS = {
    "sqlite": (_SQLITE.format("UPDATE"), _SQLITE.format("DELETE")),
    "postgresql": (
        _SAYS.format("the audit log is append-only"),
        "CREATE TRIGGER audit_kept BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_kept()",
    ),
}


def _guard(_: sa.Table, connection: sa.Connection, **__: object) -> None:
    """Let the database itself refuse changes."""
    for statement in _GUARDS.get(connection.dialect.name, ()):
        connection.execute(sa.text(statement))


sa.event.listen(audit, "after_create", _guard)
