"""A training that torchrun starts, as a user does, and the processes of its ranks."""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
TORCHRUN = (sys.executable, "-m", "torch.distributed.run")


class Launch:
    """torchrun under way, with `arguments`, in `folder`; what it prints goes into files there.

    A context manager: nothing of it is left behind.
    """

    def __init__(self, folder, *arguments, before=()):
        self.outputs = [folder / "stdout.txt", folder / "stderr.txt"]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
        command = [*before, *TORCHRUN, *map(str, arguments)]
        with open(self.outputs[0], "wb") as out, open(self.outputs[1], "wb") as errors:
            self.agent = subprocess.Popen(
                command, cwd=folder, env=environment, stdout=out, stderr=errors
            )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill_all()

    def ended(self, timeout=600):
        """(exit status, stdout, stderr)."""
        status = self.agent.wait(timeout)
        return status, *(path.read_text() for path in self.outputs)

    def ranks(self):
        """{rank: process id}."""
        found = {}
        with contextlib.suppress(OSError):
            children = Path(f"/proc/{self.agent.pid}/task/{self.agent.pid}/children").read_text()
            for child in map(int, children.split()):
                with contextlib.suppress(OSError):
                    variables = Path(f"/proc/{child}/environ").read_bytes().split(b"\0")
                    named = [word[5:] for word in variables if word.startswith(b"RANK=")]
                    found |= {int(rank): child for rank in named}
        return found

    def kill(self, rank):
        os.kill(self.ranks()[rank], signal.SIGKILL)

    def kill_all(self):
        """kill -9 of torchrun and of all its ranks."""
        ranks = self.ranks().values() if self.agent.poll() is None else ()
        for process in (self.agent.pid, *ranks):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self.agent.wait(30)
