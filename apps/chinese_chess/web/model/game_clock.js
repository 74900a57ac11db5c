// The clocks of a game as they are shown; the server's are the ones that count.
//
// Times are milliseconds; `now` is performance.now() or whatever a test says.
//
//   const clock = new GameClock(parseControl('10+5'));
//   clock.set({red: 600000, black: 600000}, 'red', now);
//   clock.read('red', now + 1500);     // {main: 598500, ...}

export class GameClock {
  #left = {red: 0, black: 0};
  #running = null;
  #since = 0;
  // Of the turn, before #since.
  #spent = 0;

  constructor(control) {
    this.control = control;
  }

  // `running` null: nobody's. `spent`: how long the turn has lasted already.
  set(left, running, now, spent = 0) {
    this.#left = {...left};
    this.#running = running;
    this.#since = now;
    this.#spent = spent;
  }

  get running() {
    return this.#running;
  }

  start(color, now) {
    if (this.#running !== null) return;
    this.set(this.#left, color, now);
  }

  // {main: of the game; move: of this move, if it has a limit of its own and the game's is
  // longer or used up, else null; byoYomi: main is used up}
  read(color, now) {
    const runs = color === this.#running;
    const elapsed = runs ? Math.max(0, now - this.#since) : 0;
    const main = Math.max(0, this.#left[color] - elapsed);
    if (!this.control || this.control.byoYomi === 0) return {main, move: null, byoYomi: false};
    const turn = elapsed + (runs ? this.#spent : 0);
    // Time for the game that ran out in mid-move is followed by that for the move.
    const before = this.#left[color] + (runs ? this.#spent : 0);
    const limit =
      this.#left[color] <= 0
        ? this.control.byoYomi
        : Math.min(this.control.step, before + this.control.byoYomi);
    return {main, move: Math.max(0, limit - turn), byoYomi: main === 0};
  }

  // What is left until the flag falls.
  left(color, now) {
    const {main, move} = this.read(color, now);
    return move === null ? main : move;
  }
}

// '12:05', '1:02:03', and tenths below ten seconds.
export function formatTime(ms) {
  if (ms < 10000) {
    const tenths = Math.ceil(ms / 100);
    return `0:0${Math.floor(tenths / 10)}.${tenths % 10}`.replace('0:010.0', '0:10.0');
  }
  const seconds = Math.ceil(ms / 1000);
  const two = (value) => String(value).padStart(2, '0');
  const minutes = Math.floor(seconds / 60) % 60;
  const hours = Math.floor(seconds / 3600);
  return hours > 0
    ? `${hours}:${two(minutes)}:${two(seconds % 60)}`
    : `${minutes}:${two(seconds % 60)}`;
}
