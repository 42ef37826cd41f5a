"""An S3 server on loopback: moto's, in a process and an environment of its own."""

from __future__ import annotations

import re
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.server import environments

BUCKET = "modellab-tests"
START_S = 60
KEY = re.compile(r"<Key>([^<]+)</Key>")


@dataclass
class S3:
    """The process, and where it listens."""

    process: subprocess.Popen[bytes]
    address: str

    @property
    def environment(self) -> dict[str, str]:
        """What a client of it reads."""
        return {
            "AWS_ENDPOINT_URL": self.address,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
        }

    def make_bucket(self) -> None:
        """An empty bucket; what was in it is gone."""
        for method, path in (("POST", "/moto-api/reset"), ("PUT", f"/{BUCKET}")):
            urllib.request.urlopen(urllib.request.Request(self.address + path, method=method), timeout=30).close()

    def stored(self) -> list[str]:
        """What lies in the bucket."""
        with urllib.request.urlopen(f"{self.address}/{BUCKET}?list-type=2", timeout=30) as answer:
            return sorted(KEY.findall(answer.read().decode()))

    def stop(self) -> None:
        """It is gone, as a machine that is switched off."""
        self.process.kill()
        self.process.wait()


@contextmanager
def server(folder: Path) -> Iterator[S3]:
    """One with an empty bucket; ended when the block ends. `folder` is for its log."""
    log = folder / "s3.log"
    command = [environments.program("s3", "moto_server"), "-H", "127.0.0.1", "-p", "0"]
    with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out) as process:
        try:
            end = time.monotonic() + START_S
            while (found := re.search(r"Running on (http://\S+)", log.read_text())) is None:
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < end, log.read_text()
                time.sleep(0.05)
            s3 = S3(process, found[1])
            s3.make_bucket()
            yield s3
        finally:
            process.kill()
