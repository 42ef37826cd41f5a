#!/bin/sh
# The model tests and the smoke suite with the arithmetic of other CPUs: sh tools/arithmetic.sh BIN [plain] [avx2].
# Quality is judged; speed and memory are those of no machine, so nothing is compared with what was accepted.
set -eu
bin=$1
shift
[ $# -gt 0 ] || set -- plain avx2
status=0
for kind in "$@"; do
    case $kind in
        plain) torch=default onednn=SSE41 ctranslate2=GENERIC ;;
        avx2) torch=avx2 onednn=AVX2 ctranslate2=AVX2 ;;
        *) echo "arithmetic: $kind is none of plain, avx2" >&2 && exit 2 ;;
    esac
    echo "arithmetic: $kind (ATEN_CPU_CAPABILITY=$torch ONEDNN_MAX_CPU_ISA=$onednn CT2_FORCE_CPU_ISA=$ctranslate2)"
    export ATEN_CPU_CAPABILITY=$torch ONEDNN_MAX_CPU_ISA=$onednn CT2_FORCE_CPU_ISA=$ctranslate2
    MODELLAB_MACHINE=arithmetic-$kind "$bin/pytest" tests/models -q -n 2 || status=1
    MODELLAB_MACHINE=arithmetic-$kind "$bin/pytest" benchmarks -m smoke -n 2 || status=1
done
exit $status
