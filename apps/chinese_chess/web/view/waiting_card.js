// While nobody has come yet: what is waited for, the way in for a friend, the way out.

import {t} from '../i18n/i18n.js';
import {client} from '../model/client.js';
import {button, h} from './dom.js';
import {toast} from './toast.js';

const linkOf = (code) => `${location.origin}${location.pathname}#/room/${code}`;

async function share(code) {
  const url = linkOf(code);
  try {
    if (navigator.share && matchMedia('(pointer: coarse)').matches) {
      await navigator.share({title: t('xiangqi'), url});
    } else {
      await navigator.clipboard.writeText(url);
      toast(t('link_copied'));
    }
  } catch {
    // Thought better of it, or not allowed; the link is on the page.
  }
}

function roomBody(code) {
  if (!code) return null;
  const link = h('input', {
    type: 'text',
    readonly: true,
    class: 'room-link',
    value: linkOf(code),
    'aria-label': t('room_link'),
    onfocus: (event) => event.target.select(),
  });
  return [
    h('p', null, t('room_help')),
    h('p', {class: 'room-code'}, code),
    h(
      'div',
      {class: 'room-share'},
      link,
      button(t('copy_link'), 'copy', () => share(code), {class: 'primary'}),
    ),
  ];
}

export class WaitingCard {
  constructor() {
    this.element = h('div', {class: 'waiting-place'});
    this.close = client.on('waiting', () => this.show());
    this.show();
  }

  show() {
    const {waiting} = client;
    if (waiting === null) return this.element.replaceChildren();
    const {control} = waiting.message;
    this.element.replaceChildren(
      h(
        'section',
        {class: 'card waiting', role: 'status'},
        h('div', {class: 'pulse', 'aria-hidden': 'true'}, h('i'), h('i'), h('i')),
        h('h2', null, t(`waiting_${waiting.what}`), control ? ` · ${control}` : ''),
        waiting.what === 'room' ? roomBody(waiting.code) : h('p', null, t('waiting_help')),
        button(t('cancel'), 'cross', () => client.stopWaiting(), {class: 'cancel'}),
      ),
    );
  }
}
