// The driver: the methods of driver.proto over the vendor's API, which is described
// in examples/plugin-go/README.md.
'use strict';

const http = require('node:http');
const https = require('node:https');
const zlib = require('node:zlib');

const MAX_RESPONSE = 1 << 20;
const CONNECT_TIMEOUT = 3000;
const TIMEOUT = 30000;

const SETTINGS = [
  { name: 'base_url', type: 'string', doc: "what precedes the paths in the vendor's documents" },
  { name: 'token', type: 'secret', doc: 'sent as a bearer token', secret: true },
];

// CODES are the vendor's error codes.
const CODES = {
  invalid_number: 'CODE_INVALID_RECIPIENT',
  invalid_text: 'CODE_INVALID_MESSAGE',
  blocked_number: 'CODE_OPTED_OUT',
  unknown_sender: 'CODE_SENDER_REJECTED',
  no_coverage: 'CODE_NO_ROUTE',
  too_many: 'CODE_RATE_LIMITED',
  bad_token: 'CODE_UNAUTHENTICATED',
  no_credit: 'CODE_INSUFFICIENT_FUNDS',
};

// byStatus is the meaning of a status without a documented body.
function byStatus(status, retryAfter) {
  switch (status) {
    case 401: case 407: return 'CODE_UNAUTHENTICATED';
    case 402: return 'CODE_INSUFFICIENT_FUNDS';
    case 429: return 'CODE_RATE_LIMITED';
    case 408: case 409: return 'CODE_INDETERMINATE';
    case 503: return retryAfter ? 'CODE_UNAVAILABLE' : 'CODE_INDETERMINATE';
  }
  if ([307, 308, 403, 404, 405, 410, 411, 413, 414, 415, 421, 425, 431, 451, 501, 505].includes(status)) return 'CODE_UNAVAILABLE';
  return status >= 400 && status <= 499 ? 'CODE_REJECTED' : 'CODE_INDETERMINATE';
}

// Failure is an Error of the protocol.
class Failure {
  constructor(code, message, more) { Object.assign(this, { code, message }, more); }
}

let account = null;

// open checks the settings and returns the capabilities, or a ConfigError.
function open(settings) {
  const wrong = (path, reason) => ({ config_error: { path, reason } });
  for (const key of Object.keys(settings)) {
    if (!SETTINGS.some((s) => s.name === key)) return wrong(key, 'unknown key; want one of base_url, token');
    if (typeof settings[key] !== 'string') return wrong(key, 'want a string');
  }
  if (!settings.token) return wrong('token', 'must not be empty');
  let url;
  try { url = new URL(settings.base_url); } catch { return wrong('base_url', 'want a URL such as https://api.example.com'); }
  if (url.username || url.password || url.search || url.hash) return wrong('base_url', 'must not have a user, a query or a fragment');
  const local = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && local)) return wrong('base_url', 'want https (http is allowed for loopback only)');
  account = { base: settings.base_url.replace(/\/+$/, ''), token: settings.token };
  return { capabilities: { features: ['FEATURE_CHOOSE_SENDER', 'FEATURE_SEND_STREAM'] } };
}

// scrub removes the token from the vendor's words.
const scrub = (text) => text.replaceAll(account.token, '[redacted]');

// request makes one request. It fails with CODE_UNAVAILABLE if nothing of it can have
// been sent, else with CODE_INDETERMINATE.
function request(method, path, body, context) {
  return new Promise((resolve, reject) => {
    let connected = false;
    const client = account.base.startsWith('https:') ? https : http;
    // A new connection for each request: a reused one may be dead, which would make
    // the outcome unknown.
    const call = client.request(account.base + path, { method, agent: false, headers: {
      Authorization: 'Bearer ' + account.token, 'Content-Type': 'application/json', Accept: 'application/json', 'Content-Length': Buffer.byteLength(body),
    } });
    const timers = [
      setTimeout(() => { if (!connected) end('no connection within the connect timeout'); }, Math.min(CONNECT_TIMEOUT, context.connectTimeout ?? CONNECT_TIMEOUT)),
      setTimeout(() => end('no response within the timeout', 'CAUSE_TIMEOUT'), TIMEOUT),
      setTimeout(() => end("the caller's deadline passed", 'CAUSE_DEADLINE_EXCEEDED'), Math.min(context.timeout ?? 2 ** 30, 2 ** 30)),
    ];
    const done = (settle, value) => { timers.forEach(clearTimeout); context.cancel = () => {}; settle(value); };
    const end = (why, cause) => {
      done(reject, new Failure(connected ? 'CODE_INDETERMINATE' : 'CODE_UNAVAILABLE', why, { causes: cause ? [cause] : [] }));
      call.destroy();
    };
    context.cancel = () => end('the call was cancelled', 'CAUSE_CANCELLED');
    if (context.cancelled) return context.cancel();
    call.on('socket', (s) => s.once(client === https ? 'secureConnect' : 'connect', () => { connected = true; }));
    call.on('error', (err) => end(err.code ?? 'the connection broke'));
    call.on('response', (response) => {
      const chunks = [];
      let size = 0;
      response.on('data', (chunk) => { size += chunk.length; chunks.push(chunk); if (size > MAX_RESPONSE) finish(null); });
      response.on('end', () => finish(response.complete ? Buffer.concat(chunks) : null));
      response.on('error', () => finish(null));
      const finish = (raw) => { done(resolve, { status: response.statusCode, headers: response.headers, body: decode(raw, response.headers) }); call.destroy(); };
    });
    call.end(body);
  });
}

