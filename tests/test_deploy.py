"""The recipes of docs/deploy: checked by other people's linters, and held to what the server knows."""

from __future__ import annotations

import json
import re
import shutil
import stat
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from modellab.plan import serve_sources
from modellab.plan.serve_settings import Serve
from modellab.schema import parse
from tests.server import environments

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "deploy"
DOCKERFILE = FOLDER / "Dockerfile"
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
YAMLLINT = (
    "{extends: default, rules: {braces: {max-spaces-inside: 0}, comments: {min-spaces-from-content: 1},"
    " document-start: disable, line-length: {max: 120}}}"
)
KUBERNETES = ("1.30", "1.37")
MOST_EXPOSED = "20"  # of 100, as `systemd-analyze security` counts
DRAIN_S = Serve().drain_s
UID = 10001


def run(*command: str | Path) -> str:
    """What a program says; its complaint where it has one."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def linter(name: str) -> Path:
    return environments.program("deploy", name)


def settings(environment: dict[str, str]) -> Serve:
    """What the server makes of a container's variables; secrets in files are as they would be."""
    plain = {name.removesuffix("_FILE"): value for name, value in environment.items()}
    return parse(Serve, serve_sources.VARIABLES, serve_sources.variables(plain), as_text=True)


def compose() -> Any:
    return yaml.safe_load((FOLDER / "compose.yaml").read_text(encoding="utf-8"))


def kubernetes() -> dict[str, Any]:
    """The objects by their kind."""
    text = (FOLDER / "kubernetes.yaml").read_text(encoding="utf-8")
    return {each["kind"]: each for each in yaml.safe_load_all(text)}


# ---------------------------------------------------------------------------- the image


def test_hadolint_finds_nothing() -> None:
    assert run(linter("hadolint"), DOCKERFILE) == ""


def instructions() -> Iterator[tuple[str, str, str]]:
    """(stage, instruction, rest) of each, with continued lines joined."""
    text = re.sub(r"\\\n\s*", "", DOCKERFILE.read_text(encoding="utf-8"))
    stage = ""
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            name, _, rest = line.partition(" ")
            stage = rest.rpartition(" AS ")[2] if name == "FROM" else stage
            yield stage, name, rest


