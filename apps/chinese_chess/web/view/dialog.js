// A window over the page that is answered or closed.
//
//   const name = await openDialog(t('your_name'), (close) => form(close));   // null: closed

import {t} from '../i18n/i18n.js';
import {h, iconButton} from './dom.js';

export function openDialog(title, makeBody, kind = '') {
  return new Promise((resolve) => {
    let answer = null;
    const dialog = h('dialog', {class: `card dialog ${kind}`, 'aria-label': title});
    const close = (value = null) => {
      answer = value;
      dialog.close();
    };
    dialog.append(
      h(
        'header',
        null,
        h('h2', null, title),
        iconButton(t('close'), 'cross', () => close(), {class: 'close'}),
      ),
      makeBody(close),
    );
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(answer);
    });
    // Beside it.
    dialog.addEventListener('pointerdown', (event) => {
      if (event.target === dialog) close();
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
