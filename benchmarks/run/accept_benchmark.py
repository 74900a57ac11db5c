"""Accept strategies: each thread's share, and how long a connection waits."""

import argparse

from benchmarks.run import compare
from benchmarks.run import contestants

_CASES = {
    'open one by one': ('--mode=open',),
    'close one by one': ('--mode=close',),
    'bursts of 32': ('--mode=burst', '--burst=32'),
    'bursts of 64': ('--mode=burst', '--burst=64'),
    '1 in 40 is slow': ('--mode=slow',),
}


def _worst_shares(own, _):
  """The shares in the round that was the least even."""
  worst = max(own, key=lambda s: max(s['shares']) - min(s['shares']))
  return ' '.join(str(share) for share in worst['shares'])


_COLUMNS = (
    compare.Column('least even shares', _worst_shares),
    compare.spread('p50 ms', 'p50_us', 1e-3),
    compare.spread('p99 ms', 'p99_us', 1e-3),
    compare.spread('p99.9 ms', 'p999_us', 1e-3),
    compare.spread('max ms', 'max_us', 1e-3),
)


def _case(name, options):
  count = (f'--count={options.count}',) if options.count else ()
  return compare.Case(
      name,
      (contestants.load_program('accept_fairness'), '--port={port}',
       '--server_pids={pids}', f'--server_threads={options.threads}',
       *_CASES[name], *count),
      _COLUMNS)


def _everybody(threads):
  flags = ('--port=0', f'--threads={threads}')
  bare = [
      contestants.built(f'bare {strategy}',
                        'benchmarks/peers/bare_epoll_fairness', *flags,
                        f'--strategy={strategy}')
      for strategy in ('reuseport', 'exclusive')
  ]
  ours = [
      contestants.built(f'kingpin {strategy}',
                        'benchmarks/servers/kingpin_fairness', *flags,
                        f'--strategy={strategy}')
      for strategy in ('mutex', 'gated', 'exclusive', 'reuseport')
  ]
  return bare + ours


def main():
  parser = argparse.ArgumentParser(description=__doc__)
  parser.add_argument('--threads', type=int, default=4,
                      help='threads of every server')
  parser.add_argument('--count', type=int, default=0,
                      help='connections a round (default: by the case)')
  compare.add_options(parser)
  options = parser.parse_args()
  compare.Comparison(options, _everybody(options.threads)).run(
      f'Accept strategies, {options.threads} threads',
      [_case(name, options) for name in _CASES])


if __name__ == '__main__':
  compare.run_main(main)
