#!/usr/bin/env node
// An anysms plugin. This file is the handshake, which is the same for every driver;
// acme.js is the driver.
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const crypto = require('node:crypto');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');
const selfsigned = require('selfsigned');
const acme = require('./acme');

const COOKIE = 'b2e4a7c0-driver';
const PROTOCOL_VERSION = 1;
const MAX_MESSAGE = 4 << 20;
// In a project of your own: driver.proto beside this file, from "anysms plugin proto".
const PROTO = [path.join(__dirname, 'driver.proto'), path.join(__dirname, '../../drivers/plugin/internal/driverv1/driver.proto')].find((file) => fs.existsSync(file));

// credentials returns the server's credentials, and its certificate for the handshake
// line. Only the host's certificate may connect.
async function credentials() {
  const host = process.env.PLUGIN_CLIENT_CERT;
  if (!host) return { server: grpc.ServerCredentials.createInsecure(), certificate: '' };
  const own = await selfsigned.generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec', curve: 'P-256', algorithm: 'sha256',
    extensions: [
      { name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] },
      { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
    ],
  });
  const server = grpc.ServerCredentials.createSsl(
    Buffer.from(host), [{ private_key: Buffer.from(own.private), cert_chain: Buffer.from(own.cert) }], true);
  const certificate = new crypto.X509Certificate(own.cert).raw.toString('base64').replace(/=+$/, '');
  return { server, certificate };
}

// plain makes a method of go-plugin or of gRPC's health service, whose messages are
// small enough to be encoded by hand.
function plain(path, response) {
  return { path, requestStream: false, responseStream: false,
    requestDeserialize: (b) => b, requestSerialize: (b) => b,
    responseSerialize: () => Buffer.from(response), responseDeserialize: (b) => b };
}

async function main() {
  if (process.env.ANYSMS_PLUGIN !== COOKIE) {
    console.error('This is a plugin for anysms. It is started by its host: {driver: plugin, path: ./plugin.js}.');
    process.exit(1);
  }
  const { server: secured, certificate } = await credentials();
  const server = new grpc.Server({ 'grpc.max_receive_message_length': MAX_MESSAGE, 'grpc.max_send_message_length': MAX_MESSAGE });

  const protocol = grpc.loadPackageDefinition(loader.loadSync(PROTO, { keepCase: true, longs: String, enums: String }));
  server.addService(protocol.anysms.driver.v1.Driver.service, acme.methods);
  // grpc.health.v1.HealthCheckResponse{status: SERVING}
  server.addService({ Check: plain('/grpc.health.v1.Health/Check', [8, 1]) }, { Check: (call, done) => done(null, {}) });
  server.addService({ Shutdown: plain('/plugin.GRPCController/Shutdown', []) }, {
    Shutdown: (call, done) => { done(null, {}); setImmediate(() => process.exit(0)); },
  });

  const socket = path.join(process.env.PLUGIN_UNIX_SOCKET_DIR, 'plugin.sock');
  server.bindAsync('unix:' + socket, secured, (err) => {
    if (err) { console.error(err.message); process.exit(1); }
    fs.writeSync(1, `1|${PROTOCOL_VERSION}|unix|${socket}|grpc|${certificate}\n`);
  });

  // A host that was killed cannot stop its plugin.
  const host = process.ppid;
  setInterval(() => { if (process.ppid !== host) process.exit(1); }, 1000).unref();
}

main();
