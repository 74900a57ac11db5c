// A game server for tests of the page, in a few lines: it speaks the protocol, trusts
// everybody and keeps nothing. The server proper is //apps/chinese_chess/server.
//
//   node mock_server.mjs WEB_DIR WS_PACKAGE_DIR PORT      // 0: any; prints "port N"

import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import {createRequire} from 'node:module';
import {pathToFileURL} from 'node:url';

const [web, wsPackage, port] = process.argv.slice(2);
const {WebSocketServer} = createRequire(import.meta.url)(path.resolve(wsPackage));
const load = (file) => import(pathToFileURL(path.resolve(web, file)));
const {START_FEN, makeMove, opponent, parseFen, parseMove, moveName} =
  await load('rules/position.js');
const {inCheck, isLegal, legalMoves} = await load('rules/moves.js');
const {parseControl} = await load('model/time_control.js');

const HISTORY = 20;
const GRACE = 30000;

let ids = 0;
const newId = (prefix) => `${prefix}${++ids}${Math.random().toString(36).slice(2, 7)}`;
const sessions = new Set();
const players = new Map(); // By token.
const games = new Map();
const finished = [];

// --- Games -----------------------------------------------------------------------------------

class Game {
  constructor(players, control, casual) {
    Object.assign(this, {
      id: newId('g'),
      players,
      control,
      casual,
      version: 0,
      events: [],
      moves: [],
      offers: {},
      result: '*',
      reason: 'none',
      next: null,
      members: new Set(),
      began: Date.now(),
      turnBegan: Date.now(),
    });
    const {base} = parseControl(control);
    this.left = {red: base, black: base};
    this.positions = [parseFen(START_FEN)];
    games.set(this.id, this);
  }

  get position() {
    return this.positions.at(-1);
  }
  get over() {
    return this.result !== '*' || this.reason === 'aborted';
  }
  colorOf(player) {
    return ['red', 'black'].find((color) => this.players[color].id === player.id);
  }
  online(color) {
    return (
      this.players[color].bot ||
      [...this.members].some(({player}) => player.id === this.players[color].id)
    );
  }
  elapsed() {
    return this.over ? 0 : Date.now() - this.turnBegan;
  }
  leftNow(color) {
    return Math.max(0, this.left[color] - (color === this.position.turn ? this.elapsed() : 0));
  }
  clocks() {
    return {red_ms: this.leftNow('red'), black_ms: this.leftNow('black')};
  }

  whole(player) {
    const you = this.colorOf(player);
    const side = (color) => {
      const online = this.online(color);
      return {
        id: this.players[color].id,
        name: this.players[color].name,
        online,
        left_ms: this.leftNow(color),
        ...(online ? {} : {grace_ms: GRACE}),
      };
    };
    return {
      t: 'game',
      game: this.id,
      v: this.version,
      ...(you ? {you} : {}),
      control: this.control,
      casual: this.casual,
      red: side('red'),
      black: side('black'),
      turn: this.position.turn,
      clock: !this.over,
      moves: this.moves,
      ...(you ? this.offers : {}),
      result: this.result,
      reason: this.reason,
      ...(this.next ? {next: this.next} : {}),
      viewers: this.viewers().length,
    };
  }

  viewers() {
    return [...this.members].filter(({player}) => !this.colorOf(player));
  }

  // `to`: all, players, spectators.
  publish(event, to = 'all') {
    const full = {...event, game: this.id, v: ++this.version};
    this.events.push({full, to});
    if (this.events.length > HISTORY) this.events.shift();
    for (const session of this.members) session.send(this.seenBy(session, full, to));
  }

  seenBy({player}, full, to) {
    const isPlayer = this.colorOf(player) !== undefined;
    if (to === 'all' || (to === 'players') === isPlayer) return full;
    return {t: 'skip', game: this.id, v: full.v};
  }

