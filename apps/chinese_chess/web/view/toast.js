// Short messages that go away by themselves.
//
//   toast(t('link_copied'));

import {h} from './dom.js';

const STAYS = 4500;
const MOST = 3;

const place = h('div', {class: 'toasts', role: 'status', 'aria-live': 'polite'});

export function toast(text, kind = '') {
  if (!place.isConnected) document.body.append(place);
  // The same again is no news.
  if (place.lastElementChild?.textContent === text) return;
  const line = h('p', {class: `toast ${kind}`}, text);
  place.append(line);
  while (place.childElementCount > MOST) place.firstElementChild.remove();
  setTimeout(() => line.remove(), STAYS);
}
