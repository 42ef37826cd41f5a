"""`modellab serve`: what it says before a server starts."""

from __future__ import annotations

import hashlib
import tomllib

from .conftest import Desk


def test_a_new_token_is_shown_once_and_known_by_its_hash(desk: Desk) -> None:
    made = desk.type("serve", "--new-token", "my site")
    assert made.exit_code == 0
    token = made.stdout.strip()
    (line,) = (line for line in made.stderr.splitlines() if "sha256:" in line)
    assert tomllib.loads(line) == {"my site": f"sha256:{hashlib.sha256(token.encode()).hexdigest()}"}
    assert token not in made.stderr


def test_it_answers_no_other_machine_without_tokens(desk: Desk) -> None:
    done = desk.type_in_shell("serve", "--host", "0.0.0.0")
    assert done.returncode == 2
    assert (
        "host 0.0.0.0 answers other machines, and there are no tokens: make one with `modellab tokens new`"
        in done.stderr
    )
    assert "serving on" not in done.stdout + done.stderr


def test_a_misspelt_option_is_told(desk: Desk) -> None:
    assert desk.type("serve", "--prot", "1").exit_code == 2
    assert desk.type("serve", "--port", "70000").exit_code == 2


def test_all_results_are_indexed_anew(desk: Desk) -> None:
    (desk.root / "mlruns" / "ledger").mkdir(parents=True)
    (desk.root / "mlruns" / "ledger" / "s.jsonl").write_text("no result\n")
    done = desk.type_in_shell("serve", "--reindex")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("0 results of 1 lines are indexed, in ")


def test_a_file_with_settings_is_read_and_the_host_in_it_counts(desk: Desk) -> None:
    config = desk.root / "serve.toml"
    config.write_text('host = "0.0.0.0"\n')
    done = desk.type_in_shell("serve", "--config", str(config))
    assert done.returncode == 2
    assert "host 0.0.0.0 answers other machines" in done.stderr
    done = desk.type_in_shell("serve", "--config", str(config.with_name("none.toml")))
    assert "none.toml is not there: expected a TOML file" in done.stderr