  join(session, v) {
    const first = this.events[0]?.full.v;
    if (v !== undefined && first !== undefined && v + 1 >= first && v <= this.version) {
      for (const {full, to} of this.events) {
        if (full.v > v) session.send(this.seenBy(session, full, to));
      }
    } else {
      session.send(this.whole(session.player));
    }
    const color = this.colorOf(session.player);
    const wasOnline = color && this.online(color);
    this.members.add(session);
    if (!color) this.tellViewers();
    else if (!wasOnline) this.publish({t: 'presence', by: color, online: true});
  }

  leave(session) {
    if (!this.members.delete(session)) return;
    const color = this.colorOf(session.player);
    if (!color) this.tellViewers();
    else if (!this.online(color))
      this.publish({t: 'presence', by: color, online: false, grace_ms: GRACE});
  }

  tellViewers() {
    const viewers = this.viewers();
    for (const session of this.members) {
      session.send({
        t: 'viewers',
        game: this.id,
        viewers: viewers.length,
        names: viewers.map(({player}) => player.name),
      });
    }
  }

  // A refusal, or nothing.
  move(color, ply, text) {
    if (this.moves[ply]?.move === text) return null;
    if (this.over) return 'game_over';
    if (ply !== this.moves.length) return 'wrong_ply';
    if (color !== this.position.turn) return 'not_your_turn';
    const move = parseMove(text);
    if (move === null || !isLegal(this.position, move)) return 'illegal_move';
    const charged = this.elapsed();
    this.left[color] = this.leftNow(color) + parseControl(this.control).increment;
    this.turnBegan = Date.now();
    this.positions.push(makeMove(this.position, move));
    this.moves.push({move: text, at_ms: Date.now() - this.began, charged_ms: charged});
    if (this.offers.draw === color) delete this.offers.draw;
    const check = inCheck(this.position, this.position.turn);
    this.publish({
      t: 'move',
      by: color,
      ply,
      move: text,
      ...(check ? {check} : {}),
      at_ms: Date.now() - this.began,
      charged_ms: charged,
      ...this.clocks(),
    });
    if (legalMoves(this.position).length === 0) this.end(color, check ? 'checkmate' : 'stalemate');
    this.playBot();
    return null;
  }

  playBot() {
    const color = this.position.turn;
    if (this.over || !this.players[color].bot) return;
    const moves = legalMoves(this.position);
    const captures = moves.filter(({to}) => this.position.cells[to] !== '');
    const from = captures.length > 0 ? captures : moves;
    setTimeout(() => this.move(color, this.moves.length, moveName(from[ids++ % from.length])), 400);
  }

  end(winner, reason) {
    this.left = {red: this.leftNow('red'), black: this.leftNow('black')};
    this.result =
      reason === 'aborted' ? '*' : winner === null ? '1/2-1/2' : winner === 'red' ? '1-0' : '0-1';
    this.reason = reason;
    this.offers = {};
    finished.unshift(this);
    this.publish({t: 'end', result: this.result, reason, ...this.clocks()});
  }

  offer(color, offer) {
    if (this.offers[offer] === opponent(color)) return this.accept(color, offer);
    this.offers[offer] = color;
    this.publish({t: 'offer', by: color, offer}, 'players');
  }

  accept(color, offer) {
    delete this.offers[offer];
    if (offer === 'draw') return this.end(null, 'agreement');
    if (offer === 'rematch') {
      const {red, black} = this.players;
      this.next = new Game({red: black, black: red}, this.control, this.casual).id;
      return this.publish({t: 'rematch', next: this.next});
    }
    const wanted = opponent(color);
    const count = this.position.turn === wanted ? 2 : 1;
    this.moves.length -= count;
    this.positions.length -= count;
    this.turnBegan = Date.now();
    this.publish({t: 'takeback', by: wanted, ply: this.moves.length, ...this.clocks()});
  }
}

// --- The lobby ---------------------------------------------------------------------------------

const waiting = new Map(); // By session: {kind, key, control, casual, color}.

