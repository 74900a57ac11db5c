// This browser's side of the conversation: who it is, what it waits for, which game it
// follows; all of it is taken up again when the connection comes back.
//
// Emits: 'status', 'welcome', 'lobby', 'games', 'waiting', 'recoded' (the room that is waited
// in has another code), 'paired', 'game' (what happened), 'refused' (a message of the
// server's), 'lag'.
//
//   client.start(url);
//   client.enter('k3v9');                 // Follows a game; client.game has it.
//   client.move({from, to});
//   const answer = await client.ask(say.history(true));

import {Connection} from '../net/connection.js';
import {encode, say} from '../net/protocol.js';
import {isLegal} from '../rules/moves.js';
import {makeMove, moveName} from '../rules/position.js';
import {Emitter} from './emitter.js';
import {GameModel} from './game_model.js';
import {settings} from './settings.js';

const ANSWER_TIMEOUT = 8000;
const RESEND_AFTER = 2500;
const REJOIN_AFTER = 1000;
const BUSY_AGAIN_AFTER = 1000;
// Of a join: it says nothing about the game.
const TRY_AGAIN = ['no_answer', 'busy', 'too_fast'];
// A list as long as this one need not be all.
const MOST_LISTED = 50;

class Client extends Emitter {
  status = 'connecting'; // 'online', 'offline'
  me = null; // {id, name}
  ownGames = []; // Ids of those that this player is in.
  lobby = null;
  games = null;
  // {what, message, code, accepted}: for an opponent. Until it is accepted, the server may still
  // have what was waited for before.
  waiting = null;
  game = null; // A GameModel.
  pending = null; // {ply, move, id}: made here, not yet confirmed
  premove = null; // {from, to}

  #connection = null;
  #lobbyWanted = false;
  #listed = new Set(); // Of ownGames, those that have been in a list: private ones never are.
  #questions = new Map();
  #ids = 0;
  #rejoin = null;
  #rehello = null;
  #rewait = null;
  #waitsAsked = 0; // Only the last one's answer counts.
  #waitedBefore = null; // Is said with the welcome: what was said before that is refused.

