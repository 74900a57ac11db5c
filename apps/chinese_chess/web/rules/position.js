// Who stands where: squares, positions, FEN, coordinates.
//
// A square is a number, rank * 9 + file: file 0 is Red's left, rank 0 Red's back rank. A
// position is a plain object that nobody changes:
//
//   {cells: ['R', 'N', ..., ''], turn: 'red'}     // Capitals are Red: K A B N R C P.
//
//   const position = parseFen(START_FEN);
//   const next = makeMove(position, parseMove('h2e2'));

export const FILES = 9;
export const RANKS = 10;
export const SQUARES = FILES * RANKS;
export const START_FEN = 'rnbakabnr/9/1c5c1/p1p1p1p1p/9/9/P1P1P1P1P/1C5C1/9/RNBAKABNR w - - 0 1';

export const fileOf = (square) => square % FILES;
export const rankOf = (square) => Math.floor(square / FILES);
export const squareAt = (file, rank) => rank * FILES + file;
export const isOnBoard = (file, rank) => file >= 0 && file < FILES && rank >= 0 && rank < RANKS;

export const opponent = (color) => (color === 'red' ? 'black' : 'red');
export const colorOf = (piece) => (piece === '' ? null : piece < 'a' ? 'red' : 'black');
export const typeOf = (piece) => piece.toUpperCase();

export const squareName = (square) => String.fromCharCode(97 + fileOf(square)) + rankOf(square);
export const moveName = (move) => squareName(move.from) + squareName(move.to);

// 'h2e2'; null for anything else.
export function parseMove(text) {
  const match = /^([a-i])([0-9])-?([a-i])([0-9])$/i.exec(String(text));
  if (match === null) return null;
  const square = (file, rank) => squareAt(file.toLowerCase().charCodeAt(0) - 97, Number(rank));
  const move = {
    from: square(match[1], match[2]),
    to: square(match[3], match[4]),
  };
  return move.from === move.to ? null : move;
}

// null for what is no position.
export function parseFen(fen) {
  const [board, side] = String(fen).split(' ');
  const rows = board.split('/');
  if (rows.length !== RANKS) return null;
  const cells = new Array(SQUARES).fill('');
  for (let row = 0; row < RANKS; ++row) {
    let file = 0;
    for (const letter of rows[row]) {
      if (/[1-9]/.test(letter)) {
        file += Number(letter);
      } else if (/[KABNRCPkabnrcp]/.test(letter) && file < FILES) {
        cells[squareAt(file, RANKS - 1 - row)] = letter;
        ++file;
      } else {
        return null;
      }
    }
    if (file !== FILES) return null;
  }
  return {cells, turn: side === 'b' ? 'black' : 'red'};
}

export function formatFen(position) {
  const rows = [];
  for (let rank = RANKS - 1; rank >= 0; --rank) {
    const row = position.cells.slice(rank * FILES, (rank + 1) * FILES);
    rows.push(
      row
        .map((piece) => piece || ' ')
        .join('')
        .replace(/ +/g, (blanks) => blanks.length),
    );
  }
  return rows.join('/') + (position.turn === 'red' ? ' w' : ' b');
}

// Whether it is legal is for moves.js to say.
export function makeMove(position, move) {
  const cells = position.cells.slice();
  cells[move.to] = cells[move.from];
  cells[move.from] = '';
  return {cells, turn: opponent(position.turn)};
}
