// A connection that comes back: says when it is up, sends, and notices when it died.
//
// A ping goes out every few seconds and says how long the way is. No answer for as long as
// SILENCE: the connection is given up. A lost one is tried again at once and then ever more
// slowly, and at once when the browser says that there is a network or the page is looked at.
//
//   const connection = new Connection(url, {onOpen, onMessage, onDown});
//   connection.send(text);     // false: there is none now

import {decode, encode, say} from './protocol.js';

const PING_EVERY = 3000;
const SILENCE = 9000;
// The same, of one that is asked because somebody has begun to look.
const PATIENCE = 2000;
const DELAYS = [150, 500, 1000, 2000, 4000, 8000];

export class Connection {
  #url;
  #handlers;
  #socket = null;
  #attempts = 0;
  #retry = null;
  #ping = null;
  #heard = 0;
  // Since when nothing has come, though it was to; null: nothing is awaited. A page that is
  // hidden has its timers once a minute: that nothing was asked in between is no silence.
  #silentSince = null;
  #pings = 0;
  #sentAt = 0;
  lag = null; // Milliseconds; null: not known, or there is no connection.

  constructor(url, handlers) {
    this.#url = url;
    this.#handlers = handlers;
    addEventListener('online', () => this.#hurry());
    // A page that is left may be kept for whoever goes back, and its connection with it: the
    // others would believe that somebody is there.
    addEventListener('pagehide', () => this.drop());
    addEventListener('pageshow', (event) => {
      if (event.persisted) this.#hurry();
    });
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') this.#hurry();
    });
    this.#connect();
  }

  send(text) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(text);
    return true;
  }

  // As if the network had gone.
  drop() {
    this.#lost(this.#socket);
  }

  #connect() {
    clearTimeout(this.#retry);
    this.#retry = null;
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    this.#pings = 0;
    this.#heard = this.#silentSince = performance.now();
    socket.onopen = () => this.#opened(socket);
    socket.onmessage = (event) => {
      if (socket === this.#socket) this.#received(event.data);
    };
    socket.onclose = () => this.#lost(socket);
    clearInterval(this.#ping);
    this.#ping = setInterval(() => this.#beat(), PING_EVERY);
  }

  #opened(socket) {
    if (socket !== this.#socket) return;
    this.#heard = performance.now();
    this.#silentSince = null;
    this.#handlers.onOpen();
    this.#beat();
  }

  #beat() {
    const now = performance.now();
    // Also one that never opens.
    if (this.#silentSince !== null && now - this.#silentSince > SILENCE)
      return this.#lost(this.#socket);
    this.#silentSince ??= now;
    this.#sentAt = now;
    this.send(encode(say.ping(++this.#pings)));
  }

  #received(data) {
    this.#heard = performance.now();
    this.#silentSince = null;
    const message = decode(data);
    if (message === null) return;
    if (message.t === 'pong') {
      if (message.n === this.#pings) this.#measure(this.#heard - this.#sentAt);
    } else {
      this.#handlers.onMessage(message);
    }
  }

  #measure(lag) {
    // A connection that lasts; one that is closed as soon as it is open does not count.
    if (this.#pings > 1) this.#attempts = 0;
    this.lag = this.lag === null ? lag : 0.7 * this.lag + 0.3 * lag;
    this.#handlers.onLag?.(this.lag);
  }

  #lost(socket) {
    if (socket === null || socket !== this.#socket) return;
    this.#socket = null;
    this.lag = null;
    this.#handlers.onLag?.(null);
    clearInterval(this.#ping);
    socket.onclose = null;
    socket.close();
    const delay = DELAYS[Math.min(this.#attempts++, DELAYS.length - 1)];
    this.#retry = setTimeout(() => this.#connect(), delay * (0.75 + Math.random() / 2));
    this.#handlers.onDown();
  }

  // Now rather than later.
  #hurry() {
    if (this.#retry !== null) {
      this.#attempts = 0;
      this.#connect();
    } else if (performance.now() - this.#heard > PING_EVERY) {
      this.#beat();
      const socket = this.#socket;
      const asked = performance.now();
      setTimeout(() => {
        if (this.#heard < asked) this.#lost(socket);
      }, PATIENCE);
    }
  }
}