// decode returns the body's text, or null if it could not be read.
function decode(raw, headers) {
  try {
    if (raw && headers['content-encoding'] === 'gzip') raw = zlib.gunzipSync(raw, { maxOutputLength: MAX_RESPONSE });
    return raw && raw.toString('utf8').replace(/^\uFEFF/, '');
  } catch { return null; }
}

function parse(text) {
  try { return JSON.parse(text); } catch { return null; }
}

// check refuses what needs no request.
function check(m) {
  if (!m.to) return new Failure('CODE_INVALID_RECIPIENT', 'the message has no recipient');
  if (!m.text) return new Failure('CODE_INVALID_MESSAGE', 'the text is empty');
  const unknown = Object.keys(m.extra ?? {}).find((key) => key.startsWith('acme.'));
  if (unknown) return new Failure('CODE_UNSUPPORTED', `unknown extra ${unknown}; acme has none`);
  if (m.send_at || m.validity) return new Failure('CODE_UNSUPPORTED', 'Acme supports neither send_at nor validity');
  return null;
}

// send makes one attempt and returns {receipt} or {error}.
async function send(m, context) {
  try {
    const refusal = check(m);
    if (refusal) throw refusal;
    const body = JSON.stringify({ to: m.to, from: m.from || undefined, text: m.text, reference: m.ref || undefined });
    return { receipt: judge(await request('POST', '/messages', body, context)) };
  } catch (err) {
    if (err instanceof Failure) return { error: err };
    console.error(err.stack);
    return { error: new Failure('CODE_INDETERMINATE', 'the driver failed') };
  }
}

// judge reads a response: a documented body decides, then the status.
function judge(response) {
  const body = response.body === null ? null : parse(response.body);
  const retryAfter = readRetryAfter(response.headers);
  const more = { retry_after: retryAfter };
  if (response.status >= 200 && response.status <= 299) {
    if (!body || typeof body.id !== 'string' || body.id === '') throw new Failure('CODE_INDETERMINATE', `HTTP status ${response.status} without an id`);
    if (body.error) throw new Failure('CODE_INDETERMINATE', `HTTP status ${response.status} with an id and an error`);
    return { id: body.id, segments: Number.isInteger(body.segments) ? body.segments : 0, raw: Buffer.from(scrub(response.body)) };
  }
  const code = CODES[body?.error?.code];
  const message = `HTTP status ${response.status}`;
  if (code) throw new Failure(code, message, { ...more, vendor_code: body.error.code, vendor_message: scrub(String(body.error.message ?? '')) });
  throw new Failure(byStatus(response.status, response.headers['retry-after'] !== undefined), message + ' without a documented body', more);
}

// readRetryAfter reads seconds or a date (RFC 9110 §10.2.3).
function readRetryAfter(headers) {
  const value = headers['retry-after'] ?? '';
  if (/^\d{1,9}$/.test(value)) return { seconds: value };
  const ms = Date.parse(value) - (Date.parse(headers.date) || Date.now());
  return ms > 0 ? { seconds: String(Math.round(ms / 1000)) } : undefined;
}

// Zero fields are omitted.
const milliseconds = (d) => d && Number(d.seconds ?? 0) * 1000 + (d.nanos ?? 0) / 1e6;

exports.methods = {
  Describe: (call, done) => done(null, { name: 'acme', doc: 'The vendor of the plugin examples, in JavaScript.', settings: SETTINGS }),
  Open: (call, done) => done(null, open(parse(call.request.settings.toString() || '{}') ?? {})),
  Close: (call, done) => done(null, {}),

  async Send(call, done) {
    const number = (key) => { const [v] = call.metadata.get(key); return v === undefined ? undefined : Number(v); };
    const context = { timeout: number('anysms-timeout'), connectTimeout: number('anysms-connect-timeout') };
    call.on('cancelled', () => { context.cancelled = true; context.cancel?.(); });
    done(null, await send(call.request.message, context));
  },

  SendStream(stream) {
    const inFlight = new Map();
    const start = async (call) => {
      const context = { timeout: milliseconds(call.timeout), connectTimeout: milliseconds(call.connect_timeout) };
      inFlight.set(call.id, context);
      const response = await send(call.message, context);
      inFlight.delete(call.id);
      stream.write({ answers: [{ id: call.id, ...response }] });
    };
    const cancel = (context) => { if (context) { context.cancelled = true; context.cancel?.(); } };
    stream.on('data', (request) => {
      for (const call of request.calls) {
        if (call.cancel) cancel(inFlight.get(call.id));
        else start(call);
      }
    });
    stream.on('end', () => stream.end());
    stream.on('error', () => {});
  },
};
