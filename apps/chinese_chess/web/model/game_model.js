// One game as the server tells it: whole at first, then event by event.
//
// Events have versions without holes. One that was seen already is dropped; one that comes
// too early means that something was lost, and the whole game is to be asked for again.
//
//   const game = new GameModel('k3v9');
//   game.receive(message, performance.now());   // 'move', 'end', ...; 'stale'; 'gap'
//   game.position;                              // After the last move.

import {START_FEN, makeMove, parseFen, parseMove} from '../rules/position.js';
import {inCheck, isLegal} from '../rules/moves.js';
import {GameClock} from './game_clock.js';
import {parseControl} from './time_control.js';

const MOST_LINES = 200;

export class GameModel {
  constructor(id) {
    this.id = id;
    this.version = null; // Of the last event; null: nothing is known yet.
    this.you = null; // null: a spectator.
    this.control = '';
    this.casual = false;
    this.players = {red: unknownPlayer(), black: unknownPlayer()};
    this.clock = new GameClock(null);
    this.offers = {draw: null, takeback: null, rematch: null};
    this.warning = null; // {reason, offender}: once more ends the game so.
    this.result = '*';
    this.reason = 'none';
    this.next = null;
    this.viewers = 0;
    this.delay = 0; // What is shown is so much older; until the game is over.
    this.viewerNames = [];
    this.chat = [];
    this.record = null; // As the archive has it; null: the game is not from there.
    this.reset(START_FEN, []);
  }

  get position() {
    return this.positions.at(-1);
  }
  get ply() {
    return this.moves.length;
  }
  get turn() {
    return this.position.turn;
  }
  get known() {
    return this.version !== null;
  }
  get over() {
    return this.result !== '*' || this.reason === 'aborted';
  }
  // 'red', 'black' or null.
  get winner() {
    return {'1-0': 'red', '0-1': 'black'}[this.result] ?? null;
  }
  get yourTurn() {
    return !this.over && this.you !== null && this.you === this.turn;
  }
  get mayTakeBack() {
    return this.casual && !this.over && this.ply >= (this.yourTurn ? 2 : 1);
  }

  // Moves from the start on; as far as they are legal.
  reset(fen, moves) {
    this.positions = [parseFen(fen) ?? parseFen(START_FEN)];
    this.moves = [];
    for (const move of moves) {
      if (!this.#append(move)) break;
    }
  }

  #append({move: text, at_ms: at = null, charged_ms: charged = null}) {
    const move = parseMove(text);
    if (move === null || !isLegal(this.position, move)) return false;
    const capture = this.position.cells[move.to] !== '';
    const position = makeMove(this.position, move);
    this.positions.push(position);
    this.moves.push({...move, at, charged, capture, check: inCheck(position, position.turn)});
    return true;
  }

  // What has happened: the name of the message; 'stale': nothing; 'gap': something is
  // missing, join again.
  receive(message, now) {
    if (message.t === 'game') return this.#receiveWhole(message, now);
    if (message.t === 'viewers') {
      this.viewers = message.viewers;
      this.viewerNames = message.names.slice(0, MOST_LINES);
      return 'viewers';
    }
    if (message.t === 'ok') return this.known && this.#setClocks(message, now) ? 'clocks' : 'stale';
    if (this.version === null || message.v > this.version + 1) return 'gap';
    if (message.v <= this.version) return 'stale';
    // A move that does not fit is a gap, too.
    if (!this.#apply(message, now)) return 'gap';
    this.version = message.v;
    return message.t;
  }

  #receiveWhole(message, now) {
    // Its own event has been missed.
    const rematch = this.known && this.next === null && message.next !== undefined;
    this.version = message.v;
    this.you = message.you ?? null;
    this.control = message.control;
    this.casual = message.casual;
    this.warning = warningOf(message);
    for (const name of ['draw', 'takeback', 'rematch']) this.offers[name] = message[name] ?? null;
    this.result = message.result;
    this.reason = message.reason;
    this.next = message.next ?? null;
    this.viewers = message.viewers;
    this.delay = message.delay_ms ?? 0;
    // A server that was started again has forgotten what was said.
    if (message.chat) this.chat = message.chat.map(lineOf);
    this.reset(START_FEN, message.moves);
    for (const color of ['red', 'black']) {
      this.players[color] = {id: message[color].id, name: message[color].name};
      this.#setPresence(color, message[color].online, message[color].grace_ms, now);
    }
    this.clock = new GameClock(parseControl(message.control));
    this.clock.set(
      {red: message.red.left_ms, black: message.black.left_ms},
      message.clock ? message.turn : null,
      now,
      message.move_ms ?? null,
    );
    return rematch ? 'rematch' : 'game';
  }

