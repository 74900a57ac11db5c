"""User memory of the server for each idle connection."""

import argparse
import pathlib
import tempfile

from benchmarks.run import compare
from benchmarks.run import contestants
from benchmarks.run import web_servers

_COLUMNS = (
    compare.spread('bytes/connection', 'bytes_per_connection'),
    compare.spread('kept after close', 'kept_per_connection'),
    compare.spread('KiB before the first', 'server_kib_before'),
)


def _case(name, options, *arguments):
  return compare.Case(
      name,
      (contestants.load_program('idle_memory'), '--port={port}',
       '--server_pids={pids}', f'--connections={options.connections}',
       *arguments),
      _COLUMNS)


def main():
  parser = argparse.ArgumentParser(description=__doc__)
  parser.add_argument('--connections', type=int, default=10_000)
  compare.add_options(parser)
  parser.add_argument('--servers', default='echo', choices=('echo', 'http'),
                      help='who is measured')
  parser.set_defaults(rounds=3)
  options = parser.parse_args()
  cases = [_case('never used', options, '--first=none')]
  with tempfile.TemporaryDirectory(prefix='files_') as name:
    root = pathlib.Path(name)
    (root / 'small').write_bytes(b'k' * 1024)
    if options.servers == 'echo':
      everybody = contestants.echo_contestants(threads=1)
      cases.append(_case('after one echo', options, '--first=echo'))
    else:
      everybody = web_servers.everybody(root)
      cases.append(_case('after one GET of 1 KiB', options, '--first=http',
                         '--path=/small'))
    compare.Comparison(options, everybody).run(
        'Memory of idle connections, one thread', cases)


if __name__ == '__main__':
  compare.run_main(main)
