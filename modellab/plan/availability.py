"""What of the matrix this machine can run: why not, in a sentence with the command that mends it. Imports no engine."""

from __future__ import annotations

import functools
import os
import sys
from pathlib import Path

from modellab import datasets, models, tasks
from modellab.models import Device, Model, Variant, environment, servers, weights
from modellab.plan.matrix import Case, ModelInstance
from modellab.system import extras
from modellab.system.masking import masked

DRIVER = Path("/proc/driver/nvidia/version")


def why_not(case: ModelInstance, *, download: bool = False) -> str:
    """Why this machine cannot run the case, with the command that mends it; '' if it can. Imports no engine."""
    why = ": ".join(part for part in obstacle(case, download=download) if part)
    if why or not isinstance(case, Case):
        return why
    for key, judge in case.judges.items():
        if of_judge := why_not(judge, download=download):
            return f"its {key.replace('_', ' ')} {getattr(case.header, key)} cannot run here: {of_judge}"
    if silent := datasets.why_silent(case.dataset, case.header):
        return silent
    return tasks.lacking(case.key.task) or tasks.unjoined(case.key.task, case.chain.cuts) or case.chain.lacking()


def obstacle(instance: ModelInstance, *, download: bool = False) -> tuple[str, str]:
    """`why_not` in two parts, for a person at a terminal: what is missing, the command that brings it; '' for none."""
    model, key = instance.model, instance.key
    if model.environment == "own":
        if (absent := environment.why_missing(instance.folder))[0]:
            return absent
    elif package := missing_package(model):
        return (
            f"package {package} is not installed",
            extras.install(model.install) if model.install else "",
        )
    if server := missing_server(instance):
        return server, ""
    if device := missing_device(key.device, instance.variant):
        return device, ""
    missing = "" if download else weights.why_missing(instance.source)
    if missing and instance.source.fetched:
        return "no weights here", f"modellab models fetch {key.model}:{key.variant}"
    return missing, ""


def missing_package(model: Model) -> str:
    """The first package a model needs and this Python lacks; '' if it has all."""
    return next((package for package in model.packages if models.find_package(package) is None), "")


def missing_server(instance: ModelInstance) -> str:
    """Why the server of a variant cannot be asked, or must not be; '' if it can, or there is none."""
    server, place = instance.variant.server, instance.source.name.partition(":")[2]
    if server is None:
        return ""
    is_private = isinstance(instance, Case) and instance.header.privacy != "none"
    if is_private and os.environ.get(servers.CASSETTES):
        return f"{instance.key.dataset} is private: no answer about it is recorded, and none was ({servers.CASSETTES})"
    if recorded := servers.recording(f"{instance.key.model}-{instance.key.variant}"):
        return "" if recorded.is_file() else f"no answers were recorded: {recorded} does not exist"
    if missing := servers.why_missing(server, place):
        return missing
    if is_private and not server.is_here():
        where = masked(server.address())
        return f"{instance.key.dataset} is private, and {where} is not on this machine: no audio is sent there"
    return ""


def missing_device(device: Device | str, variant: Variant | None = None, driver: Path = DRIVER) -> str:
    """Why this machine lacks a device; '' if it is there."""
    if device == "cuda" and not driver.exists():
        return "no NVIDIA driver: CUDA cases need an NVIDIA GPU"
    if device == "mps" and sys.platform != "darwin":
        return f"no Metal on {sys.platform}: mps cases need an Apple computer"
    needed = variant.needs.get("vram_gb", 0.0) if variant and device == "cuda" else 0.0
    if needed and (there := _vram_gb()) < needed:
        return f"the GPU has {there:.0f} GB of memory, this variant needs {needed:g} GB"
    return ""


@functools.cache
def _vram_gb() -> float:
    """Memory of the first GPU; infinite where it cannot be read, so that nothing is skipped without knowledge."""
    try:
        import pynvml
    except ImportError:
        return float("inf")
    try:
        pynvml.nvmlInit()
        return float(pynvml.nvmlDeviceGetMemoryInfo(pynvml.nvmlDeviceGetHandleByIndex(0)).total) / 1e9
    except pynvml.NVMLError:
        return float("inf")
