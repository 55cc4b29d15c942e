"""How much room there is: of memory, and on a disk."""

import math
import os
import shutil
from pathlib import Path


def free_memory() -> float:
    """Bytes that this process may still take; infinite where the system does not tell."""
    try:
        with open("/proc/meminfo") as file:
            fields = dict(line.split(":") for line in file)
        return int(fields["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        pass
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return math.inf


def free_disk(folder: Path) -> int:
    """Bytes free where a folder is, or will be."""
    nearest = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    return shutil.disk_usage(nearest).free
