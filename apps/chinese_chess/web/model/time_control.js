// Time controls as the server writes them: "10+5", or "20/60/30" for twenty minutes of at
// most sixty seconds a move, then thirty seconds a move.
//
//   parseControl('20/60/30');   // {base: 1200000, increment: 0, step: 60000, byoYomi: 30000}

// Milliseconds; null for what is none.
export function parseControl(text) {
  const number = '([0-9]{1,3}(?:\\.[0-9]+)?)';
  let match = new RegExp(`^${number}\\+([0-9]{1,3})$`).exec(text);
  if (match !== null) {
    return {base: match[1] * 60000, increment: match[2] * 1000, step: 0, byoYomi: 0};
  }
  match = new RegExp(`^${number}/([0-9]{1,3})/([0-9]{1,3})$`).exec(text);
  if (match === null) return null;
  return {base: match[1] * 60000, increment: 0, step: match[2] * 1000, byoYomi: match[3] * 1000};
}

// 'blitz', 'rapid' or 'classical', by how long forty moves take.
export function speedOf(text) {
  const control = parseControl(text);
  if (control === null) return 'rapid';
  const perMove = control.byoYomi > 0 ? control.byoYomi / 2 : control.increment;
  const minutes = (control.base + 40 * perMove) / 60000;
  return minutes < 8 ? 'blitz' : minutes < 25 ? 'rapid' : 'classical';
}