function lobbyMessage() {
  const pools = new Map();
  for (const {kind, control} of waiting.values()) {
    if (kind === 'pool') pools.set(control, (pools.get(control) ?? 0) + 1);
  }
  return {
    t: 'lobby',
    connections: sessions.size,
    games: games.size,
    pools: [...pools].map(([control, n]) => ({control, waiting: n})),
    seeks: [...waiting]
      .filter(([, {kind}]) => kind === 'seek')
      .map(([{player}, {key, control, casual, color}]) => ({
        seek: key,
        player: {id: player.id, name: player.name},
        control,
        casual,
        ...(color ? {color} : {}),
      })),
  };
}

function tellLobby() {
  for (const session of sessions) {
    if (session.inLobby) session.send(lobbyMessage());
  }
}

function pair(
  host,
  guest,
  {control, casual = false, color = Math.random() < 0.5 ? 'red' : 'black'},
) {
  waiting.delete(host);
  waiting.delete(guest);
  const side = {[color]: host.player, [opponent(color)]: guest.player};
  const game = new Game(side, control, casual);
  for (const session of [host, guest])
    session.send({t: 'paired', game: game.id, you: game.colorOf(session.player)});
  tellLobby();
}

function findWaiting(session, match) {
  for (const [host, wish] of waiting) {
    if (match(wish) && host.player.id !== session.player.id) return [host, wish];
  }
  return null;
}

// --- Messages ----------------------------------------------------------------------------------

const HANDLERS = {
  lobby: (session, {on = true}) => {
    session.inLobby = on;
    if (on) session.send(lobbyMessage());
  },
  pool: (session, {control, id}) => {
    const found = findWaiting(session, (wish) => wish.kind === 'pool' && wish.control === control);
    if (found) return pair(found[0], session, {control});
    waiting.set(session, {kind: 'pool', control});
    session.send({t: 'waiting', re: 'pool', id});
    tellLobby();
  },
  seek: (session, message) => wait(session, 'seek', message),
  room: (session, message) => wait(session, 'room', message),
  accept: (session, message) => take(session, message, 'seek', message.seek, 'no_seek'),
  enter: (session, message) => take(session, message, 'room', message.code, 'no_room'),
  cancel: (session) => {
    waiting.delete(session);
    tellLobby();
  },
  bot: (session, {control, color, level}) => {
    const bot = {id: `bot:${level}`, name: `Bot ${level}`, bot: true};
    pair(session, {player: bot, send() {}}, {control, color: color ?? 'red', casual: true});
  },
  games: (session, {id}) =>
    session.send({
      t: 'games',
      id,
      count: games.size,
      games: [...games.values()]
        .filter((game) => !game.over)
        .map((game) => ({
          game: game.id,
          red: publicly(game.players.red),
          black: publicly(game.players.black),
          control: game.control,
          plies: game.moves.length,
          viewers: game.viewers().length,
        })),
    }),
  history: (session, {id}) =>
    session.send({
      t: 'history',
      id,
      games: finished
        .filter((game) => game.colorOf(session.player))
        .map((game) => ({
          game: game.id,
          red: game.players.red.name,
          black: game.players.black.name,
          control: game.control,
          result: game.result,
          reason: game.reason,
          plies: game.moves.length,
          finished_ms: Date.now(),
        })),
    }),
  record: (session, {id, game: gameId}) => {
    const game = games.get(gameId);
    if (!game?.over)
      return session.send({t: 'error', re: 'record', id, code: 'no_game', text: 'no such game'});
    session.send({
      t: 'record',
      id,
      game: gameId,
      record: {
        format: 'chinese-chess-game-1',
        tags: {
          Red: game.players.red.name,
          Black: game.players.black.name,
          TimeControl: game.control,
          Date: '2026.11.28',
        },
        start: START_FEN,
        moves: game.moves,
        result: game.result,
        reason: game.reason,
      },
    });
  },
};

