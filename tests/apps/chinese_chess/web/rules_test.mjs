// The browser's rules against the rules library, by way of its command line.
//
//   node rules_test.mjs XQ WEB_DIR

import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import path from 'node:path';
import {pathToFileURL} from 'node:url';

const [xq, web] = process.argv.slice(2).map((argument) => path.resolve(argument));
const load = (file) => import(pathToFileURL(path.join(web, 'rules', file)));
const {START_FEN, formatFen, makeMove, moveName, parseFen, parseMove} = await load('position.js');
const {inCheck, legalMoves, premoveTargets} = await load('moves.js');
const {formatMove, readMove} = await load('notation.js');

// xorshift32, so that every run is the same.
let state = 20240229;
function random(bound) {
  state ^= state << 13;
  state >>>= 0;
  state ^= state >>> 17;
  state ^= state << 5;
  state >>>= 0;
  return state % bound;
}

function runXq(args, input = '') {
  const run = spawnSync(xq, args, {input, encoding: 'utf8', maxBuffer: 1 << 28});
  assert.equal(run.status, 0, `xq ${args.join(' ')}: ${run.stderr}`);
  return run.stdout;
}

function perft(position, depth) {
  const moves = legalMoves(position);
  if (depth === 1) return moves.length;
  return moves.reduce((sum, move) => sum + perft(makeMove(position, move), depth - 1), 0);
}

// Positions of random games; captures are sought one time in four, so that endings occur.
function randomPositions(count) {
  const positions = [];
  while (positions.length < count) {
    let position = parseFen(START_FEN);
    for (let ply = 0; ply < 120 && positions.length < count; ++ply) {
      positions.push(position);
      const moves = legalMoves(position);
      if (moves.length === 0) break;
      const captures = moves.filter(({to}) => position.cells[to] !== '');
      const from = captures.length > 0 && random(4) === 0 ? captures : moves;
      position = makeMove(position, from[random(from.length)]);
    }
  }
  return positions;
}

const PERFT = [
  [START_FEN, 3, 79666],
  ['r1ba1a3/4kn3/2n1b4/pNp1p1p1p/4c4/6P2/P1P2R2P/1CcC5/9/2BAKAB2 w', 2, 1128],
  ['1cbak4/9/n2a5/2p1p3p/5cp2/2n2N3/6PCP/3AB4/2C6/3A1K1N1 w', 3, 8620],
  ['5a3/3k5/3aR4/9/5r3/5n3/9/3A1A3/5K3/2BC2B2 w', 3, 9850],
  ['CRN1k1b2/3ca4/4ba3/9/2nr5/9/9/4B4/4A4/4KA3 w', 3, 14808],
  ['3k5/9/9/3n5/9/9/9/9/9/3K5 b', 5, 411],
  ['4k4/4R4/9/9/9/9/9/9/9/4K4 b', 5, 490],
  ['3k5/9/9/9/9/3R5/9/9/9/4K4 b', 1, 0],
  ['4k4/9/9/3p5/2pNp4/3p1n3/4PNP2/5P3/9/3K5 w', 3, 372],
  ['c3k4/9/4c4/p3p3p/4C4/9/P3P3P/4C4/9/5K3 w', 3, 10711],
  ['P2k4P/9/2P6/9/P3P4/p3p4/9/2p6/9/p4K2p w', 3, 1755],
];

function testPerft() {
  for (const [fen, depth, nodes] of PERFT) {
    assert.equal(perft(parseFen(fen), depth), nodes, fen);
  }
}

function testLegalMoves(positions) {
  const lines = runXq(
    ['moves', '--stdin'],
    positions.map((position) => formatFen(position) + '\n').join(''),
  ).split('\n');
  assert.equal(lines.length, positions.length + 1);
  positions.forEach((position, i) => {
    const ours = legalMoves(position).map(moveName).sort().join(' ');
    assert.equal(ours, lines[i].split(' ').sort().join(' '), formatFen(position));
  });
}

