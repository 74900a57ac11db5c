// What somebody is called on this page: the computer by its level, people as they wish.
//
//   playerName({id: 'bot:2', name: 'Bot 2 (Easy)'});   // 'Computer (Easy)'
//   playerName({name: 'Bot 2 (Easy)'});                // the same, out of a record

import {known, t} from '../i18n/i18n.js';

// No person may be called like that.
const BOT_NAME = /^Bot ([0-9]+) \(/;
const BOT_ID = /^bot:([0-9]+)$/;

export function playerName({id = '', name}) {
  const level = (id === '' ? BOT_NAME.exec(name) : BOT_ID.exec(id))?.[1];
  if (level === undefined) return name;
  return t('computer', {level: known(`level_${level}`) ?? level});
}