def test_what_an_image_installs_and_copies_is_there() -> None:
    given = [rest for _, name, rest in instructions() if name == "ARG" and rest.startswith("EXTRAS=")]
    assert len(given) == 2
    for extras in given:
        assert set(extras.removeprefix("EXTRAS=").split(",")) <= EXTRAS.keys()
    kept = {line[1:] for line in (FOLDER / "Dockerfile.dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = [rest.split() for _, name, rest in instructions() if name == "COPY" and not rest.startswith("--from")]
    sources = {source for *these, _ in copied for source in these}
    assert sources == kept
    assert all((ROOT / source).exists() for source in sources)


def test_an_image_is_no_root_and_both_variants_are_the_same_server() -> None:
    of_base = {name: rest for stage, name, rest in instructions() if stage == "base"}
    assert of_base["USER"] == f"{UID}:{UID}"
    assert (of_base["ENTRYPOINT"], of_base["CMD"]) == ('["modellab"]', '["serve"]')
    variants = [rest for _, name, rest in instructions() if name == "FROM" and rest.startswith("base ")]
    assert variants == ["base AS cuda", "base AS cpu"]
    assert not [
        name for stage, name, _ in instructions() if stage in ("cpu", "cuda") and name not in {"FROM", "COPY", "ENV"}
    ]
    variables = dict(re.findall(r"(MODELLAB_SERVE_\w+)=(\S+)", of_base["ENV"]))
    assert settings(variables).host == "0.0.0.0"
    assert of_base["EXPOSE"] == str(settings(variables).port)


# ---------------------------------------------------------------------------- compose


@pytest.mark.parametrize("name", ["compose.yaml", "kubernetes.yaml"])
def test_yamllint_finds_nothing(name: str) -> None:
    assert run(linter("yamllint"), "--strict", "-d", YAMLLINT, FOLDER / name) == ""


def test_the_compose_file_is_one() -> None:
    script = "import sys, compose_spec as c; print(*c.PyCompose.from_yaml(open(sys.argv[1]).read()).service_names())"
    said = run(environments.python("deploy"), "-c", script, FOLDER / "compose.yaml")
    assert set(said.split()) == compose()["services"].keys()


def test_the_composed_server_is_confined_and_its_settings_are_the_servers() -> None:
    server = compose()["services"]["modellab"]
    assert (server["read_only"], server["cap_drop"]) == (True, ["ALL"])
    assert server["security_opt"] == ["no-new-privileges:true"]
    assert all(port.startswith("127.0.0.1:") for port in server["ports"])
    assert (FOLDER / server["build"]["context"] / server["build"]["dockerfile"]).resolve() == DOCKERFILE
    assert float(server["stop_grace_period"].removesuffix("s")) > DRAIN_S
    own = {name: value for name, value in server["environment"].items() if name.startswith("MODELLAB_")}
    found = settings(own)
    assert (found.blobs, found.blob_links) == ("s3://modellab", False)
    assert found.database == "/run/secrets/database"  # what the file holds stands in its place


def test_every_secret_is_made_once_and_read(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    run("sh", FOLDER / "secrets.sh", folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    described = compose()
    named = {Path(each["file"]).name for each in described["secrets"].values()}
    named |= {Path(each).name for service in described["services"].values() for each in service.get("env_file", ())}
    assert named == {path.name for path in folder.iterdir()}
    assert all(path.stat().st_mode & stat.S_IROTH for path in folder.iterdir()), "containers are other users"
    environment = {"MODELLAB_SERVE_DATABASE_FILE": str(folder / "database")}
    given = serve_sources.variables(environment)
    database = parse(Serve, serve_sources.VARIABLES, given, as_text=True).database
    password = (folder / "postgres").read_text().strip()
    assert database == f"postgresql+psycopg://modellab:{password}@postgres/modellab"
    (identity,) = json.loads((folder / "s3.json").read_text())["identities"]
    (keys,) = identity["credentials"]
    expected = f"AWS_ACCESS_KEY_ID={keys['accessKey']}\nAWS_SECRET_ACCESS_KEY={keys['secretKey']}\n"
    assert (folder / "s3.env").read_text() == expected
    again = subprocess.run(["sh", FOLDER / "secrets.sh", folder], capture_output=True, text=True, check=False)
    assert again.returncode == 1
    assert (folder / "postgres").read_text().strip() == password
    assert f"/{(FOLDER / 'secrets').relative_to(ROOT)}/" in (ROOT / ".gitignore").read_text().splitlines()


# ---------------------------------------------------------------------------- Kubernetes


@pytest.mark.parametrize("version", KUBERNETES)
def test_kubernetes_would_take_each_object(version: str) -> None:
    said = run(linter("kubernetes-validate"), "--strict", "-k", version, FOLDER / "kubernetes.yaml")
    assert said.count(" passed for resource ") == len(kubernetes())


def test_the_pod_is_one_that_the_restricted_profile_lets_in() -> None:
    assert kubernetes()["Namespace"]["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    spec = kubernetes()["Deployment"]["spec"]["template"]["spec"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] == UID
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in (*spec["initContainers"], *spec["containers"]):
        confined = container["securityContext"]
        assert (confined["allowPrivilegeEscalation"], confined["readOnlyRootFilesystem"]) == (False, True)
        assert confined["capabilities"] == {"drop": ["ALL"]}


def test_the_pod_serves_as_its_settings_say() -> None:
    found = kubernetes()
    pod = found["Deployment"]["spec"]["template"]
    (server,) = pod["spec"]["containers"]
    given = parse(Serve, Path("serve.toml"), tomllib.loads(found["ConfigMap"]["data"]["serve.toml"]))
    assert given.preload
    mounted = {each["mountPath"] for each in server["volumeMounts"] if each["name"] == "settings"}
    assert {str(Path(server["args"][-1]).parent)} == mounted
    assert {each["name"] for each in server["volumeMounts"]} == {each["name"] for each in pod["spec"]["volumes"]}
    labels = pod["metadata"]["labels"]
    assert found["Service"]["spec"]["selector"] == labels == found["Deployment"]["spec"]["selector"]["matchLabels"]
    assert found["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"] == labels
    assert {server[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "readiness", "liveness")} == {
        "/health", "/ready",
    }  # fmt: skip
    assert pod["spec"]["terminationGracePeriodSeconds"] > DRAIN_S
    assert (found["Deployment"]["spec"]["replicas"], found["Deployment"]["spec"]["strategy"]["type"]) == (1, "Recreate")


# ---------------------------------------------------------------------------- systemd


@pytest.fixture(scope="module")
def unit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unit with a program that is there."""
    there = shutil.which("true")
    assert there
    text = (FOLDER / "modellab.service").read_text(encoding="utf-8")
    path = tmp_path_factory.mktemp("units") / "modellab.service"
    path.write_text(text.replace("/opt/modellab/bin/modellab", there), encoding="utf-8")
    return path


def test_systemd_would_take_the_unit(unit: Path) -> None:
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert unit.name not in done.stderr, "an unknown key or value is a remark alone"


def test_the_unit_is_confined(unit: Path) -> None:
    run("systemd-analyze", "security", "--offline=true", f"--threshold={MOST_EXPOSED}", "--no-pager", unit)


def test_the_unit_gives_a_request_the_time_to_be_answered() -> None:
    text = (FOLDER / "modellab.service").read_text(encoding="utf-8")
    told = dict(line.split("=", 1) for line in text.splitlines() if line.startswith("TimeoutStopSec="))
    assert float(told["TimeoutStopSec"]) > DRAIN_S
