// The numbers of the files, in the way of the notation that is in use.
//
//   boardLabels('chinese', false);   // {top: ['１', ...], bottom: ['九', ...]}

const RED = {chinese: [...'九八七六五四三二一'], wxf: [...'987654321'], iccs: [...'abcdefghi']};
const BLACK = {chinese: [...'123456789'], wxf: [...'123456789'], iccs: [...'abcdefghi']};

// From the left, with Red below; both counted from their own right.
export function boardLabels(notation, flipped) {
  const [red, black] = [RED[notation], BLACK[notation]];
  if (!flipped) return {top: black, bottom: red};
  return {top: [...red].reverse(), bottom: [...black].reverse()};
}
