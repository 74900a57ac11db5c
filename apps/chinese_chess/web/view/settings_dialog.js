// What one may like differently.

import {notation, pieceSet, t} from '../i18n/i18n.js';
import {settings} from '../model/settings.js';
import {h, s, select} from './dom.js';
import {openDialog} from './dialog.js';
import {PIECE_SETS, drawPiece} from './piece_drawing.js';
import {wantNotifications} from './attention.js';

const LANGUAGES = [
  ['auto', null],
  ['en', 'English'],
  ['zh-Hans', '简体中文'],
  ['zh-Hant', '繁體中文'],
];

function choice(name, label, options) {
  const menu = select(options, settings.get(name), (value) => settings.set(name, value), {name});
  return h('label', {class: 'field'}, h('span', null, label), menu);
}

function toggle(name, label, onChange = () => {}) {
  const input = h('input', {
    type: 'checkbox',
    name,
    checked: settings.get(name),
    onchange: () => {
      settings.set(name, input.checked);
      onChange(input.checked);
    },
  });
  return h('label', {class: 'field check'}, input, h('span', null, label));
}

function piecesField() {
  const one = (set) =>
    h(
      'label',
      {class: 'piece-choice', title: t(`pieces_${set}`)},
      h('input', {
        type: 'radio',
        name: 'pieces',
        value: set,
        checked: pieceSet() === set,
        onchange: () => settings.set('pieces', set),
      }),
      s(
        'svg',
        {viewBox: '-50 -50 200 100', 'aria-hidden': 'true'},
        drawPiece('R', set),
        s('g', {transform: 'translate(100 0)'}, drawPiece('n', set)),
      ),
      h('span', null, t(`pieces_${set}`)),
    );
  return h(
    'div',
    {class: 'field', role: 'radiogroup', 'aria-label': t('pieces')},
    h('span', null, t('pieces')),
    h('div', {class: 'piece-choices'}, PIECE_SETS.map(one)),
  );
}

export function openSettings() {
  openDialog(t('settings'), () =>
    h(
      'form',
      {class: 'options settings-form', onsubmit: (event) => event.preventDefault()},
      choice(
        'language',
        t('language'),
        LANGUAGES.map(([key, label]) => [key, label ?? t('automatic')]),
      ),
      choice(
        'theme',
        t('theme'),
        ['auto', 'light', 'dark'].map((key) => [key, t(`theme_${key}`)]),
      ),
      piecesField(),
      choiceOfNotation(),
      toggle('contrast', t('contrast_help')),
      toggle('coordinates', t('coordinates')),
      toggle('sound', t('sound')),
      toggle('notify', t('notify_help'), (on) => on && wantNotifications()),
    ),
  );
}

function choiceOfNotation() {
  const options = ['wxf', 'chinese', 'iccs'].map((key) => [key, t(`notation_${key}`)]);
  const menu = select(options, notation(), (value) => settings.set('notation', value), {
    name: 'notation',
  });
  return h('label', {class: 'field'}, h('span', null, t('notation')), menu);
}
