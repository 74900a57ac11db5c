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
  // For the move of #running, at #since; null: it begins then.
  #moveLeft = null;

  constructor(control) {
    this.control = control;
  }

  // `running` null: nobody's. `moveLeft`: what is left for a move that has begun before; of
  // a limit that depends on what was left for the game then.
  set(left, running, now, moveLeft = null) {
    this.#left = {...left};
    this.#running = running;
    this.#since = now;
    this.#moveLeft = moveLeft;
  }

  get running() {
    return this.#running;
  }

  // {main: of the game; move: of this move, if it has a limit of its own and the game's is
  // longer or used up, else null; byoYomi: main is used up}
  read(color, now) {
    const runs = color === this.#running;
    const elapsed = runs ? Math.max(0, now - this.#since) : 0;
    const main = Math.max(0, this.#left[color] - elapsed);
    if (!this.control || this.control.byoYomi === 0) return {main, move: null, byoYomi: false};
    const move = (runs ? this.#moveLeft : null) ?? this.#limit(color);
    return {main, move: Math.max(0, move - elapsed), byoYomi: main === 0};
  }

  // For a whole move.
  #limit(color) {
    const {step, byoYomi} = this.control;
    const left = this.#left[color];
    // Time for the game that runs out in mid-move is followed by that for the move.
    return left <= 0 ? byoYomi : Math.min(step, left + byoYomi);
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
