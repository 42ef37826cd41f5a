"""Two nodes of Ray on this machine, for `scale_kills.py`: says where they are, and kills one for each line it reads.

A killed node is replaced, so that there is room for an actor again.
"""

from __future__ import annotations

import sys

CPUS = 1  # of each node: one worker


def main() -> None:
    """Until there are no orders any more."""
    from ray.cluster_utils import Cluster

    cluster = Cluster()
    nodes = [cluster.add_node(num_cpus=CPUS, include_dashboard=False) for _ in range(2)]
    print(f"nodes: {cluster.address}", flush=True)
    for _ in sys.stdin:
        cluster.remove_node(nodes.pop(), allow_graceful=False)
        nodes.append(cluster.add_node(num_cpus=CPUS, include_dashboard=False))
        print("nodes: killed one", flush=True)
    cluster.shutdown()


if __name__ == "__main__":
    main()
