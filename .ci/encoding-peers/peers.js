// Reads a JSON array of texts and writes, one JSON line each, what the pinned
// segment counters of other projects say of them.
'use strict';

const { SegmentedMessage } = require('sms-segments-calculator');
const splitSMS = require('split-sms');

function calculator(text) {
  const m = new SegmentedMessage(text, 'auto', false);
  const bits = m.encodingName === 'GSM-7' ? 7 : 16;
  return {
    encoding: m.encodingName === 'GSM-7' ? 'gsm7' : 'ucs2',
    units: m.segments.map((s) => s.messageSizeInBits() / bits),
    graphemes: m.graphemes.map((g) => g.length),
  };
}

function split(text) {
  const m = splitSMS.split(text);
  const octets = m.characterSet === 'GSM' ? 1 : 2;
  return {
    encoding: m.characterSet === 'GSM' ? 'gsm7' : 'ucs2',
    units: m.parts.map((p) => p.bytes / octets),
    texts: m.parts.map((p) => p.content),
  };
}

let input = '';
process.stdin.setEncoding('utf8');
process.stdin.on('data', (chunk) => { input += chunk; });
process.stdin.on('end', () => {
  for (const text of JSON.parse(input)) {
    process.stdout.write(JSON.stringify({ calculator: calculator(text), split: split(text) }) + '\n');
  }
});
