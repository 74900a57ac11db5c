"""Echo on kept connections: CPU time a message, and latency."""

import argparse

from benchmarks.run import compare
from benchmarks.run import contestants

# Name of the case: connections, bytes of a message.
_CASES = {
    '1x64B': (1, 64),
    '64x64B': (64, 64),
    '1000x64B': (1000, 64),
    '64x16KiB': (64, 16 << 10),
}


def _case(name, options):
  connections, size = _CASES[name]
  return compare.Case(
      name,
      (contestants.load_program('echo_load'), '--port={port}',
       '--server_pids={pids}', f'--connections={connections}',
       f'--size={size}', f'--duration={options.duration}',
       f'--warmup={options.warmup}', f'--threads={options.load_threads}'),
      compare.CPU_COLUMNS)


def main():
  parser = argparse.ArgumentParser(description=__doc__)
  parser.add_argument('--threads', type=int, default=1,
                      help='threads of every server')
  parser.add_argument('--load_threads', type=int, default=1)
  parser.add_argument('--duration', default='3s')
  parser.add_argument('--warmup', default='500ms')
  compare.add_options(parser)
  options = parser.parse_args()
  compare.Comparison(
      options, contestants.echo_contestants(options.threads)).run(
          f'Echo, {options.threads} thread(s)',
          [_case(name, options) for name in _CASES])


if __name__ == '__main__':
  compare.run_main(main)
