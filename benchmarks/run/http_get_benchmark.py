"""Keep-alive GETs of static files: CPU time a request, and throughput."""

import argparse
import pathlib
import random
import tempfile

from benchmarks.run import compare
from benchmarks.run import contestants
from benchmarks.run import web_servers

_COLUMNS = (
    compare.best('CPU µs/request, best', 'cpu_us_per_op'),
    compare.median('median', 'cpu_us_per_op'),
    compare.ratio('ratio of bests', 'cpu_us_per_op'),
    compare.median('requests/s', 'ops_per_s'),
    compare.median('MiB/s', 'mib_per_s'),
    compare.median('p50 µs', 'p50_us'),
    compare.median('p99 µs', 'p99_us'),
)


def _cases(options):
  """Name of the case: file size, connections, how long."""
  timed = (f'--duration={options.duration}', f'--warmup={options.warmup}')
  large = options.large_mib
  return {
      '1KiB': (1 << 10, 64, timed),
      '64KiB': (64 << 10, 64, timed),
      f'{large}MiB': (large << 20, 1, ('--count=4', '--warmup_count=1')),
  }


def _write_files(directory, cases):
  """Random, so that no file has holes."""
  for name, (size, _, _) in cases.items():
    block = random.Random(name).randbytes(min(size, 1 << 20))
    with open(directory / name, 'wb') as file:
      for _ in range(size // len(block)):
        file.write(block)


def _case(name, description, options):
  size, connections, length = description
  discard = ('--discard',) if options.discard else ()
  return compare.Case(
      name,
      (contestants.load_program('http_get_load'), '--port={port}',
       '--server_pids={pids}', f'--path=/{name}', f'--expect_bytes={size}',
       f'--connections={connections}', *length, *discard),
      _COLUMNS)


def main():
  parser = argparse.ArgumentParser(description=__doc__)
  parser.add_argument('--duration', default='3s')
  parser.add_argument('--warmup', default='500ms')
  parser.add_argument('--large_mib', type=int, default=1024,
                      help='size of the largest file')
  parser.add_argument('--discard', action='store_true',
                      help='the load drops bodies in the kernel')
  compare.add_options(parser)
  options = parser.parse_args()
  cases = _cases(options)
  with tempfile.TemporaryDirectory(prefix='files_') as name:
    root = pathlib.Path(name)
    _write_files(root, cases)
    compare.Comparison(options, web_servers.everybody(root)).run(
        'Static files over HTTP/1.1, one thread',
        [_case(name, cases[name], options) for name in cases])


if __name__ == '__main__':
  compare.run_main(main)
