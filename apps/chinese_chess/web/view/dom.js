// Elements without HTML text: whatever comes from others ends up as text and nothing else.
//
//   h('button', {class: 'primary', onclick: play}, icon('flag'), t('play'))
//   s('circle', {r: 5})                          // The same for SVG.

import {ICONS} from '../art/icons.js';

const SVG = 'http://www.w3.org/2000/svg';

function fill(element, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) {
      element.addEventListener(name.slice(2), value);
    } else if (name in PROPERTIES) {
      element[name] = value;
    } else {
      element.setAttribute(name, value === true ? '' : value);
    }
  }
  element.append(
    ...children
      .flat(Infinity)
      .filter((child) => child !== null && child !== undefined && child !== false),
  );
  return element;
}

// Those whose attribute is something else.
const PROPERTIES = {value: 1, checked: 1, selected: 1, disabled: 1, scrollTop: 1};

export const h = (tag, props, ...children) => fill(document.createElement(tag), props, children);

export const s = (tag, props, ...children) =>
  fill(document.createElementNS(SVG, tag), props, children);

export function icon(name) {
  return s(
    'svg',
    {class: 'icon', viewBox: '0 0 24 24', 'aria-hidden': 'true'},
    s('path', {d: ICONS[name]}),
  );
}

export function button(label, iconName, onclick, props = {}) {
  return h(
    'button',
    {type: 'button', onclick, ...props},
    iconName ? icon(iconName) : null,
    label ? h('span', null, label) : null,
  );
}

// A button with a sign only; the label is for the ear and the mouse.
export function iconButton(label, iconName, onclick, props = {}) {
  return button('', iconName, onclick, {
    title: label,
    'aria-label': label,
    ...props,
    class: `icon-button ${props.class ?? ''}`,
  });
}

export function select(options, value, onchange, props = {}) {
  return h(
    'select',
    {onchange: (event) => onchange(event.target.value), ...props},
    options.map(([key, label]) => h('option', {value: key, selected: key === value}, label)),
  );
}
