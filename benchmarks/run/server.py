"""Starts one contestant's server, watches it, and stops it again."""

import ctypes
import dataclasses
import os
import pathlib
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence

_START_SECONDS = 15
_STOP_SECONDS = 10


class BenchmarkError(Exception):
  """Something that makes the numbers worthless; the text is for people."""


@dataclasses.dataclass(frozen=True)
class Contestant:
  """A server that takes part.

  `command` gets a private directory, and returns the command line and the port
  if that is known beforehand; otherwise the server's output tells the port, in
  the first group of `port_pattern`. `probe(port)` raises when the answer is
  wrong, before anything is measured. `missing` says what is not installed or
  not built: such a contestant is skipped loudly.
  """

  name: str
  command: Callable[[pathlib.Path], tuple[Sequence[str], int | None]]
  port_pattern: str = r'^listening (\d+)$'
  probe: Callable[[int], None] = lambda port: None
  missing: str = ''


def spawn(command, cpus=None, **options):
  """A child pinned to `cpus` (a set, or none) that dies with this process."""
  libc = ctypes.CDLL(None)

  def before_exec():
    libc.prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
    if cpus:
      os.sched_setaffinity(0, cpus)

  return subprocess.Popen(
      [str(word) for word in command], preexec_fn=before_exec, **options)


def free_port():
  with socket.socket() as probe:
    probe.bind(('127.0.0.1', 0))
    return probe.getsockname()[1]


def _children(pid):
  children = []
  for task in pathlib.Path(f'/proc/{pid}/task').iterdir():
    children += map(int, (task / 'children').read_text().split())
  return children


class Server:
  """A running contestant; a context manager."""

  def __init__(self, contestant, directory, cpus=None):
    self._contestant = contestant
    self._log = directory / 'server.log'
    command, self.port = contestant.command(directory)
    with open(self._log, 'wb') as log:
      self._process = spawn(
          command, cpus, stdout=log, stderr=subprocess.STDOUT)

  def __enter__(self):
    try:
      self._await_ready()
    except BaseException:
      self._kill()
      raise
    return self

  def __exit__(self, exception_type, *_):
    died = self._process.poll()
    self._kill()
    if died is not None and exception_type is None:
      raise self._error(f'died during the load (exit code {died})')

  def pids(self):
    """The process and its descendants: nginx has a master and a worker."""
    found = [self._process.pid]
    for pid in found:
      found += _children(pid)
    return found

  def _await_ready(self):
    deadline = time.monotonic() + _START_SECONDS
    while not self._is_ready():
      if self._process.poll() is not None:
        raise self._error(f'did not start (exit code {self._process.poll()})')
      if time.monotonic() > deadline:
        raise self._error(f'was not ready within {_START_SECONDS} s')
      time.sleep(0.02)

  def _is_ready(self):
    if self.port is None:
      found = re.search(self._contestant.port_pattern, self._log.read_text(),
                        re.MULTILINE)
      if not found:
        return False
      self.port = int(found[1])
    try:
      with socket.create_connection(('127.0.0.1', self.port), 1):
        pass
    except ConnectionRefusedError:
      return False
    self._contestant.probe(self.port)
    return True

  def _kill(self):
    self._process.terminate()
    try:
      self._process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
      print(f'WARNING: {self._contestant.name} ignored SIGTERM for '
            f'{_STOP_SECONDS} s and was killed', flush=True)
      self._process.kill()
      self._process.wait()

  def _error(self, what):
    tail = self._log.read_text(errors='replace')[-2000:]
    return BenchmarkError(f'{self._contestant.name} {what}. It said:\n{tail}')
