"""Move generation of Chinese chess: perft, against Fairy-Stockfish's.

Both count the last ply without making its moves, so a round is the same work: the
CPU time of the whole process, less that of the same process at depth 1. The counts
have to be the published ones. Positions are those of the Chess Programming Wiki.
"""

import argparse
import dataclasses
import os
import re
import resource
import subprocess

from benchmarks.run import compare
from benchmarks.run import contestants
from benchmarks.run.server import BenchmarkError, spawn

_COLUMNS = (
    compare.best('CPU ns/node, best', 'cpu_ns_per_node'),
    compare.median('median', 'cpu_ns_per_node'),
    compare.ratio('ratio of bests', 'cpu_ns_per_node'),
    compare.median('M nodes/CPU s, median', 'mnodes_per_s'),
)


@dataclasses.dataclass(frozen=True)
class _Tree:
  name: str
  fen: str
  depth: int
  nodes: int


_TREES = (
    _Tree('start',
          'rnbakabnr/9/1c5c1/p1p1p1p1p/9/9/P1P1P1P1P/1C5C1/9/RNBAKABNR w - - 0 1',
          5, 133312995),
    _Tree('middle game',
          'r1ba1a3/4kn3/2n1b4/pNp1p1p1p/4c4/6P2/P1P2R2P/1CcC5/9/2BAKAB2 w - - 0 1',
          5, 53112976),
    _Tree('attack',
          '1cbak4/9/n2a5/2p1p3p/5cp2/2n2N3/6PCP/3AB4/2C6/3A1K1N1 w - - 0 1',
          5, 10369923),
    _Tree('open lines', 'CRN1k1b2/3ca4/4ba3/9/2nr5/9/9/4B4/4A4/4KA3 w - - 0 1',
          5, 11842230),
)


class _Perft(compare.Comparison):
  """Each contestant is the load."""

  def run_round(self, contestant, case):
    tree = next(tree for tree in _TREES if tree.name == case.name)
    command, _ = contestant.command(None)
    _, start_up = _count(command, tree, 1)
    nodes, seconds = _count(command, tree, tree.depth)
    if nodes != tree.nodes:
      raise BenchmarkError(f'{contestant.name} counts {nodes} nodes in '
                           f'{tree.name}, not {tree.nodes}')
    seconds -= start_up
    return {'cpu_ns_per_node': seconds / nodes * 1e9,
            'mnodes_per_s': nodes / seconds / 1e6}


def _count(command, tree, depth):
  """The nodes that a contestant counts, and the CPU seconds of its process."""
  words = list(command)
  uci = ''
  if words[-1] == 'uci':
    words.pop()
    uci = ('setoption name UCI_Variant value xiangqi\n'
           f'position fen {tree.fen}\ngo perft {depth}\nquit\n')
  else:
    words += [tree.fen, str(depth)]
  before = resource.getrusage(resource.RUSAGE_CHILDREN)
  child = spawn(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
  output, _ = child.communicate(uci)
  after = resource.getrusage(resource.RUSAGE_CHILDREN)
  found = re.search(r'(?:Nodes searched: |^)(\d+)$', output.strip(), re.MULTILINE)
  if child.returncode != 0 or not found:
    raise BenchmarkError(f'{words[0]} failed:\n{output}')
  seconds = (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)
  return int(found[1]), seconds


def _contestants():
  # Debian's games are not on everybody's PATH.
  os.environ['PATH'] += ':/usr/games'
  program = 'fairy-stockfish'
  return [
      contestants.built('kingpin', 'apps/chinese_chess/rules/xq', 'perft'),
      contestants.installed(
          program, program, program,
          lambda _: ([contestants.find_program(program), 'uci'], None)),
  ]


def main():
  parser = argparse.ArgumentParser(
      description=__doc__,
      formatter_class=argparse.RawDescriptionHelpFormatter)
  compare.add_options(parser)
  cases = [
      compare.Case(tree.name, ('perft', tree.fen, str(tree.depth)), _COLUMNS)
      for tree in _TREES
  ]
  _Perft(parser.parse_args(), _contestants()).run('Chinese chess: perft', cases)


if __name__ == '__main__':
  compare.run_main(main)