  // false: the message has none. After what was missed an 'ok' has those of now; its events
  // have those of then.
  #setClocks({red_ms: red, black_ms: black, move_ms: move, clock}, now) {
    if (red === undefined || black === undefined) return false;
    const running = clock ? this.turn : null;
    const goesOn = running !== null && running === this.clock.running;
    const known = goesOn ? this.clock.read(running, now).move : null;
    this.clock.set({red, black}, running, now, move ?? known);
    return true;
  }

  #setPresence(color, online, grace, now) {
    const player = this.players[color];
    player.online = online;
    player.graceEnds = online ? null : now + (grace ?? 0);
  }

  #apply(message, now) {
    switch (message.t) {
      case 'move':
        return this.#applyMove(message, now);
      case 'takeback':
        return this.#applyTakeback(message, now);
      case 'offer':
        this.offers[message.offer] = message.by;
        return true;
      case 'decline':
        this.offers[message.offer] = null;
        return true;
      case 'presence':
        return this.#applyPresence(message, now);
      case 'chat':
        this.chat.push(lineOf(message));
        if (this.chat.length > MOST_LINES) this.chat.shift();
        return true;
      case 'end':
        return this.#applyEnd(message, now);
      case 'rematch':
        this.next = message.next;
        this.offers.rematch = null;
        return true;
      default:
        return true; // skip
    }
  }

  // Clocks that have waited for somebody may start with it.
  #applyPresence(message, now) {
    this.#setPresence(message.by, message.online, message.grace_ms, now);
    this.#setClocks(message, now);
    return true;
  }

  #applyMove(message, now) {
    if (message.ply !== this.ply || message.by !== this.turn || !this.#append(message))
      return false;
    if (this.offers.draw === message.by) this.offers.draw = null;
    this.offers.takeback = null;
    this.warning = warningOf(message);
    this.clock.set({red: message.red_ms, black: message.black_ms}, this.turn, now);
    return true;
  }

  #applyTakeback(message, now) {
    if (message.ply > this.ply) return false;
    this.moves.length = message.ply;
    this.positions.length = message.ply + 1;
    this.offers = {draw: null, takeback: null, rematch: null};
    this.warning = null;
    this.clock.set({red: message.red_ms, black: message.black_ms}, this.turn, now);
    return true;
  }

  #applyEnd(message, now) {
    this.result = message.result;
    this.reason = message.reason;
    this.offers = {draw: null, takeback: null, rematch: null};
    this.clock.set({red: message.red_ms, black: message.black_ms}, null, now);
    return true;
  }

  // A finished one, out of the archive.
  static fromRecord(id, record) {
    const {start, moves, tags = {}, result, reason} = record;
    const game = new GameModel(id);
    game.reset(start ?? START_FEN, moves);
    const tag = (name) => (typeof tags[name] === 'string' ? tags[name] : '');
    game.players.red.name = tag('Red');
    game.players.black.name = tag('Black');
    game.control = tag('TimeControl');
    game.date = tag('Date');
    game.result = result;
    game.reason = reason;
    game.version = 0;
    game.record = record;
    return game;
  }
}

const warningOf = ({warning, offender = null}) =>
  warning === undefined ? null : {reason: warning, offender};

const lineOf = ({by = null, name, text}) => ({by, name, text});

function unknownPlayer() {
  return {id: '', name: '', online: true, graceEnds: null};
}
