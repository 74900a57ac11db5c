// The page in English, simplified and traditional Chinese.
//
//   t('viewers', {n: 3});    // '3 watching'

import {settings} from '../model/settings.js';
import en from './en.js';
import hans from './zh_hans.js';
import hant from './zh_hant.js';

const DICTIONARIES = {en: en, 'zh-Hans': hans, 'zh-Hant': hant};

function ofBrowser() {
  for (const tag of navigator.languages ?? [navigator.language]) {
    if (/^zh\b.*(hant|tw|hk|mo)/i.test(tag)) return 'zh-Hant';
    if (/^zh\b/i.test(tag)) return 'zh-Hans';
    if (/^en\b/i.test(tag)) return 'en';
  }
  return 'en';
}

export function language() {
  const chosen = settings.get('language');
  return chosen === 'auto' ? ofBrowser() : chosen;
}

export function t(key, values = {}) {
  const text = DICTIONARIES[language()][key] ?? en[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

// As t(), but null for what has no text of ours.
export const known = (key) => (Object.hasOwn(en, key) ? t(key) : null);

export const script = () => (language() === 'zh-Hans' ? 'simplified' : 'traditional');

export function pieceSet() {
  const chosen = settings.get('pieces');
  return chosen === 'auto' ? script() : chosen;
}

export function notation() {
  const chosen = settings.get('notation');
  if (chosen !== 'auto') return chosen;
  return language() === 'en' ? 'wxf' : 'chinese';
}

export const DICTIONARIES_FOR_TESTS = DICTIONARIES;
