"""How strong the Chinese chess engine plays: matches against others, with Elo.

Each opening is played twice, with colours exchanged. xq, the rules of this
repository, judges every move and every end. A match's Elo difference has the 95 %
interval that follows from the spread of its results; with a score of 0 or 100 % there
is none. At the end, how many nodes a CPU second the searches look at.

Engines are written NAME:LIMIT:
  level:3            ours, that level
  kingpin:nodes=N    ours, unlimited but for nodes (or depth=N, movetime=MS)
  fairy:nodes=N      fairy-stockfish (or depth=N, movetime=MS)
  hoixiangqi:depth=N hoixiangqi (or seconds=N a move)
  /path/engine:nodes=N   any UCI engine whose variant can be xiangqi
"""

import argparse
import collections
import dataclasses
import math
import os
import random
import re
import statistics
import subprocess
import sys
import time

from benchmarks.run import compare
from benchmarks.run import contestants
from benchmarks.run.server import BenchmarkError

_START = 'rnbakabnr/9/1c5c1/p1p1p1p1p/9/9/P1P1P1P1P/1C5C1/9/RNBAKABNR w - - 0 1'

# What people begin with, and answer.
_FIRST = ('h2e2', 'b2e2', 'h0g2', 'c0e2', 'g3g4', 'c3c4', 'b2d2', 'h2f2')
_ANSWERS = ('h9g7', 'b9c7', 'h7e7', 'b7e7', 'c6c5', 'g6g5', 'c9e7', 'b7d7')

_MATCHES = tuple(
    (f'level:{level}', f'level:{level - 1}') for level in range(2, 9)) + (
        ('level:4', 'hoixiangqi:depth=2'),
        ('level:5', 'hoixiangqi:depth=4'),
        ('level:6', 'hoixiangqi:depth=4'),
        ('level:7', 'hoixiangqi:depth=6'),
        ('level:6', 'fairy:nodes=8000'),
        ('level:7', 'fairy:nodes=60000'),
    )

_SPEED_POSITIONS = (
    _START,
    'r1ba1a3/4kn3/2n1b4/pNp1p1p1p/4c4/6P2/P1P2R2P/1CcC5/9/2BAKAB2 w - - 0 1',
    '1rbaka2R/5r3/6n2/2p1p1p2/4P1bP1/PpC3Bc1/1nPR2P2/2N2AN2/1c2K1p2/2BAC4 w - - 0 1',
)


