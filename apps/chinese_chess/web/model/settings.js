// What this browser's user likes, kept in localStorage; a browser that keeps nothing gets
// the defaults each time.
//
//   settings.get('sound');
//   settings.set('theme', 'dark');
//   settings.on('change', (name) => ...);

import {Emitter} from './emitter.js';

const KEY = 'xiangqi.settings';

const CHOICES = {
  language: ['auto', 'en', 'zh-Hans', 'zh-Hant'],
  theme: ['auto', 'light', 'dark'],
  pieces: ['auto', 'traditional', 'simplified', 'western'],
  notation: ['auto', 'wxf', 'chinese', 'iccs'],
  sound: [true, false],
  coordinates: [true, false],
  contrast: [false, true],
  notify: [false, true],
  chat: [true, false],
  botLevel: [2, 1, 3, 4, 5, 6, 7, 8],
  name: null,
  token: null,
};

function read() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY));
    return kept !== null && typeof kept === 'object' ? kept : {};
  } catch {
    return {};
  }
}

class Settings extends Emitter {
  #values = read();

  // The first of the choices if nothing sensible was kept.
  get(name) {
    const value = this.#values[name];
    const choices = CHOICES[name];
    if (choices === null) return typeof value === 'string' ? value : '';
    return choices.includes(value) ? value : choices[0];
  }

  choices(name) {
    return CHOICES[name];
  }

  set(name, value) {
    if (this.#values[name] === value) return;
    // Another tab may have changed others.
    this.#values = {...read(), [name]: value};
    try {
      localStorage.setItem(KEY, JSON.stringify(this.#values));
    } catch {
      // Then for this page only.
    }
    this.emit('change', name);
  }
}

export const settings = new Settings();
