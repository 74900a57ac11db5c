"""Side-by-side runs: the same load against several servers, round by round.

Machines drift, so contestants alternate (A B C, then B C A, ...), each round
starts a fresh process, and the figure to compare is the best round's CPU time
per operation. The load program reads the server's CPU clock itself, at rest
before and after its measured phase, so that start-up and warm-up do not count.

Used by the scripts of the families, or by hand:

  compare.py --contestant 'mine=/path/mine --port 0' \
      --contestant 'theirs=/path/theirs --port 0' \
      --load '/path/echo_load --port={port} --server_pids={pids}'
"""

import argparse
import dataclasses
import datetime
import json
import os
import pathlib
import re
import resource
import shlex
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence

from benchmarks.run.server import BenchmarkError, Contestant, Server, spawn

_LOAD_SECONDS = 600


@dataclasses.dataclass(frozen=True)
class Column:
  """A column of the table: `show` turns a contestant's rounds into text."""

  title: str
  show: Callable[[list[dict], list[dict]], str]  # (own, the reference's)


@dataclasses.dataclass(frozen=True)
class Case:
  """One table: a load command with {port} and {pids}, and what to show."""

  name: str
  load: Sequence[str]
  columns: Sequence[Column]


def _number(value):
  if abs(value) >= 1000:
    return f'{value:,.0f}'
  return f'{value:.1f}' if abs(value) >= 100 else f'{value:.2f}'


def best(title, key, scale=1.0):
  """The smallest of the rounds."""
  return Column(
      title, lambda own, _: _number(min(s[key] for s in own) * scale))


def median(title, key, scale=1.0):
  return Column(
      title,
      lambda own, _: _number(statistics.median(s[key] for s in own) * scale))


def spread(title, key, scale=1.0):
  """The smallest and the largest of the rounds."""

  def show(own, _):
    values = [s[key] * scale for s in own]
    ends = dict.fromkeys([_number(min(values)), _number(max(values))])
    return '–'.join(ends)  # One number if they look the same.

  return Column(title, show)


def ratio(title, key):
  """The best round over the reference's best round."""
  return Column(
      title, lambda own, reference:
      f'{min(s[key] for s in own) / min(s[key] for s in reference):.3f}')


CPU_COLUMNS = (
    best('CPU µs/op, best', 'cpu_us_per_op'),
    median('median', 'cpu_us_per_op'),
    ratio('ratio of bests', 'cpu_us_per_op'),
    median('ops/s', 'ops_per_s'),
    median('p50 µs', 'p50_us'),
    median('p99 µs', 'p99_us'),
)


def add_options(parser):
  parser.add_argument('--rounds', type=int, default=5)
  parser.add_argument('--only', default='',
                      help='comma-separated names of contestants')
  parser.add_argument('--cases', default='',
                      help='comma-separated names of cases')
  parser.add_argument('--reference', default='',
                      help='whose figures are 1.000 (default: the first)')
  parser.add_argument('--server_cpus', default='',
                      help='CPUs of the servers, such as 0 (default: any)')
  parser.add_argument('--load_cpus', default='',
                      help='CPUs of the load, such as 1 (default: any)')
  parser.add_argument('--syscalls', action='store_true',
                      help='one more pass under strace: system calls per '
                      'operation (its set-up included)')
  parser.add_argument('--out', help='also write the report to this file')
  parser.add_argument('--raw', help='write every round as JSON to this file')


def _cpus(text):
  return {int(cpu) for cpu in text.split(',')} if text else None