  start(url) {
    this.#connection = new Connection(url, {
      onOpen: () => {
        this.#waitedBefore = this.waiting;
        this.#hello();
      },
      onMessage: (message) => this.#receive(message),
      onDown: () => this.#down(),
      onLag: (lag) => this.emit('lag', lag),
    });
    setInterval(() => this.#resend(), RESEND_AFTER);
    settings.on('change', (name) => {
      // The server sends no chat to who wants none; to who wants it again, the last of it.
      if (name === 'chat' && this.game !== null && this.status === 'online') this.#join(true);
    });
  }

  // Milliseconds to the server and back; null: not known yet.
  get lag() {
    return this.#connection?.lag ?? null;
  }

  // For tests: as if the network had gone.
  drop() {
    this.#connection.drop();
  }

  #hello() {
    clearTimeout(this.#rehello);
    this.#say(say.hello(settings.get('token'), settings.get('name')));
  }

  // What was kept here is not what the server knows, or likes: without it, then.
  #helloRefused(code) {
    const kept = {bad_token: 'token', bad_name: 'name'}[code];
    if (kept === undefined || settings.get(kept) === '') return;
    settings.set(kept, '');
    this.#hello();
  }

  #say(message, id) {
    return this.#connection.send(encode(message, id));
  }

  #nextId() {
    return String(++this.#ids);
  }

  // The answer; an 'error' if there is none in time.
  ask(message) {
    const id = this.#nextId();
    return new Promise((resolve) => {
      const fail = () => resolve({t: 'error', re: message.t, code: 'no_answer', text: ''});
      if (!this.#say(message, id)) return fail();
      const timer = setTimeout(() => {
        this.#questions.delete(id);
        fail();
      }, ANSWER_TIMEOUT);
      this.#questions.set(id, (answer) => {
        clearTimeout(timer);
        this.#questions.delete(id);
        resolve(answer);
      });
    });
  }

  // As ask(), and what is refused is shown.
  async request(message) {
    const answer = await this.ask(message);
    if (answer.t === 'error') this.emit('refused', answer);
    return answer;
  }

  // --- Connection ------------------------------------------------------------------------

  #setStatus(status) {
    if (this.status === status) return;
    this.status = status;
    this.emit('status', status);
  }

  #down() {
    this.#setStatus('offline');
    for (const answer of [...this.#questions.values()])
      answer({t: 'error', code: 'no_answer', text: ''});
  }

  #welcomed(message) {
    // The first tells of old games only.
    const known = new Set(this.me === null ? message.games : this.ownGames);
    this.me = {id: message.player, name: message.name};
    this.ownGames = message.games;
    settings.set('token', message.token);
    this.#setStatus('online');
    this.emit('welcome', message);
    if (this.#lobbyWanted) this.#say(say.lobby(true));
    if (this.game !== null) this.#join();
    // What is waited for since, has been said on this connection.
    if (this.waiting !== null && this.waiting === this.#waitedBefore)
      this.#waitAgain(message.games.find((id) => !known.has(id)));
  }

  // `begun`: a game that is new, if any. Somebody came while nobody could be told here.
  #waitAgain(begun) {
    if (begun === undefined) this.waitFor(this.waiting.message);
    else this.#paired(begun);
  }

  // --- Finding an opponent ---------------------------------------------------------------

  // Shows the lobby, and what changes in it.
  showLobby(on) {
    if (this.#lobbyWanted === on) return;
    this.#lobbyWanted = on;
    if (this.status === 'online') this.#say(say.lobby(on));
  }

  async refreshGames() {
    const answer = await this.ask(say.games());
    if (answer.t !== 'games') return;
    this.games = answer.games;
    const now = new Set(answer.games.map(({game}) => game));
    // Those that ended while nobody told.
    if (answer.games.length < MOST_LISTED)
      this.ownGames = this.ownGames.filter((id) => now.has(id) || !this.#listed.has(id));
    this.#listed = new Set(this.ownGames.filter((id) => now.has(id) || this.#listed.has(id)));
    this.emit('games');
  }

  #dropOwn(game) {
    this.ownGames = this.ownGames.filter((id) => id !== game);
  }

  // pool, seek, room, enter: until somebody comes. Said again with every connection; a room
  // has the same code then, unless it has been closed meanwhile.
  async waitFor(message) {
    clearTimeout(this.#rewait);
    if (this.waiting?.message !== message)
      this.#setWaiting({what: message.t, message, code: null, accepted: false});
    const asked = ++this.#waitsAsked;
    const answer = await this.ask(message);
    // Somebody came, it was given up, or asked for again.
    if (this.waiting === null || asked !== this.#waitsAsked) return;
    if (answer.code === 'hello_first') {
      this.#waitedBefore = this.waiting;
      return;
    }
    // It may come yet, but nobody will know what it answers: so it is asked for again.
    if (answer.code === 'no_answer') return this.#waitLater();
    // What is refused changes nothing: the server may still have what was waited for before. It
    // may be too busy for this, too: so it is said with every refusal. What was accepted is the
    // only one there.
    const busy = answer.code === 'busy';
    if (answer.t === 'error' && !(busy && this.waiting.accepted)) this.#say(say.cancel());
    if (busy) return this.#waitLater();
    if (answer.t === 'error') {
      this.#setWaiting(null);
      this.emit('refused', answer);
      return;
    }
    this.waiting.accepted = true;
    if (answer.code) this.#setCode(answer.code);
  }

  // Only for what is new: who sees it rebuilds what people may be about to press.
  #setWaiting(waiting) {
    clearTimeout(this.#rewait);
    this.waiting = waiting;
    this.emit('waiting');
  }

  #setCode(code) {
    const before = this.waiting.code;
    if (code === before) return;
    this.#setWaiting({...this.waiting, code});
    // The friend has been sent the other one.
    if (before !== null) this.emit('recoded');
  }

  // What is waited for, or that nothing is.
  #waitLater() {
    clearTimeout(this.#rewait);
    this.#rewait = setTimeout(() => {
      if (this.status !== 'online') {
        this.#waitedBefore = this.waiting; // The welcome says it again.
        return;
      }
      if (this.waiting === null) this.#say(say.cancel());
      else this.waitFor(this.waiting.message);
    }, BUSY_AGAIN_AFTER);
  }

  #paired(id) {
    this.#addOwn(id);
    // It may be an earlier wait's; what was waited for last is still there, then.
    this.stopWaiting();
    this.emit('paired', id);
  }

  #addOwn(id) {
    this.ownGames = [...new Set([...this.ownGames, id])];
  }

  stopWaiting() {
    if (this.waiting === null) return;
    this.#say(say.cancel());
    this.#setWaiting(null);
  }

  // Who one is, is said once a connection: so with the next.
  rename(name) {
    settings.set('name', name);
    this.#connection.drop();
  }

  // --- A game ----------------------------------------------------------------------------

  enter(id) {
    if (this.game?.id === id) return;
    this.leave();
    this.game = new GameModel(id);
    if (this.status === 'online') this.#join();
  }

  leave() {
    clearTimeout(this.#rejoin);
    if (this.game !== null && this.status === 'online') this.#say(say.leave(this.game.id));
    this.game = null;
    this.#forget();
  }

  #forget() {
    this.pending = null;
    this.premove = null;
  }

  // From the last event on that is known; `whole`: from the beginning.
  #join(whole = false) {
    clearTimeout(this.#rejoin);
    this.#rejoin = null;
    const {game} = this;
    const version = whole ? undefined : (game.version ?? undefined);
    this.ask(say.join(game.id, version, !settings.get('chat'))).then((answer) => {
      if (answer.t !== 'error' || game !== this.game) return;
      // Lost with the connection: it is said again with the next.
      if (this.status !== 'online') return;
      if (TRY_AGAIN.includes(answer.code)) return this.#joinLater();
      this.#dropOwn(game.id);
      this.emit('game', 'missing');
    });
    if (this.pending !== null) this.#sendMove();
  }

  // From the beginning, and not at once: what is missing may be on its way.
  #joinLater() {
    if (this.#rejoin !== null) return;
    this.#rejoin = setTimeout(() => {
      if (this.game !== null) this.#join(true);
    }, REJOIN_AFTER);
  }

  // What the board shows: the server's position and the move that is on its way there.
  get shownPosition() {
    const {position} = this.game;
    return this.pending === null ? position : makeMove(position, this.pending.move);
  }

  move(move) {
    const {game} = this;
    if (!game.yourTurn || this.pending !== null || !isLegal(game.position, move)) return false;
    this.premove = null;
    const before = game.moves.at(-1);
    this.pending = {
      ply: game.ply,
      move,
      after: before && moveName(before),
      id: this.#nextId(),
    };
    this.#sendMove();
    return true;
  }

  // The server takes the same move twice for the once that it is.
  #sendMove() {
    const {ply, move, after, id} = this.pending;
    this.pending.sentAt = performance.now();
    this.#say(say.move(this.game.id, ply, moveName(move), after), id);
  }

  #resend() {
    if (this.pending === null || this.status !== 'online') return;
    if (performance.now() - this.pending.sentAt >= RESEND_AFTER) this.#sendMove();
  }

  setPremove(premove) {
    this.premove = premove;
    this.emit('game', 'premove');
  }

  // For requests about the game: client.inGame('resign').
  inGame(what, ...rest) {
    return this.request(say[what](this.game.id, ...rest));
  }

  // --- Messages --------------------------------------------------------------------------

  #receive(message) {
    const answer = this.#questions.get(message.id);
    if (answer) answer(message);
    switch (message.t) {
      case 'welcome':
        return this.#welcomed(message);
      case 'lobby':
        this.lobby = message;
        return this.emit('lobby');
      case 'paired':
        return this.#paired(message.game);
      case 'error':
        return answer ? undefined : this.#refused(message);
      case 'ok':
        // With the clocks of the game.
        return message.re === 'join' ? this.#receiveOfGame(message) : undefined;
      case 'waiting':
      case 'games':
      case 'history':
      case 'record':
        return;
      default:
        return this.#receiveOfGame(message);
    }
  }

  #refused(message) {
    const {re, id, code} = message;
    // The hello before it was refused; all that counts is said with the next welcome.
    if (code === 'hello_first') return;
    if (code === 'busy' && this.#saysAgain(message)) return;
    if (re === 'hello') this.#helloRefused(code);
    if (this.waiting !== null && re === this.waiting.what) {
      // It comes too late: waitFor() has asked again, or will.
      if (id !== undefined) return;
      // Dropped by the server, unasked: an earlier one if it has not accepted this.
      if (this.waiting.accepted) this.#setWaiting(null);
    }
    if (this.pending !== null && id === this.pending.id) {
      this.pending = null;
      // wrong_ply and the like: what is here is not what is there.
      if (code !== 'illegal_move') this.#joinLater();
      this.emit('game', 'refused');
    }
    this.emit('refused', message);
  }

  // What was busy; false: it is for the player to say again.
  #saysAgain({re, id}) {
    if (re === 'hello') {
      this.#rehello = setTimeout(() => this.#hello(), BUSY_AGAIN_AFTER);
      return true;
    }
    // Somebody came, but no game could begin; who waited was forgotten.
    if (re === 'paired' && this.waiting !== null) {
      this.#waitLater();
      return true;
    }
    // With what is waited for now, if anything.
    if (re === 'cancel') {
      if (this.waiting === null) this.#waitLater();
      return true;
    }
    // #resend() does.
    return this.pending !== null && id === this.pending.id;
  }

  #receiveOfGame(message) {
    const {game} = this;
    if (game === null || message.game !== game.id) return;
    const happened = game.receive(message, performance.now());
    if (happened === 'stale') return;
    if (happened === 'gap') return this.#joinLater();
    const before = this.pending;
    this.#confirm(happened);
    if (happened === 'rematch' && game.you !== null) {
      this.#addOwn(game.next);
      this.stopWaiting();
    }
    if (game.over) this.#dropOwn(game.id);
    this.emit('game', happened, {own: before !== null && this.pending === null});
    if (happened === 'move' || happened === 'game') this.#playPremove();
  }

  // Is the move on its way there already?
  #confirm(happened) {
    const {game, pending} = this;
    if (pending !== null && (game.ply !== pending.ply || game.over)) this.pending = null;
    if (happened === 'end' || happened === 'takeback') this.#forget();
  }

  #playPremove() {
    const {game, premove} = this;
    if (premove === null || !game.yourTurn) return;
    this.premove = null;
    this.move(premove);
    this.emit('game', 'premove');
  }
}

export const client = new Client();
