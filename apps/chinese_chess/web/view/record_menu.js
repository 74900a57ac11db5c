// Downloads of a game's record.

import {t} from '../i18n/i18n.js';
import {formatPgn} from '../model/record.js';
import {h, select} from './dom.js';

function save(name, text) {
  const url = URL.createObjectURL(new Blob([text], {type: 'text/plain;charset=utf-8'}));
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
  ];
  const menu = select(
    formats,
    '',
    (format) => {
      menu.value = '';
      if (format === '') return;
      const game = getGame();
      save(`xiangqi-${game.id}.pgn`, formatPgn(game, format));
    },
    {class: 'download', 'aria-label': t('download')},
  );
  return menu;
}
