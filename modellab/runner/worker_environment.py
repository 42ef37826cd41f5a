"""The environment variables of a worker: a list of what may pass, so that no password reaches the code of a model.

What passes by a pattern never looks like a secret; `environment_variables` in a model's config.yaml names more, and a
secret only by its full name. What fetching weights needs, a hub's token or a proxy, is sent for that request alone and
only with --download.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from modellab.system.masking import is_secret

PASSED = (
    *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "TZ", "LANG", "LANGUAGE", "LC_*", "TMPDIR", "TMP", "TEMP"),
    *("PYTHON*", "VIRTUAL_ENV", "CONDA_PREFIX", "LD_*", "DYLD_*", "XDG_*", "COVERAGE_*", "COV_CORE_*"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
    *("CUDA_*", "CUBLAS_*", "CUDNN_*", "NVIDIA_*", "NCCL_*", "HIP_*", "HSA_*", "ROCR_*", "ROCM_*", "PJRT_*", "XLA_*"),
    *("OMP_*", "GOMP_*", "KMP_*", "MKL_*", "BLIS_*", "OPENBLAS_*", "GOTO_*", "VECLIB_*", "ACCELERATE_*", "NUMEXPR_*"),
    *("RAYON_*", "ONEDNN_*", "DNNL_*", "ATEN_*", "TORCH*", "PYTORCH_*", "TRITON_*", "CT2_*", "ORT_*", "GGML_*"),
    *("WHISPER_*", "ESPEAK*", "PYANNOTE_*", "HF_*", "HUGGINGFACE_*", "TRANSFORMERS_*", "TOKENIZERS_*", "NUMBA_*"),
    *("MALLOC_*", "GLIBC_TUNABLES", "MIMALLOC_*", "JEMALLOC_*", "PYTEST_*", "MODELLAB_*"),
)
FETCHING = (  # of these also what looks like a secret
    *("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH"),
    *(f"{name}_{end}" for name in ("HTTP", "HTTPS", "ALL", "NO") for end in ("PROXY",)),
    *(f"{name}_{end}" for name in ("http", "https", "all", "no") for end in ("proxy",)),
    *("PIP_*", "UV_*", "NETRC"),  # of a package index
)


def passed(further: Iterable[str] = (), environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The variables that a worker gets of this process's; `further` are names or patterns of more.

    >>> passed(["MY_*", "MY_KEY"], {"PATH": "/bin", "HF_TOKEN": "t", "MY_A": "1", "MY_KEY": "k", "MY_TOKEN": "t"})
    {'PATH': '/bin', 'MY_A': '1', 'MY_KEY': 'k'}
    """
    named = set(further)
    patterns = (*PASSED, *named)
    return {name: value for name, value in environment.items() if name in named or _fits(name, patterns)}


def for_fetching(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What a request that fetches weights may see besides."""
    return {
        name: value for name, value in environment.items() if any(fnmatchcase(name, pattern) for pattern in FETCHING)
    }


def _fits(name: str, patterns: Iterable[str]) -> bool:
    return not is_secret(name) and any(fnmatchcase(name, pattern) for pattern in patterns)
