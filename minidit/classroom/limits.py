"""How much memory, processor time and disk the code of a student may take."""

import resource
from pathlib import Path

FILE_BYTES = 200 * 2**20


def limit(memory: float, cpu_seconds: float) -> None:
    """Limit this process and those that it starts. Windows has no such limits, and no `resource`.

    Args:
        memory: in GiB, on top of what is mapped now: torch alone maps several.
        cpu_seconds: of processor time, for the whole notebook.
    """
    statm = Path("/proc/self/statm")
    if statm.exists():  # macOS has no such file, and does not keep this limit either
        mapped = int(statm.read_text().split()[0]) * resource.getpagesize()
        _set(resource.RLIMIT_AS, mapped + int(memory * 2**30))
    _set(resource.RLIMIT_CPU, int(cpu_seconds))
    _set(resource.RLIMIT_FSIZE, FILE_BYTES)
    _set(resource.RLIMIT_CORE, 0)


def _set(kind: int, amount: int) -> None:
    """Lower a limit for good: the hard limit too, which code without root's rights cannot raise again."""
    _, hard = resource.getrlimit(kind)
    amount = amount if hard == resource.RLIM_INFINITY else min(amount, hard)
    resource.setrlimit(kind, (amount, amount))
