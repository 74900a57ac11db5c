// Sounds out of nothing: short mixtures of tones and noise, so that there is no file to load.
//
//   sounds.play('move');

import {settings} from '../model/settings.js';

class Sounds {
  #context = null;

  // Browsers let a page be heard only after it was touched.
  constructor() {
    for (const event of ['pointerdown', 'keydown']) {
      addEventListener(event, () => this.#unlock(), {passive: true});
    }
  }

  #unlock() {
    if (typeof AudioContext === 'undefined') return;
    this.#context ??= new AudioContext();
    if (this.#context.state === 'suspended') this.#context.resume();
  }

  play(name) {
    if (!settings.get('sound') || this.#context?.state !== 'running') return;
    SOUNDS[name](this.#context, this.#context.currentTime + 0.01);
  }
}

function envelope(context, at, loud, seconds) {
  const gain = context.createGain();
  gain.gain.setValueAtTime(0, at);
  gain.gain.linearRampToValueAtTime(loud, at + 0.004);
  gain.gain.exponentialRampToValueAtTime(0.0001, at + seconds);
  gain.connect(context.destination);
  return gain;
}

function tone(context, at, {pitch, to = pitch, seconds = 0.12, loud = 0.2, type = 'sine'}) {
  const oscillator = context.createOscillator();
  oscillator.type = type;
  oscillator.frequency.setValueAtTime(pitch, at);
  oscillator.frequency.exponentialRampToValueAtTime(to, at + seconds);
  oscillator.connect(envelope(context, at, loud, seconds));
  oscillator.start(at);
  oscillator.stop(at + seconds);
}

// Wood on wood: a burst of noise through a narrow filter, and a low knock under it.
function knock(context, at, {pitch = 900, loud = 0.9} = {}) {
  const length = Math.floor(context.sampleRate * 0.06);
  const buffer = context.createBuffer(1, length, context.sampleRate);
  const samples = buffer.getChannelData(0);
  for (let i = 0; i < length; ++i) samples[i] = (Math.random() * 2 - 1) * (1 - i / length) ** 3;
  const source = context.createBufferSource();
  source.buffer = buffer;
  const filter = context.createBiquadFilter();
  filter.type = 'bandpass';
  filter.frequency.value = pitch;
  filter.Q.value = 2.5;
  source.connect(filter);
  filter.connect(envelope(context, at, loud, 0.06));
  source.start(at);
  tone(context, at, {pitch: pitch / 4.5, to: pitch / 7, seconds: 0.09, loud: loud / 3});
}

const SOUNDS = {
  move: (context, at) => knock(context, at),
  capture: (context, at) => {
    knock(context, at, {pitch: 1300});
    knock(context, at + 0.07, {pitch: 700, loud: 1});
  },
  check: (context, at) => {
    knock(context, at);
    tone(context, at + 0.04, {pitch: 660, seconds: 0.16, loud: 0.16, type: 'triangle'});
    tone(context, at + 0.16, {pitch: 880, seconds: 0.22, loud: 0.16, type: 'triangle'});
  },
  low: (context, at) => {
    for (const delay of [0, 0.18])
      tone(context, at + delay, {pitch: 1000, seconds: 0.08, loud: 0.12, type: 'square'});
  },
  begin: (context, at) => {
    tone(context, at, {pitch: 392, seconds: 0.25, loud: 0.14, type: 'triangle'});
    tone(context, at + 0.12, {pitch: 587, seconds: 0.4, loud: 0.14, type: 'triangle'});
  },
  end: (context, at) => {
    for (const [i, pitch] of [392, 494, 587, 784].entries()) {
      tone(context, at + i * 0.09, {pitch, seconds: 0.7, loud: 0.1, type: 'triangle'});
    }
  },
  message: (context, at) => tone(context, at, {pitch: 740, to: 880, seconds: 0.09, loud: 0.08}),
};

export const sounds = new Sounds();