class Comparison:
  """Runs the cases against the contestants and reports."""

  def __init__(self, options, contestants):
    self._options = options
    self._server_cpus = _cpus(options.server_cpus)
    self._load_cpus = _cpus(options.load_cpus)
    self._report = []
    self._raw = {}
    self._contestants = self._choose(contestants)
    names = [c.name for c in self._contestants]
    self._reference = options.reference or names[0]
    if self._reference not in names:
      raise BenchmarkError(f'the reference {self._reference} does not run')

  def run(self, title, cases):
    chosen = [c for c in self._options.cases.split(',') if c]
    unknown = set(chosen) - {case.name for case in cases}
    if unknown:
      raise BenchmarkError(f'no such case: {", ".join(sorted(unknown))}')
    if (self._options.syscalls and
        type(self).run_round is not Comparison.run_round):
      raise BenchmarkError('--syscalls counts those of a server; here no '
                           'servers compete')
    self._say(f'## {title}\n')
    self._say(describe_machine())
    for case in cases:
      if not chosen or case.name in chosen:
        self._run_case(case)
    self._write_files()

  def _choose(self, contestants):
    only = [name for name in self._options.only.split(',') if name]
    unknown = set(only) - {c.name for c in contestants}
    if unknown:
      raise BenchmarkError(f'no such contestant: {", ".join(sorted(unknown))}')
    wanted = [c for c in contestants if not only or c.name in only]
    for contestant in wanted:
      if contestant.missing:
        self._say(f'**SKIPPED {contestant.name}**: {contestant.missing}\n')
    running = [c for c in wanted if not c.missing]
    if not running:
      raise BenchmarkError('no contestant can run')
    return running

  def _run_case(self, case):
    running = list(self._contestants)
    samples = {contestant.name: [] for contestant in running}
    for index in range(self._options.rounds):
      shift = index % len(running)
      for contestant in running[shift:] + running[:shift]:
        try:
          sample = self.run_round(contestant, case)
        except BenchmarkError as error:
          if contestant.name == self._reference:
            raise
          # The others' figures are none the worse for it.
          self._say(f'**LEFT OUT of {case.name}, {contestant.name}**: '
                    f'{error}\n')
          running.remove(contestant)
          del samples[contestant.name]
          continue
        samples[contestant.name].append(sample)
        print(f'# {case.name} round {index + 1} {contestant.name}: '
              f'{json.dumps(sample)}', file=sys.stderr, flush=True)
    self._raw[case.name] = samples
    counts = {}
    if self._options.syscalls:
      counts = {c.name: self._count_syscalls(c, case) for c in running}
    self._say_table(case, samples, counts)

  def run_round(self, contestant, case):
    """One measurement; its figures. Here: the load against the server."""
    with tempfile.TemporaryDirectory(prefix='compare_') as directory:
      server = Server(contestant, pathlib.Path(directory), self._server_cpus)
      with server:
        return self._run_load(contestant, case, server)

  def _run_load(self, contestant, case, server):
    pids = ','.join(str(pid) for pid in server.pids())
    command = [word.replace('{port}', str(server.port)).replace('{pids}', pids)
               for word in case.load]
    return run_load(command, f'{case.name} on {contestant.name}',
                    self._load_cpus)

  def _count_syscalls(self, contestant, case):
    with tempfile.TemporaryDirectory(prefix='compare_') as directory:
      summary = pathlib.Path(directory) / 'strace.txt'
      with Server(contestant, pathlib.Path(directory),
                  self._server_cpus) as server:
        strace = _attach_strace(server.pids(), summary)
        sample = self._run_load(contestant, case, server)
        strace.send_signal(signal.SIGINT)
        strace.communicate()
      return _summarize_strace(summary.read_text(), sample['all_operations'])

  def _say_table(self, case, samples, counts):
    titles = [case.name] + [column.title for column in case.columns]
    reference = samples[self._reference]
    rows = [[name] + [column.show(own, reference) for column in case.columns]
            for name, own in samples.items()]
    if counts:
      titles.append('system calls/op')
      rows = [row + [counts[row[0]]] for row in rows]
    self._say(f'\nLoad: `{_readable(case.load)}`. Rounds: '
              f'{self._options.rounds}. Reference: {self._reference}.\n')
    self._say(_markdown(titles, rows))

  def _say(self, text):
    print(text, flush=True)
    self._report.append(text)

  def _write_files(self):
    # `bazel run` starts in the runfiles; paths are the caller's.
    base = pathlib.Path(os.environ.get('BUILD_WORKING_DIRECTORY', '.'))
    if self._options.out:
      (base / self._options.out).write_text('\n'.join(self._report) + '\n')
    if self._options.raw:
      (base / self._options.raw).write_text(json.dumps(self._raw, indent=1))


def run_load(command, name, cpus=None):
  """Runs a load program; the figures of its last line."""
  load = spawn(command, cpus, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
               text=True)
  try:
    output, errors = load.communicate(timeout=_LOAD_SECONDS)
  except BaseException:
    load.kill()
    load.wait()
    raise
  if load.returncode != 0:
    words = shlex.join(str(word) for word in command)
    raise BenchmarkError(f'the load {name} failed (exit code '
                         f'{load.returncode}):\n{words}\n{output}{errors}')
  return json.loads(output.splitlines()[-1])


