"""Small disks of memory, which can be full: shrunk to what they hold, nothing more fits on them."""

import os
import shutil
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PAGE = 4096


def impossible() -> str | None:
    """Why no such disk can be made here; None when it can."""
    if sys.platform != "linux":
        return "no tmpfs on this system"
    if os.geteuid() != 0:
        return "mounting a tmpfs needs root"
    done = subprocess.run(["/usr/bin/unshare", "--mount", "true"], capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else "mounting is forbidden here (no CAP_SYS_ADMIN)"


@dataclass(frozen=True)
class Disk:
    """A tmpfs at ``folder``, of ``size`` bytes."""

    folder: Path
    size: int

    def mount(self) -> None:
        """Make it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        _run("/bin/mount", "-t", "tmpfs", "-o", f"size={self.size},mode=0700", "vpr-faults", str(self.folder))

    def fill(self) -> None:
        """Leave no room. It shrinks instead of taking a file: that costs neither time nor memory."""
        for _ in range(100):  # others write meanwhile, and it cannot become smaller than what it holds
            with suppress(OSError):
                return self._resize(max(self._used(), PAGE))
        raise OSError(f"{self.folder} grows too fast to be filled")

    def _used(self) -> int:
        statistics = os.statvfs(self.folder)
        return (statistics.f_blocks - statistics.f_bfree) * statistics.f_frsize

    def free(self) -> None:
        """All its room is there again."""
        self._resize(self.size)

    def unmount(self) -> None:
        """Remove it with what it holds."""
        _run("/bin/umount", "--lazy", str(self.folder))
        shutil.rmtree(self.folder, ignore_errors=True)

    def _resize(self, size: int) -> None:
        _run("/bin/mount", "-o", f"remount,size={size}", str(self.folder))


def _run(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"{' '.join(words)}: {done.stderr.strip()}")
