// Calls somebody back who looks elsewhere: in the title of the page, and by a notification
// if they want those.

import {t} from '../i18n/i18n.js';
import {settings} from '../model/settings.js';

const BLINK = 1000;

let timer = null;
let plain = '';

function stop() {
  clearInterval(timer);
  timer = null;
  document.title = plain;
}

export function setTitle(text) {
  plain = text;
  if (timer === null) document.title = text;
}

export async function wantNotifications() {
  if (typeof Notification === 'undefined') return settings.set('notify', false);
  if ((await Notification.requestPermission()) !== 'granted') settings.set('notify', false);
}

function notify(text) {
  if (
    !settings.get('notify') ||
    typeof Notification === 'undefined' ||
    Notification.permission !== 'granted'
  )
    return;
  try {
    const note = new Notification(t('xiangqi'), {body: text, tag: 'xiangqi'});
    note.onclick = () => {
      window.focus();
      note.close();
    };
  } catch {
    // Some phones have the name but not the thing.
  }
}

// Only if the page is not looked at.
export function call(text) {
  if (!document.hidden) return;
  notify(text);
  clearInterval(timer);
  let on = false;
  timer = setInterval(() => {
    on = !on;
    document.title = on ? `● ${text}` : plain;
  }, BLINK);
  document.title = `● ${text}`;
}

document.addEventListener('visibilitychange', () => {
  if (!document.hidden && timer !== null) stop();
});
