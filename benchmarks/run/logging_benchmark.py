"""Loggers: what a statement costs, and how many lines a second get through.

quill and fmtlog are not in Debian: --quill and --fmtlog take the folders of their
sources (benchmarks/logger/README.md says which), and without them they are skipped.
"""

import argparse
import os
import pathlib
import tempfile

from benchmarks.run import compare
from benchmarks.run import contestants
from benchmarks.run.server import Contestant

_LATENCY = (
    compare.best('p50 ns, best', 'p50_ns'),
    compare.ratio('ratio', 'p50_ns'),
    compare.best('p99.9 ns, best', 'p999_ns'),
    compare.ratio('ratio', 'p999_ns'),
    compare.median('median', 'p999_ns'),
    compare.median('p99.99 ns, median', 'p9999_ns'),
    compare.median('max ns, median', 'max_ns'),
)

_THROUGHPUT = (
    compare.median('M lines/s, median', 'mlines_per_s'),
    compare.spread('all rounds', 'mlines_per_s'),
    compare.best('CPU s/M lines, best', 'cpu_s_per_mline'),
    compare.ratio('ratio', 'cpu_s_per_mline'),
    compare.median('RSS MiB, median', 'rss_mib'),
)

_SPDLOG = ('-DSPDLOG_COMPILED_LIB', '-DSPDLOG_SHARED_LIB',
           '-DSPDLOG_FMT_EXTERNAL', '-lspdlog', '-lfmt')


class _Loggers(compare.Comparison):
  """Each contestant is the load, with its logger in it."""

  def __init__(self, options, loggers):
    self._directory = options.directory
    super().__init__(options, loggers)

  def run_round(self, contestant, case):
    command, _ = contestant.command(None)
    with tempfile.TemporaryDirectory(dir=self._directory) as directory:
      which, *flags = case.load
      return compare.run_load(
          [*command, which, pathlib.Path(directory) / 'log', *flags],
          f'{case.name} on {contestant.name}')


def _peer(name, header, missing, flags):
  """A logger that the runner compiles; `name` is that of its source, too."""
  if not header or not contestants.has_header(header, *flags):
    return Contestant(name, lambda _: ([], None), missing=missing)
  folder = contestants.ROOT / 'benchmarks/logger'
  source = name.replace(' ', '_')

  def command(_):
    sources = (folder / f'contestants/{source}.cc', folder / 'log_load.cc')
    return [contestants.compile_peer(source, sources, flags)], None

  return Contestant(name, command)


def _folder(text):
  # `bazel run` starts in the runfiles; paths are the caller's.
  base = pathlib.Path(os.environ.get('BUILD_WORKING_DIRECTORY', '.'))
  return base / text if text else None


def _loggers(options):
  quill = _folder(options.quill)
  fmtlog = _folder(options.fmtlog)
  return [
      contestants.built('kingpin', 'benchmarks/logger/kingpin'),
      contestants.built('plain', 'benchmarks/logger/plain'),
      _peer('spdlog async', 'spdlog/async.h', 'apt-get install libspdlog-dev',
            _SPDLOG),
      _peer('spdlog sync', 'spdlog/spdlog.h', 'apt-get install libspdlog-dev',
            _SPDLOG),
      _peer('glog', 'glog/logging.h', 'apt-get install libgoogle-glog-dev',
            ('-lglog',)),
      _peer('quill', quill and 'quill/Backend.h', 'no --quill with its sources',
            (f'-I{quill}/include',)),
      _peer('fmtlog', fmtlog and 'fmtlog.h', 'no --fmtlog with its sources',
            ('-DFMT_HEADER_ONLY', f'-I{fmtlog}', f'-I{fmtlog}/fmt/include')),
  ]


def _latency(name, *load):
  return [
      compare.Case(name, load, _LATENCY),
      compare.Case(f'{name}-spin', (*load, '--spin'), _LATENCY),
  ]


def _cases(lines):
  cases = []
  for threads in (1, 2):
    cases += _latency(f'burst-{threads}', 'burst', '--count=3000',
                      f'--threads={threads}')
    cases += _latency(f'single-{threads}', 'single', '--count=200000',
                      f'--threads={threads}')
  for rate in (100_000, 1_000_000):
    cases += _latency(f'steady-{rate // 1000}k', 'steady', f'--count={rate}',
                      f'--rate={rate}')
  for threads in (1, 2, 4, 8):
    load = ('throughput', f'--count={lines}', f'--threads={threads}')
    cases.append(compare.Case(f'lines-{threads}', load, _THROUGHPUT))
  cases.append(
      compare.Case('lines-1-spin', ('throughput', f'--count={lines}', '--spin'),
                   _THROUGHPUT))
  return cases


def main():
  parser = argparse.ArgumentParser(
      description=__doc__,
      formatter_class=argparse.RawDescriptionHelpFormatter)
  parser.add_argument('--quill', metavar='DIR', help='of the sources of quill')
  parser.add_argument('--fmtlog', metavar='DIR',
                      help='of those of fmtlog, with fmt in DIR/fmt')
  parser.add_argument('--directory', default='/dev/shm', metavar='DIR',
                      help='where the logs are written (/dev/shm: in memory)')
  parser.add_argument('--lines', type=int, default=4_000_000,
                      help='lines of a round of throughput')
  compare.add_options(parser)
  options = parser.parse_args()
  _Loggers(options, _loggers(options)).run('Loggers', _cases(options.lines))


if __name__ == '__main__':
  compare.run_main(main)
