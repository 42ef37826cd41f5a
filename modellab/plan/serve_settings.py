"""How models are served: `[tool.modellab.serve]` of pyproject.toml.

[tool.modellab.serve]
preload = ["faster_whisper:base"]              # loaded before anybody asks, and never unloaded
aliases = {"whisper-1" = "faster_whisper:base"}
replicas = 2                                   # worker processes of each model
memory_mb = 8000                               # of all of them; 0: no limit
[tool.modellab.serve.tokens]
website = "sha256:..."                         # of what `modellab serve --new-token` gave
"""

from __future__ import annotations

import ipaddress
from typing import Annotated, Literal, Self

import pydantic

from modellab.errors import ConfigError
from modellab.schema import Strict

Digest = Annotated[str, pydantic.Field(pattern=r"^sha256:[0-9a-f]{64}$")]
Network = Annotated[str, pydantic.AfterValidator(lambda text: str(ipaddress.ip_network(text, strict=False)))]
LOOPBACK = "localhost"
BLOBS = r"^(s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9._-]+)*)?$"


class Rates(Strict):
    """How much a token, a session or a stranger's address may ask; 0 for any amount."""

    requests_per_min: int = pydantic.Field(default=60, ge=0)  # that compute or change something
    reads_per_min: int = pydantic.Field(default=600, ge=0)
    audio_s_per_min: int = pydantic.Field(default=600, ge=0)
    in_flight: int = pydantic.Field(default=8, ge=0)
    streams: int = pydantic.Field(default=4, ge=0)
    strangers_per_min: int = pydantic.Field(default=60, ge=0)  # requests and wrong tokens of one address


class JobSettings(Strict):
    """[tool.modellab.serve.jobs]: what is asked for now and done later."""

    workers: int = pydantic.Field(default=2, ge=1, le=64)  # jobs that models of this server do at once
    runs: bool = True  # whether this server measures, too; if not, `modellab worker --runs` does
    executors: tuple[str, ...] = ("local",)  # that runs may have: local, local:N, queue:FOLDER
    most_queued: int = pydantic.Field(default=100, ge=1)  # of one who asks
    most_running: int = pydantic.Field(default=2, ge=1)  # runs of one project
    lease_s: float = pydantic.Field(default=30.0, ge=1.0)  # without a sign of life, after which a worker is lost
    keep_days: float = pydantic.Field(default=30.0, gt=0)  # that ended jobs are kept
    webhook_hosts: tuple[str, ...] = ()  # that may be called over http, and at private addresses
    webhook_secret: str = ""  # that calls are signed with; none: one that the server makes


Role = Literal["viewer", "rater", "runner", "maintainer"]


class Oidc(Strict):
    """Where people sign in, with OpenID Connect; its client's secret is in the environment."""

    issuer: str = pydantic.Field(pattern=r"^(https://|http://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?(/|$))")
    client_id: str = pydantic.Field(min_length=1)
    secret_variable: str = "MODELLAB_OIDC_SECRET"
    scopes: tuple[str, ...] = ("email",)  # asked for besides `openid`
    allow: tuple[str, ...] = ()  # addresses, or @DOMAIN, that may come in
    groups_claim: str = "groups"
    groups: tuple[str, ...] = ()  # of which somebody has to be in one
    roles: dict[str, Role] = {}  # by group, set anew at each sign-in; the highest counts
    role: Role = "viewer"  # of whoever comes for the first time, or is in none of these groups
    project: str = "default"

    @pydantic.model_validator(mode="after")
    def _closed(self) -> Self:
        if not self.allow and not self.groups:
            raise ValueError("says nobody who may come in: expected addresses or domains in `allow`, or `groups`")
        return self


class Serve(Strict):
    """Defaults are for one person on one machine."""

    host: str = "127.0.0.1"
    port: int = pydantic.Field(default=8000, ge=0, le=65535)
    preload: tuple[str, ...] = ()
    aliases: dict[str, str] = {}
    tokens: dict[str, Digest] = {}  # name -> digest; none: who reaches the port may ask
    replicas: int = pydantic.Field(default=1, ge=1, le=64)
    max_queue: int = pydantic.Field(default=16, ge=1, le=10_000)  # requests that wait, per replica
    batches: dict[str, Annotated[int, pydantic.Field(ge=2, le=64)]] = {}  # model -> files that go in one call
    memory_mb: float = pydantic.Field(default=0.0, ge=0)
    worker_memory_mb: float | None = pydantic.Field(
        default=None, ge=0
    )  # of a model's process on a CPU; none: 3/4 of all
    idle_s: float = pydantic.Field(default=900.0, ge=0)  # after which a model is unloaded; 0: never
    max_upload_mb: float = pydantic.Field(default=25.0, gt=0)
    max_audio_s: float = pydantic.Field(default=600.0, gt=0)
    max_connections: int = pydantic.Field(default=512, ge=1)
    max_connections_per_address: int | None = pydantic.Field(default=None, ge=0)  # 32, but any number of this machine
    oidc: Oidc | None = None
    proxies: tuple[Network, ...] = ()  # whose X-Forwarded-For and -Proto are believed
    rates: Rates | None = None  # of each token and session; where nobody has to say who they are: none unless told
    head_s: float = pydantic.Field(default=10.0, gt=0)  # that the head of a request may take
    idle_body_s: float = pydantic.Field(default=5.0, gt=0)  # without a byte of the body
    max_streams: int = pydantic.Field(default=8, ge=0, le=10_000)  # live at once, per replica
    stream_idle_s: float = pydantic.Field(default=15.0, gt=0)  # that a live stream may send no audio
    stream_s: float = pydantic.Field(default=1800.0, gt=0)  # that a live stream may last
    folder: str = "mlruns/server"  # of the database and what is kept, from the project's root
    database: str = ""  # a URL as SQLAlchemy has them; none: SQLite in the folder
    blobs: str = pydantic.Field(default="", pattern=BLOBS)  # s3://BUCKET or s3://BUCKET/PREFIX; none: the folder
    blob_links: bool = True  # S3: a client gets a link that is good for five minutes, not the bytes through here
    max_blob_mb: float = pydantic.Field(default=512.0, gt=0)  # of an upload that is kept
    max_blob_audio_s: float = pydantic.Field(default=4 * 3600.0, gt=0)
    quota_mb: float = pydantic.Field(default=20_000.0, gt=0)  # that a project may keep
    keep_uploads_h: float = pydantic.Field(default=24.0, gt=0)
    keep_outputs_d: float = pydantic.Field(default=30.0, gt=0)
    min_free_mb: float = pydantic.Field(default=200.0, ge=0)  # of the folder's disk, that nothing is kept beyond
    drain_s: float = pydantic.Field(default=30.0, ge=0)  # for what was begun, when the server is told to end
    while_measuring: Literal["pause", "share"] = "pause"  # what requests do while something is measured here
    jobs: JobSettings = JobSettings()

    def check(self, is_anybody_known: bool) -> None:
        """ConfigError for a server that would answer other machines without asking who they are.

        `is_anybody_known`: whether its database has a token or an account.
        """
        if not self.tokens and not self.oidc and not self.is_loopback and not is_anybody_known:
            raise ConfigError(
                f"host {self.host} answers other machines, and there are no tokens: make one with `modellab tokens new`"
                " or an account with `modellab users new`, or leave the host at 127.0.0.1"
            )

    @property
    def known_rates(self) -> Rates:
        """What somebody may ask who is counted."""
        return self.rates or Rates()

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches it."""
        if self.host == LOOPBACK:
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:  # a name, whatever it leads to
            return False
