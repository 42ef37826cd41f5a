"""Tiny checkpoints that are the same to the bit on every machine: exact random weights, and what they were taught.

Training, and the random numbers of torch themselves, come out different in the last digits on another CPU, and from
there on everything does. So a recipe starts from weights of integer arithmetic (`begin`), is trained once by whoever
changes it (`python -m modellab.models.taught MODEL_FOLDER NAME` runs the folder's `teach.py`), and what training
changed is shipped in half precision as `taught/NAME.safetensors`, its SHA-256 beside it. `make.py` puts both together
wherever a checkpoint is needed: `begin`, then `restore`.
"""

from __future__ import annotations

import hashlib
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from modellab.errors import WeightsError
from modellab.models import adapter_code

PLACE, SUMS, TEACHER = "taught", "SHA256SUMS", "teach.py"
MANY, CENTRED = 16, 0.5  # fewer values, or a mean further than so many sd from 0: shipped as the library made it


def drawn(name: str, shape: Sequence[int], scale: float) -> npt.NDArray[np.float32]:
    """Uniform numbers in [-scale, scale) that depend on `name` alone: 16-bit integers of SHAKE-256 times scale / 2**15.

    >>> drawn("a.weight", (2, 2), 0.5).tolist()
    [[-0.1923065185546875, 0.10614013671875], [0.1466827392578125, -0.4227294921875]]
    """
    stream = hashlib.shake_256(name.encode()).digest(2 * math.prod(shape))
    return np.frombuffer(stream, dtype="<i2").astype(np.float32).reshape(shape) * np.float32(scale / 2**15)


def begin(model: Any, prefix: str = "") -> dict[str, Any]:
    """Give a torch module its exact starting weights; returns a copy of those that need not be shipped, by name.

    What the library draws is `drawn` here, with the power of two nearest to its spread. What is constant is exact
    already; what comes from a formula (a mel filter bank) is left as it is and not returned, so that `write` keeps it.
    """
    import torch

    exact = {}
    with torch.no_grad():
        for name, tensor in _tensors(model, prefix).items():
            if _random(tensor):
                scale = 2.0 ** round(math.log2(float(tensor.std()) * math.sqrt(3)))
                tensor.copy_(torch.from_numpy(drawn(name, tensor.shape, scale)))
            elif not bool((tensor == tensor.flatten()[0].half().to(tensor.dtype)).all()):
                continue
            exact[name] = tensor.clone()
    return exact


def restore(model: Any, folder: Path, name: str, prefix: str = "") -> None:
    """Put what was taught into a module that has begun. Raises WeightsError where the shipped file does not fit."""
    import torch

    shipped = {key: value for key, value in read(folder, name).items() if key.startswith(prefix)}
    known = _tensors(model, prefix)
    if shipped.keys() - known.keys():
        strange = sorted(shipped.keys() - known.keys())[0]
        raise WeightsError(
            f"{path(folder, name)} holds {strange}, which the library's model does not have: another version of the "
            "library? Teach it again: python -m modellab.models.taught"
        )
    with torch.no_grad():
        for key, value in shipped.items():
            known[key].copy_(torch.from_numpy(value))


def read(folder: Path, name: str) -> dict[str, npt.NDArray[Any]]:
    """What is shipped, by name. Raises WeightsError where the file is not the one that its sum is of."""
    from safetensors.numpy import load_file

    file = path(folder, name)
    try:
        sums = {part[1]: part[0] for part in map(str.split, (file.parent / SUMS).read_text().splitlines())}
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        raise WeightsError(f"{error.filename} cannot be read: {error.strerror}; it is a part of the model") from error
    if digest != sums.get(file.name):
        raise WeightsError(
            f"{file} is not what {SUMS} says ({digest[:12]} instead of {sums.get(file.name, 'none')[:12]}): was it "
            "changed, or cut short on its way?"
        )
    return load_file(file)


def write(
    folder: Path, name: str, models: Mapping[str, Any], exact: Mapping[str, Any], whole: tuple[str, ...] = ()
) -> Path:
    """Keep what differs from the `exact` starting weights of modules by prefix; returns the file.

    In half precision, but for the tensors whose names begin with one of `whole`.
    """
    from safetensors.numpy import save

    every = {key: tensor for prefix, model in models.items() for key, tensor in _tensors(model, prefix).items()}
    kept = {key: tensor for key, tensor in every.items() if key not in exact or not bool((tensor == exact[key]).all())}
    arrays = {
        key: tensor.detach().half() if tensor.is_floating_point() and not key.startswith(whole) else tensor.detach()
        for key, tensor in kept.items()
    }
    file = path(folder, name)
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(save({key: np.array(array.numpy(), order="C") for key, array in sorted(arrays.items())}))
    files = sorted(file.parent.glob("*.safetensors"))
    lines = [f"{hashlib.sha256(shipped.read_bytes()).hexdigest()}  {shipped.name}" for shipped in files]
    (file.parent / SUMS).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def path(folder: Path, name: str) -> Path:
    """Where a model folder ships what its checkpoint `name` was taught."""
    return folder / PLACE / f"{name}.safetensors"


def _tensors(model: Any, prefix: str) -> dict[str, Any]:
    """What a checkpoint of the module holds, each shared tensor once."""
    once: dict[int, str] = {}
    stored = model.state_dict(keep_vars=True)
    for name, tensor in stored.items():
        if tensor.numel():
            once.setdefault(tensor.data_ptr(), name)
    return {prefix + name: stored[name] for name in once.values()}


def _random(tensor: Any) -> bool:
    """Whether a library drew this tensor: a parameter, not a buffer, of many values spread around zero."""
    import torch

    if not isinstance(tensor, torch.nn.Parameter) or tensor.numel() < MANY:
        return False
    spread = float(tensor.std())
    return spread > 0 and abs(float(tensor.mean())) < CENTRED * spread


if __name__ == "__main__":
    print(adapter_code.load(Path(sys.argv[1]), Path(TEACHER).stem).teach(sys.argv[2], Path(sys.argv[1])))  # noqa: T201
