"""Connections that live for one echo: CPU time a connection, and latency."""

import argparse

from benchmarks.run import compare
from benchmarks.run import contestants

_STRATEGIES = ('mutex', 'gated', 'exclusive', 'reuseport')
_IN_FLIGHT = (2, 64)


def _case(in_flight, options):
  return compare.Case(
      f'{in_flight} in flight',
      (contestants.load_program('churn_load'), '--port={port}',
       '--server_pids={pids}', f'--in_flight={in_flight}',
       f'--count={options.count}', f'--warmup_count={options.count // 10}',
       f'--end={options.end}'),
      compare.CPU_COLUMNS)


def main():
  parser = argparse.ArgumentParser(description=__doc__)
  parser.add_argument('--threads', type=int, default=4,
                      help='threads of every server')
  parser.add_argument('--count', type=int, default=50_000,
                      help='connections a round')
  parser.add_argument('--end', default='reset', choices=('reset', 'finish'))
  compare.add_options(parser)
  options = parser.parse_args()
  everybody = contestants.echo_contestants(options.threads, _STRATEGIES)
  compare.Comparison(options, everybody).run(
      f'Short connections, {options.threads} thread(s)',
      [_case(in_flight, options) for in_flight in _IN_FLIGHT])


if __name__ == '__main__':
  compare.run_main(main)
