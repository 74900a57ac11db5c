"""Load generators: CPU time a request of //apps/bench_client, wrk, ab and h2load.

Here the clients compete, and the server (our file server, one thread, 1 KiB) is the
same for all. Each generator has one thread and as many connections; what it counts as
answered must be what the server sent. `keep` reuses connections; in `reconnect` each
request has one of its own (Connection: close), which wrk does by reconnecting, too.
"""

import argparse
import pathlib
import random
import re
import resource
import subprocess
import tempfile
import time

from benchmarks.run import compare
from benchmarks.run import contestants
from benchmarks.run.server import BenchmarkError, Server, spawn

_COLUMNS = (
    compare.best('CPU µs/request, best', 'cpu_us_per_op'),
    compare.median('median', 'cpu_us_per_op'),
    compare.ratio('ratio of bests', 'cpu_us_per_op'),
    compare.median('requests/s', 'ops_per_s'),
)

_CLOSE = 'Connection: close'


def _bench_client(case, url, connections, seconds):
  reconnect = ['--reconnect'] if case == 'reconnect' else []
  return ['--json', '--quiet', '-t', '1', '-c', connections, '-d', f'{seconds}s',
          *reconnect, url]


def _wrk(case, url, connections, seconds):
  close = ['-H', _CLOSE] if case == 'reconnect' else []
  return ['-t', '1', '-c', connections, '-d', f'{seconds}s', *close, url]


def _ab(case, url, connections, seconds):
  keep = ['-k'] if case == 'keep' else []
  # Without -n it stops after 50,000 requests, with -t or not.
  return ['-q', '-c', connections, '-t', seconds, '-n', 100_000_000, *keep, url]


def _h2load(case, url, connections, seconds):
  # With -D it never ends if connections are closed; so many take about as long.
  how_long = (['-n', 12_000 * seconds, '-H', _CLOSE] if case == 'reconnect'
              else ['-D', seconds])
  return ['--h1', '-t', '1', '-c', connections, *how_long, url]


# How each is called, and where its output says how many were answered.
_GENERATORS = {
    'kingpin': (_bench_client, r'"responses":(\d+)'),
    'wrk': (_wrk, r'(\d+) requests in'),
    'ab': (_ab, r'Complete requests:\s+(\d+)'),
    'h2load': (_h2load, r'(\d+) succeeded'),
}


class _Generators(compare.Comparison):
  """Each contestant is the load."""

  def __init__(self, options, root):
    super().__init__(options, _contestants())
    self._seconds = options.seconds
    self._connections = options.connections
    self._server = contestants.built(
        'file_server', 'apps/file_server/file_server', '--root', str(root),
        '--port', '0', '--threads', '1',
        port_pattern=r'listening\b.*?(\d+)/?$')

  def run_round(self, contestant, case):
    with tempfile.TemporaryDirectory(prefix='compare_') as directory:
      server = Server(self._server, pathlib.Path(directory), self._server_cpus)
      with server:
        return self._run_generator(contestant, case, server.port)

  def _run_generator(self, contestant, case, port):
    arguments, pattern = _GENERATORS[contestant.name]
    program, _ = contestant.command(None)
    words = [str(word) for word in [
        *program, *arguments(case.name, f'http://127.0.0.1:{port}/1KiB',
                             self._connections, self._seconds)]]
    start = time.monotonic()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    child = spawn(words, self._load_cpus, stdout=subprocess.PIPE,
                  stderr=subprocess.PIPE, text=True)
    output, errors = child.communicate(timeout=10 * self._seconds + 30)
    elapsed = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = re.search(pattern, output)
    if child.returncode != 0 or not found or int(found[1]) == 0:
      raise BenchmarkError(f'{" ".join(words)} failed:\n{output}{errors}')
    cpu = ((after.ru_utime - before.ru_utime) +
           (after.ru_stime - before.ru_stime))
    requests = int(found[1])
    return {'cpu_us_per_op': cpu / requests * 1e6,
            'ops_per_s': requests / elapsed}


def _contestants():
  def peer(name, package):
    return contestants.installed(
        name, name, package, lambda _: ([contestants.find_program(name)], None))

  return [
      contestants.built('kingpin', 'apps/bench_client/bench_client'),
      peer('wrk', 'wrk'),
      peer('ab', 'apache2-utils'),
      peer('h2load', 'nghttp2-client'),
  ]


def main():
  parser = argparse.ArgumentParser(
      description=__doc__,
      formatter_class=argparse.RawDescriptionHelpFormatter)
  parser.add_argument('--seconds', type=int, default=3)
  parser.add_argument('--connections', type=int, default=64)
  compare.add_options(parser)
  options = parser.parse_args()
  cases = [compare.Case(name, (name, f'{options.connections} connections',
                               f'{options.seconds} s'), _COLUMNS)
           for name in ('keep', 'reconnect')]
  with tempfile.TemporaryDirectory(prefix='files_') as name:
    root = pathlib.Path(name)
    (root / '1KiB').write_bytes(random.Random(1).randbytes(1 << 10))
    _Generators(options, root).run('Load generators, one thread', cases)


if __name__ == '__main__':
  compare.run_main(main)