const publicly = ({id, name}) => ({id, name});

function wait(session, kind, {control, casual, color, id}) {
  const key = Math.random().toString(36).slice(2, 8);
  waiting.set(session, {kind, key, control, casual, color});
  session.send({t: 'waiting', re: kind, id, [kind === 'room' ? 'code' : 'seek']: key});
  tellLobby();
}

function take(session, {id, t}, kind, key, code) {
  const found = findWaiting(session, (wish) => wish.kind === kind && wish.key === key);
  if (!found) return session.send({t: 'error', re: t, id, code, text: 'not there'});
  pair(found[0], session, found[1]);
}

const IN_GAME = {
  join: (game, session, {v}) => game.join(session, v),
  leave: (game, session) => game.leave(session),
  move: (game, session, {ply, move, id}, color) =>
    game.move(color, ply, move) ?? void session.send({t: 'ok', re: 'move', id, game: game.id, ply}),
  offer: (game, session, {offer}, color) => game.offer(color, offer),
  decline: (game, session, {offer}, color) => {
    delete game.offers[offer];
    game.publish({t: 'decline', by: color, offer}, 'players');
  },
  resign: (game, session, message, color) => game.end(opponent(color), 'resignation'),
  abort: (game) => game.end(null, 'aborted'),
  claim: (game, session, {draw}, color) => game.end(draw ? null : color, 'abandonment'),
  chat: (game, {player}, {text}, color) =>
    game.publish(
      {t: 'chat', ...(color ? {by: color} : {}), name: player.name, text},
      color ? 'players' : 'spectators',
    ),
};

function hello(session, {token, name}) {
  const player = players.get(token) ?? {
    id: newId('p'),
    name: `Guest ${1000 + ids}`,
    token: newId('t'),
  };
  if (name) player.name = name;
  players.set(player.token, player);
  session.player = player;
  session.send({
    t: 'welcome',
    player: player.id,
    name: player.name,
    token: player.token,
    games: [...games.values()]
      .filter((game) => !game.over && game.colorOf(player))
      .map(({id}) => id),
  });
}

function handle(session, message) {
  if (message.t === 'ping') return session.send({t: 'pong', n: message.n});
  if (message.t === 'hello') return hello(session, message);
  if (!session.player) return;
  if (HANDLERS[message.t]) return HANDLERS[message.t](session, message);
  const game = games.get(message.game);
  const error = game
    ? IN_GAME[message.t]?.(game, session, message, game.colorOf(session.player))
    : 'no_game';
  if (error) session.send({t: 'error', re: message.t, id: message.id, code: error, text: error});
  else if (!['move', 'join'].includes(message.t))
    session.send({t: 'ok', re: message.t, id: message.id});
}

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.webmanifest': 'application/manifest+json',
};

const server = http.createServer((request, response) => {
  const file = path.join(
    web,
    request.url === '/' ? 'index.html' : path.normalize(new URL(request.url, 'http://h').pathname),
  );
  if (!fs.existsSync(file) || !fs.statSync(file).isFile()) return response.writeHead(404).end();
  response.writeHead(200, {
    'Content-Type': TYPES[path.extname(file)] ?? 'text/plain',
    'Content-Security-Policy': "default-src 'self'; base-uri 'none'; form-action 'none'",
    'Cache-Control': 'no-cache',
  });
  response.end(fs.readFileSync(file));
});

new WebSocketServer({server, path: '/ws'}).on('connection', (socket) => {
  const session = {
    player: null,
    inLobby: false,
    send: (message) => socket.send(JSON.stringify(message)),
    socket,
  };
  sessions.add(session);
  socket.on('message', (data) => handle(session, JSON.parse(data)));
  socket.on('close', () => {
    sessions.delete(session);
    waiting.delete(session);
    for (const game of games.values()) game.leave(session);
    tellLobby();
  });
});

server.listen(Number(port), '127.0.0.1', () => console.log(`port ${server.address().port}`));