class _Engine:
  """A process that is told lines and answers in lines."""

  def __init__(self, command):
    self._process = subprocess.Popen(command, stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE,
                                     stderr=subprocess.DEVNULL, text=True)
    self.name = os.path.basename(command[0])

  def tell(self, line):
    try:
      self._process.stdin.write(line + '\n')
      self._process.stdin.flush()
    except BrokenPipeError as error:
      raise BenchmarkError(f'{self.name} has died') from error

  def await_line(self, wanted):
    """The first line that matches; what comes before is dropped."""
    for line in self._process.stdout:
      found = re.match(wanted, line.strip())
      if found:
        return found
    raise BenchmarkError(f'{self.name} has died')

  def cpu_seconds(self):
    fields = open(f'/proc/{self._process.pid}/stat', encoding='ascii').read().rsplit(')')[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')

  def close(self):
    self._process.kill()
    self._process.communicate()


class _UciEngine(_Engine):

  def __init__(self, command, limit, options=()):
    super().__init__(command)
    self._go = ' '.join(['go'] + limit.split('=')) if limit else 'go'
    self.tell('uci')
    self.await_line('uciok')
    for name, value in (('UCI_Variant', 'xiangqi'), *options):
      self.tell(f'setoption name {name} value {value}')

  def new_game(self, seed, moves):
    del moves  # Told with each position.
    if self.is_ours():
      self.tell(f'setoption name Seed value {seed}')
    self.tell('ucinewgame')
    self.tell('isready')
    self.await_line('readyok')

  def is_ours(self):
    return self.name == 'xiangqi_engine'

  def move(self, moves, fen):
    """The engine's move, None if it resigns or has crashed."""
    del fen
    told = ' '.join(_to_uci(move) for move in moves)
    self.tell('position startpos' + (f' moves {told}' if moves else ''))
    self.tell(self._go)
    return _from_uci(self.await_line(r'bestmove (\S+)')[1])

  def nodes_per_second(self, fen, nodes):
    """By CPU time, from a search of about so many nodes."""
    self.tell('ucinewgame')
    self.tell(f'position fen {fen}')
    before = self.cpu_seconds()
    self.tell(f'go nodes {nodes}')
    self.await_line('bestmove')
    return nodes / (self.cpu_seconds() - before)


class _XboardEngine:
  """hoixiangqi: it is told moves, not positions. A process for each game."""

  _ANSWER = r'move ([a-i]\d[a-i]\d)|(1-0|0-1|1/2-1/2|resign|tellusererror).*'

  def __init__(self, command, limit):
    kind, number = limit.split('=')
    self.name = os.path.basename(command[0])
    self._command = command
    self._limit = f'sd {number}' if kind == 'depth' else f'st {number}'
    self._engine = None
    self._known = 0

  def new_game(self, seed, moves):
    del seed, moves
    self.close()
    self._engine = _Engine(self._command)
    self._known = 0
    for line in ('xboard', 'new', 'level 0 10000 0', self._limit):
      self._engine.tell(line)

  def move(self, moves, fen):
    try:
      return self._ask(moves, fen)
    except BenchmarkError as error:
      # It has crashed in the middle of a game, which it loses by that.
      print(f'\n{error} after {len(moves)} plies', file=sys.stderr)
      return None

  def _ask(self, moves, fen):
    self._engine.tell('force')
    for move in moves[self._known:]:
      self._engine.tell(f'usermove {move}')
    self._engine.tell('go')
    answer = self._engine.await_line(self._ANSWER)
    if not answer[1] and answer[2] == '1/2-1/2':
      # By its rules the game is over; by ours it goes on.
      for line in ('force', f'setboard {fen.translate(_TO_XBOARD)}', self._limit, 'go'):
        self._engine.tell(line)
      answer = self._engine.await_line(self._ANSWER)
    self._known = len(moves) + 1
    return answer[1]

  def close(self):
    if self._engine:
      self._engine.close()


_TO_XBOARD = str.maketrans('BNbn', 'EHeh')


def _to_uci(move):
  return ''.join(c if c.isalpha() else str(int(c) + 1) for c in move)


def _from_uci(move):
  parts = re.fullmatch(r'([a-i])(\d+)([a-i])(\d+)', move)
  if not parts:
    return None
  return f'{parts[1]}{int(parts[2]) - 1}{parts[3]}{int(parts[4]) - 1}'


def _start(spec, engine_path):
  name, limit = spec.split(':', 1)
  if name == 'level':
    return _UciEngine([engine_path], '', [('Level', limit)])
  if name == 'kingpin':
    return _UciEngine([engine_path], limit)
  program = {'fairy': 'fairy-stockfish'}.get(name, name)
  path = contestants.find_program(program)
  if not path:
    return None
  if name == 'hoixiangqi':
    return _XboardEngine([path], limit)
  return _UciEngine([path], limit)


def _judge(xq, moves):
  """The game by our rules: (final FEN, result, reason)."""
  output = subprocess.run([xq, 'play', _START, *moves], capture_output=True,
                          text=True, check=False).stdout
  if output.startswith('illegal'):
    return None, None, output.strip()
  fields = dict(line.split(': ', 1) for line in output.splitlines())
  return fields['fen'], fields['result'], fields['reason']


def _play(red, black, opening, seed, xq):
  """Red's points, and why the game ended."""
  moves = list(opening)
  for engine in {red, black}:
    engine.new_game(seed, moves)
  while True:
    fen, result, reason = _judge(xq, moves)
    on_move = red if len(moves) % 2 == 0 else black
    if result != '*':
      return {'1-0': 1.0, '0-1': 0.0, '1/2-1/2': 0.5}[result], reason
    move = on_move.move(moves, fen)
    lost = 0.0 if on_move is red else 1.0
    if move is None:
      return lost, 'no_move'
    why = _judge(xq, moves + [move])
    if why[1] is None:
      print(f'\n{on_move.name} after {" ".join(moves)}: {why[2]}', file=sys.stderr)
      return lost, 'illegal_move'
    moves.append(move)


@dataclasses.dataclass
class _Tally:
  points: list
  reasons: collections.Counter

  def elo(self):
    mean = statistics.mean(self.points)
    error = 1.96 * statistics.stdev(self.points) / math.sqrt(len(self.points))
    if not 0 < mean < 1:
      return 'all' if mean == 1 else 'none'
    # An end of the interval beyond 0 or 100 % is at no finite difference.
    low = f'{_elo(mean - error):+.0f}' if mean > error else 'less'
    high = f'{_elo(mean + error):+.0f}' if mean + error < 1 else 'more'
    return f'{_elo(mean):+.0f} ({low} to {high})'


def _elo(score):
  return -400 * math.log10(1 / score - 1)


def _match(first, second, games, options):
  """Points of the first, a game each."""
  tally = _Tally([], collections.Counter())
  openings = [(a, b) for a in _FIRST for b in _ANSWERS]
  random.Random(options.seed).shuffle(openings)
  for i in range(games):
    opening = openings[i // 2 % len(openings)]
    is_red = i % 2 == 0
    pair = (first, second) if is_red else (second, first)
    points, reason = _play(*pair, opening, options.seed * 1000 + i, options.xq)
    tally.points.append(points if is_red else 1 - points)
    tally.reasons[reason] += 1
    print('.', end='', file=sys.stderr, flush=True)
  print(file=sys.stderr)
  return tally


def _matches_table(options):
  rows = ['| engine | opponent | games | won-drawn-lost | score | Elo difference (95 %) | ends |',
          '| --- | --- | --: | --: | --: | --- | --- |']
  for first_spec, second_spec in options.matches:
    engines = [_start(spec, options.engine) for spec in (first_spec, second_spec)]
    try:
      if None in engines:
        print(f'skipped, not installed: {second_spec}')
        continue
      tally = _match(*engines, options.games, options)
    finally:
      for engine in engines:
        if engine:
          engine.close()
    count = collections.Counter(tally.points)
    ends = ', '.join(f'{reason} {n}' for reason, n in tally.reasons.most_common())
    rows.append(f'| {first_spec} | {second_spec} | {len(tally.points)} | '
                f'{count[1.0]}-{count[0.5]}-{count[0.0]} | '
                f'{100 * statistics.mean(tally.points):.0f} % | {tally.elo()} | {ends} |')
    print(rows[-1], flush=True)
  return '\n'.join(rows)


def _speed_table(options):
  rows = ['| search | M nodes/CPU s: start | middle game | attack |',
          '| --- | --: | --: | --: |']
  for spec in (f'kingpin:nodes={options.speed_nodes}', f'fairy:nodes={options.speed_nodes}'):
    engine = _start(spec, options.engine)
    if not engine:
      continue
    speeds = [max(engine.nodes_per_second(fen, options.speed_nodes) for _ in range(3))
              for fen in _SPEED_POSITIONS]
    engine.close()
    rows.append(f'| {spec} | ' + ' | '.join(f'{speed / 1e6:.2f}' for speed in speeds) + ' |')
  return '\n'.join(rows)


def _parse_options():
  parser = argparse.ArgumentParser(
      description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
  parser.add_argument('--games', type=int, default=20, help='of each match')
  parser.add_argument('--seed', type=int, default=1)
  parser.add_argument('--match', action='append', metavar='ENGINE,ENGINE', dest='matches',
                      help='instead of all levels; may be repeated')
  parser.add_argument('--speed_nodes', type=int, default=1_000_000,
                      help='of each search that is timed; 0: none is')
  parser.add_argument('--out', help='the report, as Markdown')
  parser.add_argument('--engine', help=argparse.SUPPRESS,
                      default=contestants.ROOT / 'apps/chinese_chess/bot/xiangqi_engine')
  parser.add_argument('--xq', help=argparse.SUPPRESS,
                      default=contestants.ROOT / 'apps/chinese_chess/rules/xq')
  options = parser.parse_args()
  options.engine, options.xq = str(options.engine), str(options.xq)
  options.matches = ([tuple(match.split(',')) for match in options.matches]
                     if options.matches else _MATCHES)
  return options


def main():
  options = _parse_options()
  # Debian's games are not on everybody's PATH.
  os.environ['PATH'] += ':/usr/games'
  begin = time.monotonic()
  parts = ['# Chinese chess: the engine in matches', compare.describe_machine()]
  print('\n\n'.join(parts), flush=True)
  parts.append(_matches_table(options))
  if options.speed_nodes:
    parts.append(_speed_table(options))
    print(parts[-1])
  print(f'{time.monotonic() - begin:.0f} s')
  if options.out:
    with open(options.out, 'w', encoding='utf-8') as file:
      file.write('\n\n'.join(parts) + '\n')


if __name__ == '__main__':
  compare.run_main(main)
