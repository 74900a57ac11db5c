// Downloads of a game's record.

import {t} from '../i18n/i18n.js';
import {formatJson, formatPgn} from '../model/record.js';
import {h, select} from './dom.js';

function save(name, type, text) {
  const url = URL.createObjectURL(new Blob([text], {type: `${type};charset=utf-8`}));
  const link = h('a', {href: url, download: name});
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

export function recordMenu(getGame) {
  const formats = [
    ['', t('download')],
    ['chinese', t('record_chinese')],
    ['wxf', 'WXF'],
    ['iccs', 'ICCS'],
    ['json', 'JSON'],
  ];
  const menu = select(
    formats,
    '',
    (format) => {
      menu.value = '';
      if (format === '') return;
      const game = getGame();
      const name = `xiangqi-${game.id}`;
      if (format === 'json') save(`${name}.json`, 'application/json', formatJson(game));
      else save(`${name}.pgn`, 'text/plain', formatPgn(game, format));
    },
    {class: 'download', 'aria-label': t('download')},
  );
  return menu;
}
