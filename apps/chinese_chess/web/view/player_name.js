// What somebody is called on this page: the computer by its level, people as they wish.
//
//   playerName({id: 'bot:2', name: 'Bot 2 (easy)'});   // 'Computer (Easy)'

import {known, t} from '../i18n/i18n.js';

export function playerName({id, name}) {
  const level = /^bot:([0-9]+)$/.exec(id)?.[1];
  if (level === undefined) return name;
  return t('computer', {level: known(`level_${level}`) ?? level});
}