// Every legal move may be thought of in advance, when it is not one's turn.
function testPremoves(positions) {
  for (const position of positions) {
    for (const {from, to} of legalMoves(position)) {
      assert.ok(premoveTargets(position, from).includes(to), formatFen(position));
    }
  }
}

// Soldiers and others in tandem, besides random play.
const TANDEMS = [
  '4k4/9/4P4/4P4/4P4/9/9/9/9/3K5 w',
  '3k5/9/4P4/4P4/4P4/4P4/9/9/9/4K4 w',
  '3k5/9/4P4/4P4/4P4/4P4/4P4/9/9/4K4 w',
  '3k5/9/2P3P2/2P3P2/2P6/9/9/9/9/4K4 w',
  '3k5/9/2P3P2/2P3P2/9/9/9/9/9/4K4 w',
  '3k5/9/9/4C4/9/4C4/9/9/9/5K3 w',
  '4k4/9/9/9/9/2p3p2/2p3p2/2p6/9/3K5 b',
  '4k4/4a4/3a5/4r4/4r4/9/9/9/9/3K5 b',
];

function testNotation(positions) {
  const cases = [];
  for (const position of positions) {
    const moves = legalMoves(position);
    if (moves.length > 0) cases.push([position, moves[random(moves.length)]]);
  }
  for (const fen of TANDEMS) {
    const position = parseFen(fen);
    for (const move of legalMoves(position)) cases.push([position, move]);
  }
  for (const [position, move] of cases) {
    const fen = formatFen(position);
    const [wxf, chinese, iccs] = runXq(['notate', fen, moveName(move)])
      .trim()
      .split(' ');
    assert.equal(formatMove(position, move, 'wxf'), wxf, `${fen} ${iccs}`);
    assert.equal(formatMove(position, move, 'chinese'), chinese, `${fen} ${iccs}`);
    assert.equal(formatMove(position, move, 'iccs'), iccs);
    const traditional = formatMove(position, move, 'chinese', 'traditional');
    assert.equal(runXq(['notate', fen, traditional]).trim().split(' ')[2], iccs, traditional);
    for (const text of [wxf, chinese, iccs, traditional, wxf.toLowerCase()]) {
      const read = readMove(position, text);
      assert.ok(read !== null, `${fen}: ${text}`);
      assert.equal(moveName(read), iccs, `${fen}: ${text}`);
    }
  }
  return cases.length;
}

function testReading() {
  const start = parseFen(START_FEN);
  const read = (text) => {
    const move = readMove(start, text);
    return move === null ? null : moveName(move);
  };
  assert.equal(read(' C2.5 '), 'h2e2');
  assert.equal(read('n2+3'), 'h0g2');
  assert.equal(read('傌二進三'), 'h0g2');
  assert.equal(read('炮2平5'), 'h2e2');
  assert.equal(read('H2-E2'), 'h2e2');
  for (const bad of ['', 'hello', 'h2h8', 'a0a0', 'C2+9', 'h2e2e2', '<b>', '炮']) {
    assert.equal(read(bad), null, bad);
  }
  for (const bad of [
    '',
    'x',
    null,
    undefined,
    START_FEN.replace('9', '8'),
    '9/9',
    'k'.repeat(90),
  ]) {
    assert.equal(parseFen(bad), null, String(bad));
  }
  for (const bad of ['', 'h2', 'j2a1', 'h2h2', null, {}]) assert.equal(parseMove(bad), null);
  assert.equal(formatFen(parseFen(START_FEN)), START_FEN.slice(0, -8));
  assert.ok(inCheck(parseFen('3k5/9/9/9/9/3R5/9/9/9/4K4 b'), 'black'));
  assert.ok(!inCheck(parseFen(START_FEN), 'red'));
}

const positions = randomPositions(1500);
testPerft();
testLegalMoves(positions);
testPremoves(positions.slice(0, 400));
testReading();
const notated = testNotation(positions.filter((_, i) => i % 15 === 0));
console.log(
  `${PERFT.length} perft counts, legal moves of ${positions.length} positions, ` +
    `${notated} moves in every notation: no difference`,
);
