// Compares legal moves with ffish (Fairy-Stockfish as WebAssembly) on positions of
// random play.
//
//   node ffish_oracle.js XQ FFISH_DIR [POSITIONS [SEED]]
//
// XQ is the command line of the rules, FFISH_DIR the unpacked npm package. Games are
// played by ffish; each new position goes to `xq moves --stdin`, and both lists have to
// be the same. Exit code 0: not one difference.
'use strict';

const {spawnSync} = require('child_process');
const path = require('path');

const BATCH = 5000;
const GAME_PLIES = 160;

// xorshift32, so that a seed is a run.
function makeRandom(seed) {
  let state = seed >>> 0 || 1;
  return (bound) => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % bound;
  };
}

// ffish counts ranks from 1: a10a9 is a9a8 in ICCS.
function toIccs(move) {
  const [, fromFile, fromRank, toFile, toRank] =
      /^([a-i])(\d+)([a-i])(\d+)$/.exec(move);
  return fromFile + (fromRank - 1) + toFile + (toRank - 1);
}

function splitMoves(text) {
  return text.split(' ').filter((move) => move !== '');
}

// One random game; captures are sought one time in eight, so that endings occur.
// Calls onPosition(fen, moves in ICCS) until it returns false.
function playGame(ffish, random, onPosition) {
  const board = new ffish.Board('xiangqi');
  try {
    for (let ply = 0; ply < GAME_PLIES; ++ply) {
      const moves = splitMoves(board.legalMoves());
      if (!onPosition(board.fen(), moves.map(toIccs))) return false;
      if (moves.length === 0) return true;
      let move = moves[random(moves.length)];
      if (random(8) === 0) {
        const captures = moves.filter((candidate) => board.isCapture(candidate));
        if (captures.length > 0) move = captures[random(captures.length)];
      }
      board.push(move);
    }
    return true;
  } finally {
    board.delete();
  }
}

function compareBatch(xq, batch) {
  const run = spawnSync(xq, ['moves', '--stdin'], {
    input: batch.map(({fen}) => fen + '\n').join(''),
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (run.status !== 0) throw new Error(`xq: ${run.error || run.stderr}`);
  const lines = run.stdout.split('\n');
  if (lines.length !== batch.length + 1) {
    throw new Error(`xq: ${lines.length - 1} lines for ${batch.length} positions`);
  }
  let differences = 0;
  batch.forEach(({fen, moves}, i) => {
    const theirs = moves.slice().sort().join(' ');
    const ours = splitMoves(lines[i]).sort().join(' ');
    if (ours === theirs) return;
    ++differences;
    console.log(`DIFFERENT: ${fen}\n  xq    ${ours}\n  ffish ${theirs}`);
  });
  return differences;
}

function run(ffish, xq, wanted, seed) {
  const random = makeRandom(seed);
  const seen = new Set();
  const total = {games: 0, moves: 0, ended: 0, differences: 0};
  let batch = [];
  const flush = () => {
    total.differences += compareBatch(xq, batch);
    batch = [];
  };
  while (seen.size < wanted) {
    ++total.games;
    playGame(ffish, random, (fen, moves) => {
      const key = fen.split(' ').slice(0, 2).join(' ');
      if (seen.has(key)) return true;
      seen.add(key);
      total.moves += moves.length;
      total.ended += moves.length === 0;
      batch.push({fen, moves});
      if (batch.length === BATCH) flush();
      return seen.size < wanted;
    });
  }
  if (batch.length > 0) flush();
  console.log(`${seen.size} different positions of ${total.games} random games ` +
              `(${total.ended} of them mates and stalemates), ${total.moves} legal ` +
              `moves, ${total.differences} differences`);
  return total.differences === 0 ? 0 : 1;
}

const [xq, directory, positions = '100000', seed = '1'] = process.argv.slice(2);
if (!directory) {
  console.error('usage: node ffish_oracle.js XQ FFISH_DIR [POSITIONS [SEED]]');
  process.exit(2);
}
// With it, ffish tries to fetch its file as a URL.
delete globalThis.fetch;
const ffish = require(path.resolve(directory, 'ffish.js'));
ffish.onRuntimeInitialized = () => {
  process.exitCode = run(ffish, path.resolve(xq), Number(positions), Number(seed));
};
