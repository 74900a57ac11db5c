// The form that asks what game somebody wants: with anybody, a friend, or the computer.
//
//   const options = await askGameOptions('room');
//   // {control: '10+5', casual: true, color: null, level: 3}; null: thought better of it

import {pieceSet, t} from '../i18n/i18n.js';
import {settings} from '../model/settings.js';
import {parseControl, speedOf} from '../model/time_control.js';
import {button, h, s, select} from './dom.js';
import {drawPiece} from './piece_drawing.js';
import {openDialog} from './dialog.js';

export const CONTROLS = ['3+2', '5+3', '10+5', '15+10', '20/60/30', '30+20'];

export const controlLabel = (control) => `${control} · ${t(speedOf(control))}`;

function controlField(state) {
  const presets = [
    ...CONTROLS.map((control) => [control, controlLabel(control)]),
    ['custom', t('custom')],
  ];
  const input = h('input', {
    type: 'text',
    value: state.control,
    maxlength: 12,
    'aria-label': t('time_control'),
    oninput: () => {
      state.control = input.value.trim();
      input.setCustomValidity(parseControl(state.control) ? '' : t('control_help'));
    },
  });
  const custom = h(
    'div',
    {class: 'custom', hidden: true},
    input,
    h('p', {class: 'hint'}, t('control_help')),
  );
  const menu = select(
    presets,
    state.control,
    (value) => {
      custom.hidden = value !== 'custom';
      if (value !== 'custom') {
        state.control = value;
        input.value = value;
        input.setCustomValidity('');
      }
    },
    {name: 'control'},
  );
  return h(
    'div',
    {class: 'field'},
    h('label', null, h('span', null, t('time_control')), menu),
    custom,
  );
}

function colorField(state) {
  const choice = (color, ...pieces) =>
    h(
      'label',
      {class: 'color-choice', title: t(color ?? 'any_color')},
      h('input', {
        type: 'radio',
        name: 'color',
        value: color ?? '',
        checked: state.color === color,
        onchange: () => {
          state.color = color;
        },
      }),
      s('svg', {viewBox: '-50 -50 100 100', 'aria-hidden': 'true'}, pieces),
      h('span', null, t(color ?? 'any_color')),
    );
  const half = (piece, clip) =>
    s('g', {'clip-path': `url(#${clip})`}, drawPiece(piece, pieceSet()));
  const clips = s(
    'defs',
    null,
    s('clipPath', {id: 'left-half'}, s('rect', {x: -50, y: -50, width: 50, height: 100})),
    s('clipPath', {id: 'right-half'}, s('rect', {x: 0, y: -50, width: 50, height: 100})),
  );
  return h(
    'div',
    {class: 'field', role: 'radiogroup', 'aria-label': t('your_color')},
    h('span', null, t('your_color')),
    h(
      'div',
      {class: 'colors'},
      choice('red', drawPiece('K', pieceSet())),
      choice(null, clips, half('K', 'left-half'), half('k', 'right-half')),
      choice('black', drawPiece('k', pieceSet())),
    ),
  );
}

const levelLabel = (level) => `${level} · ${t(`level_${level}`)}`;

function levelField(state) {
  const output = h('output', null, levelLabel(state.level));
  const input = h('input', {
    type: 'range',
    name: 'level',
    min: 1,
    max: 8,
    value: state.level,
    oninput: () => {
      state.level = Number(input.value);
      output.textContent = levelLabel(state.level);
    },
  });
  return h(
    'label',
    {class: 'field level'},
    h('span', null, t('level')),
    h('div', null, input, output),
  );
}

function casualField(state) {
  const input = h('input', {
    type: 'checkbox',
    name: 'casual',
    checked: state.casual,
    onchange: () => {
      state.casual = input.checked;
    },
  });
  return h('label', {class: 'field check'}, input, h('span', null, t('casual_help')));
}

// `what`: 'seek', 'room' or 'bot'.
export function askGameOptions(what) {
  const state = {
    control: '10+5',
    casual: what !== 'seek',
    color: null,
    level: settings.get('botLevel'),
  };
  return openDialog(t(`title_${what}`), (close) =>
    h(
      'form',
      {
        class: `options ${what}`,
        onsubmit: (event) => {
          event.preventDefault();
          if (what === 'bot') settings.set('botLevel', state.level);
          close(state);
        },
      },
      what === 'bot' ? levelField(state) : null,
      controlField(state),
      colorField(state),
      what === 'bot' ? null : casualField(state),
      h(
        'div',
        {class: 'buttons'},
        button(t(`do_${what}`), null, null, {type: 'submit', class: 'primary'}),
      ),
    ),
  );
}
