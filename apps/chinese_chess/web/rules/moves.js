// What may move where, so that the board answers at once. The server judges; this only
// saves it the question.
//
//   const targets = legalTargets(position, parseMove('h2e2').from);
//   inCheck(position, 'red');

import {
  FILES,
  SQUARES,
  colorOf,
  fileOf,
  isOnBoard,
  makeMove,
  opponent,
  rankOf,
  squareAt,
  typeOf,
} from './position.js';

const STRAIGHT = [
  [0, 1],
  [1, 0],
  [0, -1],
  [-1, 0],
];
const DIAGONAL = [
  [1, 1],
  [1, -1],
  [-1, -1],
  [-1, 1],
];

function inPalace(file, rank, color) {
  return file >= 3 && file <= 5 && (color === 'red' ? rank <= 2 : rank >= 7);
}

const isHome = (rank, color) => (color === 'red' ? rank <= 4 : rank >= 5);

function steps(directions, reach, allowed, from) {
  const found = [];
  for (const [dx, dy] of directions) {
    const file = fileOf(from) + dx * reach;
    const rank = rankOf(from) + dy * reach;
    if (isOnBoard(file, rank) && allowed(file, rank, dx, dy)) {
      found.push(squareAt(file, rank));
    }
  }
  return found;
}

function horseTargets(cells, from) {
  const found = [];
  for (const [dx, dy] of STRAIGHT) {
    const file = fileOf(from) + dx;
    const rank = rankOf(from) + dy;
    if (!isOnBoard(file, rank) || cells[squareAt(file, rank)] !== '') continue;
    for (const side of [-1, 1]) {
      const [toFile, toRank] = [file + dx + dy * side, rank + dy + dx * side];
      if (isOnBoard(toFile, toRank)) found.push(squareAt(toFile, toRank));
    }
  }
  return found;
}

// The empty squares of a line, and the first two pieces on it.
function scanLine(cells, from, [dx, dy]) {
  const line = {empty: [], pieces: []};
  let [file, rank] = [fileOf(from) + dx, rankOf(from) + dy];
  for (; isOnBoard(file, rank) && line.pieces.length < 2; file += dx, rank += dy) {
    const square = squareAt(file, rank);
    if (cells[square] !== '') {
      line.pieces.push(square);
    } else if (line.pieces.length === 0) {
      line.empty.push(square);
    }
  }
  return line;
}

function lineTargets(cells, from, jumps) {
  return STRAIGHT.flatMap((direction) => {
    const {empty, pieces} = scanLine(cells, from, direction);
    return empty.concat(pieces.slice(jumps ? 1 : 0, jumps ? 2 : 1));
  });
}

function soldierTargets(from, color) {
  const forward = color === 'red' ? 1 : -1;
  const ways = [[0, forward]];
  if (!isHome(rankOf(from), color)) ways.push([1, 0], [-1, 0]);
  return steps(ways, 1, () => true, from);
}

// Where the piece may go as it moves, own pieces on the squares included.
function reach(cells, from) {
  const color = colorOf(cells[from]);
  const palace = (file, rank) => inPalace(file, rank, color);
  switch (typeOf(cells[from])) {
    case 'K':
      return steps(STRAIGHT, 1, palace, from);
    case 'A':
      return steps(DIAGONAL, 1, palace, from);
    case 'B':
      return steps(
        DIAGONAL,
        2,
        (file, rank, dx, dy) => isHome(rank, color) && cells[squareAt(file - dx, rank - dy)] === '',
        from,
      );
    case 'N':
      return horseTargets(cells, from);
    case 'R':
      return lineTargets(cells, from, false);
    case 'C':
      return lineTargets(cells, from, true);
    case 'P':
      return soldierTargets(from, color);
    default:
      return [];
  }
}

export function findGeneral(cells, color) {
  return cells.indexOf(color === 'red' ? 'K' : 'k');
}

function generalsFace(cells) {
  const red = findGeneral(cells, 'red');
  const black = findGeneral(cells, 'black');
  if (red < 0 || black < 0 || fileOf(red) !== fileOf(black)) return false;
  for (let square = red + FILES; square < black; square += FILES) {
    if (cells[square] !== '') return false;
  }
  return true;
}

// Is the general of `color` attacked? Facing the other one counts.
export function inCheck({cells}, color) {
  const general = findGeneral(cells, color);
  if (general < 0) return false;
  for (let from = 0; from < SQUARES; ++from) {
    if (colorOf(cells[from]) === opponent(color) && reach(cells, from).includes(general)) {
      return true;
    }
  }
  return generalsFace(cells);
}

// Where the piece on `from` may go, whoever's turn it is.
export function legalTargets(position, from) {
  const {cells} = position;
  const color = colorOf(cells[from]);
  if (color === null) return [];
  return reach(cells, from).filter(
    (to) => colorOf(cells[to]) !== color && !inCheck(makeMove(position, {from, to}), color),
  );
}

export function isLegal(position, move) {
  return (
    colorOf(position.cells[move.from]) === position.turn &&
    legalTargets(position, move.from).includes(move.to)
  );
}

export function legalMoves(position) {
  const moves = [];
  for (let from = 0; from < SQUARES; ++from) {
    if (colorOf(position.cells[from]) !== position.turn) continue;
    for (const to of legalTargets(position, from)) moves.push({from, to});
  }
  return moves;
}

// Where it might go next time: what stands in its way may be gone by then.
export function premoveTargets({cells}, from) {
  const piece = cells[from];
  const color = colorOf(piece);
  if (color === null) return [];
  const targets = [];
  for (let to = 0; to < SQUARES; ++to) {
    if (to !== from && mayReach(typeOf(piece), color, from, to)) targets.push(to);
  }
  return targets;
}

function mayReach(type, color, from, to) {
  const dx = Math.abs(fileOf(to) - fileOf(from));
  const dy = Math.abs(rankOf(to) - rankOf(from));
  switch (type) {
    case 'K':
      return dx + dy === 1 && inPalace(fileOf(to), rankOf(to), color);
    case 'A':
      return dx === 1 && dy === 1 && inPalace(fileOf(to), rankOf(to), color);
    case 'B':
      return dx === 2 && dy === 2 && isHome(rankOf(to), color);
    case 'N':
      return dx * dy === 2;
    case 'P':
      return soldierTargets(from, color).includes(to);
    default:
      return dx === 0 || dy === 0;
  }
}
