"""Machines that can be had: shapes, what Kubernetes may use of them, and prices."""

from dataclasses import dataclass
from decimal import Decimal

from fogline.units import Amounts

ACCELERATOR = "nvidia.com/gpu"
_MEBIBYTE = 1024**2
_CENT_OF_A_CENT = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine as its maker describes it."""

    name: str
    cores: int
    gibibytes: int
    pods: int
    cost_per_hour: Decimal
    """US dollars."""
    accelerators: int = 0
    accelerator_type: str | None = None
    architecture: str = "amd64"


CLOUD = (
    Machine("m5.xlarge", 4, 16, 58, Decimal("0.192")),
    Machine("m5.2xlarge", 8, 32, 58, Decimal("0.384")),
    Machine("m5.4xlarge", 16, 64, 234, Decimal("0.768")),
    Machine("m5.8xlarge", 32, 128, 234, Decimal("1.536")),
    Machine("c5.2xlarge", 8, 16, 58, Decimal("0.34")),
    Machine("c5.4xlarge", 16, 32, 234, Decimal("0.68")),
    Machine("r5.2xlarge", 8, 64, 58, Decimal("0.504")),
    Machine("r5.4xlarge", 16, 128, 234, Decimal("1.008")),
    Machine("g4dn.xlarge", 4, 16, 29, Decimal("0.526"), 1, "Tesla-T4"),
    Machine("g4dn.2xlarge", 8, 32, 29, Decimal("0.752"), 1, "Tesla-T4"),
    Machine("g4dn.12xlarge", 48, 192, 234, Decimal("3.912"), 4, "Tesla-T4"),
    Machine("g5.2xlarge", 8, 32, 58, Decimal("1.212"), 1, "NVIDIA-A10G"),
)
"""Amazon EC2: on-demand list prices of us-east-1 for Linux (aws.amazon.com/ec2/pricing/on-demand; as a list
in aws/karpenter-provider-aws, pkg/providers/pricing/zz_generated.pricing_aws.go)."""

CLOUD_REGIONS = {"frankfurt": Decimal("1.20"), "dublin": Decimal("1.11"), "stockholm": Decimal("1.06")}
"""eu-central-1, eu-west-1 and eu-north-1: what they cost against us-east-1, by the list prices of m5.xlarge
(0.230, 0.214, 0.204 and 0.192 US dollars per hour)."""

EDGE = (
    Machine("mini-pc-4", 4, 8, 110, Decimal("0.16")),
    Machine("mini-pc-8", 8, 32, 110, Decimal("0.36")),
    Machine("server-16", 16, 64, 110, Decimal("0.72")),
    Machine("server-16-t4", 16, 64, 110, Decimal("1.10"), 1, "Tesla-T4"),
    Machine("jetson-12", 12, 32, 110, Decimal("0.58"), 1, "Orin", "arm64"),
)
"""Nobody publishes what an hour of an edge node costs. Here a core costs about as much as in the cloud: the
machine is cheap, its site, its link and the hands that look after it are not."""


def regional_cost_per_hour(machine: Machine, city: str) -> Decimal:
    """Give the list price of a cloud machine in one of the `CLOUD_REGIONS`, in US dollars."""
    return (machine.cost_per_hour * CLOUD_REGIONS[city]).quantize(_CENT_OF_A_CENT)


def edge_allocatable(machine: Machine) -> Amounts:
    """Give what Kubernetes may use: all of it, because K3s reserves nothing unless it is told to."""
    return _amounts(machine, machine.cores * 1000, machine.gibibytes * 1024)


def cloud_allocatable(machine: Machine) -> Amounts:
    """Give what Kubernetes may use, as Amazon EKS reserves the rest.

    Processors: 6 % of the first core, 1 % of the second, 0.5 % of the next two and 0.25 % of all others.
    Memory: 7.5 % for the hypervisor, 255 MiB and 11 MiB for each pod, 100 MiB below which pods are evicted
    (aws/karpenter-provider-aws, website/content/en/docs/reference/instance-types.md).
    """
    reserved_millicores = 60 + 10 + 10 + int(2.5 * (machine.cores - 4))
    usable_mebibytes = machine.gibibytes * 1024 * 925 // 1000
    return _amounts(
        machine,
        machine.cores * 1000 - reserved_millicores,
        usable_mebibytes - 255 - 11 * machine.pods - 100,
    )


def _amounts(machine: Machine, millicores: int, mebibytes: int) -> Amounts:
    room = {"cpu": millicores, "memory": mebibytes * _MEBIBYTE, "pods": machine.pods}
    return {**room, **({ACCELERATOR: machine.accelerators} if machine.accelerators else {})}
