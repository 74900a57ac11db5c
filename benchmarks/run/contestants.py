"""The programs under comparison, and where they are."""

import atexit
import os
import pathlib
import shutil
import subprocess
import tempfile

from benchmarks.run.server import BenchmarkError, Contestant

# The root of the runfiles; not resolved, for the scripts there are links.
ROOT = pathlib.Path(__file__).parents[2]

# As Bazel builds everything else with `-c opt`.
_COMPILE = ('c++', '-std=c++20', '-O2', '-DNDEBUG', '-fno-omit-frame-pointer',
            '-fstack-protector', '-ffunction-sections', '-U_FORTIFY_SOURCE',
            '-D_FORTIFY_SOURCE=1')

# Peers on a library: source, header that must be there, Debian package, link.
_LIBRARY_PEERS = {
    'libuv': ('libuv_echo', 'uv.h', 'libuv1-dev', ('-luv',)),
    'asio': ('asio_echo', 'asio.hpp', 'libasio-dev', ()),
    'libevent': ('libevent_echo', 'event2/event.h', 'libevent-dev',
                 ('-levent_core',)),
}


def load_program(name):
  return str(ROOT / 'benchmarks/load' / name)


def built(name, path, *arguments, **fields):
  """A contestant that Bazel builds at `path`; skipped if it is not there."""
  binary = ROOT / path
  missing = '' if binary.exists() else (
      f'//{path} is not among the data of this target in '
      'benchmarks/BUILD.bazel')
  return Contestant(
      name, lambda _: ([binary, *arguments], None), missing=missing, **fields)


def installed(name, program, package, command, **fields):
  """A contestant that Debian builds; `command` as in Contestant."""
  missing = '' if find_program(program) else f'apt-get install {package}'
  return Contestant(name, command, missing=missing, **fields)


def find_program(name):
  # Debian's servers are in sbin, which is not on everybody's PATH.
  return shutil.which(name, path=os.environ['PATH'] + ':/usr/sbin')


def echo_contestants(threads, strategies=('mutex',)):
  """Everybody who echoes, the bare loop first."""
  flags = ('--port=0', f'--threads={threads}')
  contestants = [
      built('bare epoll', 'benchmarks/peers/bare_epoll_echo', *flags)
  ]
  contestants += [
      built(f'kingpin {strategy}', 'benchmarks/servers/kingpin_echo', *flags,
            f'--strategy={strategy}') for strategy in strategies
  ]
  contestants += [_library_peer(name, flags) for name in _LIBRARY_PEERS]
  return contestants


def _library_peer(name, flags):
  source, header, package, link = _LIBRARY_PEERS[name]
  if not has_header(header):
    return Contestant(name, lambda _: ([], None),
                      missing=f'apt-get install {package}')
  peers = ROOT / 'benchmarks/peers'

  def command(_):
    sources = (peers / f'{source}.cc', peers / 'peer.cc')
    return [compile_peer(source, sources, link), *flags], None

  return Contestant(name, command)


def has_header(header, *flags):
  check = subprocess.run(
      ['c++', '-std=c++20', *flags, '-x', 'c++', '-fsyntax-only', '-'],
      check=False,
      input=f'#if !__has_include(<{header}>)\n#error\n#endif\n', text=True,
      stderr=subprocess.DEVNULL)
  return check.returncode == 0


_compiled = {}


def compile_peer(name, sources, flags):
  """Compiles a peer on a library, once a run.

  By hand, because whether the library is installed is not something that a
  Bazel target can depend on; the same sources are targets too (see
  benchmarks/peers/BUILD.bazel).
  """
  if name in _compiled:
    return _compiled[name]
  directory = tempfile.TemporaryDirectory(prefix='peer_')
  atexit.register(directory.cleanup)
  binary = pathlib.Path(directory.name) / name
  command = [*_COMPILE, '-iquote', ROOT, *sources, '-o', binary, '-pthread',
             *flags]
  result = subprocess.run(command, check=False, capture_output=True, text=True)
  if result.returncode != 0:
    raise BenchmarkError(f'{name} does not compile:\n{result.stderr}')
  _compiled[name] = binary
  return binary