def _readable(command):
  return shlex.join([pathlib.Path(command[0]).name, *command[1:]]).replace(
      "'", '')


def _markdown(titles, rows):
  widths = [max(len(row[i]) for row in [titles, *rows])
            for i in range(len(titles))]

  def line(cells):
    padded = [cell.ljust(width) if i == 0 else cell.rjust(width)
              for i, (cell, width) in enumerate(zip(cells, widths))]
    return '| ' + ' | '.join(padded) + ' |'

  rule = ['-' * widths[0]] + ['-' * (width - 1) + ':' for width in widths[1:]]
  return '\n'.join([line(titles), line(rule), *(line(row) for row in rows)])


def _attach_strace(pids, summary):
  if shutil.which('strace') is None:
    raise BenchmarkError('--syscalls needs strace: apt-get install strace')
  attach = [word for pid in pids for word in ('-p', str(pid))]
  strace = spawn(['strace', '-f', '-c', '-o', summary, *attach],
                 stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
  for _ in pids:
    line = strace.stderr.readline()
    if 'attached' not in line:
      strace.kill()
      raise BenchmarkError(f'strace did not attach: {line}')
  return strace


def _summarize_strace(text, operations):
  """`strace -c` in one cell: all calls, then those above 0.05 an operation."""
  counts = {}
  for line in text.splitlines():
    found = re.match(r'\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$',
                     line)
    if found:
      counts[found[2]] = int(found[1]) / operations
  total = counts.pop('total', 0.0)
  parts = sorted(counts.items(), key=lambda part: -part[1])
  shown = ', '.join(f'{name} {n:.2f}' for name, n in parts if n >= 0.05)
  return f'{total:.2f} ({shown})'


def _first_line(*command):
  try:
    return subprocess.run(command, capture_output=True, text=True,
                          check=True).stdout.splitlines()[0]
  except (OSError, IndexError, subprocess.CalledProcessError):
    return 'unknown'


def describe_machine():
  model = re.search(r'^model name\s*: (.*)$',
                    pathlib.Path('/proc/cpuinfo').read_text(), re.MULTILINE)
  commit = _first_line('git', '-C',
                       os.environ.get('BUILD_WORKSPACE_DIRECTORY', '.'),
                       'describe', '--always', '--dirty')
  system = os.uname()
  return '\n'.join([
      f'- Machine: {model[1] if model else system.machine}, '
      f'{os.cpu_count()} CPUs, {system.sysname} {system.release}',
      f'- Compiler: {_first_line("c++", "--version")}; commit {commit}; '
      f'{datetime.date.today()}',
      f'- Peers: {_package_versions()}',
      f'- Command: `{_command()}`',
  ])


def _command():
  target = pathlib.Path(sys.argv[0]).stem.removesuffix('_benchmark')
  run = f'./bazelw run //benchmarks:{target}'
  return ' -- '.join([run, shlex.join(sys.argv[1:])] if sys.argv[1:] else [run])


def _package_versions():
  packages = ('libuv1-dev', 'libasio-dev', 'libevent-dev', 'nginx', 'lighttpd',
              'libspdlog-dev', 'libgoogle-glog-dev', 'fairy-stockfish', 'wrk',
              'apache2-utils', 'nghttp2-client', 'hoichess')
  result = subprocess.run(
      ['dpkg-query', '-W', '-f=${Package} ${Version}, ', *packages],
      capture_output=True, text=True, check=False)
  return result.stdout.removesuffix(', ') or 'none installed'


def run_main(main):
  """Runs `main` with enough open files, and turns failures into exit codes."""
  _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
  resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
  try:
    main()
  except BenchmarkError as error:
    sys.exit(f'FAILED: {error}')


def _main():
  parser = argparse.ArgumentParser(
      description=__doc__,
      formatter_class=argparse.RawDescriptionHelpFormatter)
  parser.add_argument('--contestant', action='append', required=True,
                      metavar='NAME=COMMAND')
  parser.add_argument('--load', required=True, metavar='COMMAND')
  add_options(parser)
  options = parser.parse_args()
  contestants = []
  for text in options.contestant:
    name, _, command = text.partition('=')
    contestants.append(
        Contestant(name, lambda _, words=shlex.split(command): (words, None)))
  case = Case('by hand', shlex.split(options.load), CPU_COLUMNS)
  Comparison(options, contestants).run('Comparison', [case])


if __name__ == '__main__':
  run_main(_main)
