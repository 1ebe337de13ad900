// An SMSC on the node-smpp library. It writes a JSON line for each event to
// stdout, the first with its port, and does what a message's text says.
const smpp = require("smpp");

const log = (event) => process.stdout.write(JSON.stringify(event) + "\n");
let count = 0;

// textOf returns a message as the library has decoded it.
function textOf(pdu) {
  const body = pdu.short_message.message || pdu.message_payload?.message || pdu.message_payload || "";
  return Buffer.isBuffer(body) ? body.toString("latin1") : body;
}

function receive(session, pdu) {
  const text = textOf(pdu);
  const id = (0xabc000 + ++count).toString(16).toUpperCase();
  log({
    event: "submit_sm", id, text, from: pdu.source_addr, to: pdu.destination_addr,
    ton: [pdu.source_addr_ton, pdu.source_addr_npi, pdu.dest_addr_ton, pdu.dest_addr_npi],
    coding: pdu.data_coding, esm_class: pdu.esm_class, registered: pdu.registered_delivery, validity: String(pdu.validity_period ?? ""),
    udh: (pdu.short_message.udh || []).map((element) => Buffer.from(element).toString("hex")),
    sar: pdu.sar_total_segments ? [pdu.sar_msg_ref_num, pdu.sar_total_segments, pdu.sar_segment_seqnum] : [],
  });
  switch (text) {
    case "throttle": return session.send(pdu.response({ command_status: smpp.ESME_RTHROTTLED }));
    case "silent": return undefined;
    case "drop": return session.destroy();
    case "nack": return session.send(new smpp.PDU("generic_nack", { command_status: smpp.ESME_RINVCMDID, sequence_number: pdu.sequence_number }));
  }
  session.send(pdu.response({ message_id: id }));
  if (text === "report") report(session, pdu, id);
  if (text === "reply") reply(session, pdu);
}

// report sends a delivery receipt whose id is in decimal, as some SMSCs do.
function report(session, pdu, id) {
  session.deliver_sm({
    esm_class: smpp.ESM_CLASS.MC_DELIVERY_RECEIPT, source_addr: pdu.destination_addr, destination_addr: pdu.source_addr,
    short_message: `id:${parseInt(id, 16)} sub:001 dlvrd:001 submit date:2611211200 done date:2611211201 stat:DELIVRD err:000 text:report`,
  }, (response) => log({ event: "deliver_sm_resp", status: response.command_status }));
}

// reply sends a message of two segments from the recipient.
function reply(session, pdu) {
  const parts = ["Καλημέρα, ", "ευχαριστώ 🙂"];
  parts.forEach((part, i) => session.deliver_sm({
    esm_class: smpp.ESM_CLASS.UDH_INDICATOR, source_addr_ton: 1, source_addr_npi: 1, source_addr: pdu.destination_addr, destination_addr: pdu.source_addr,
    data_coding: 8, short_message: { udh: Buffer.from([5, 0, 3, 7, parts.length, i + 1]), message: part },
  }, (response) => log({ event: "deliver_sm_resp", status: response.command_status })));
}

const server = smpp.createServer({}, (session) => {
  session.on("error", () => {});
  for (const kind of ["bind_transmitter", "bind_receiver", "bind_transceiver"]) {
    session.on(kind, (pdu) => {
      const good = pdu.system_id === "esme" && pdu.password === "secret";
      log({ event: kind, system_id: pdu.system_id, version: pdu.interface_version });
      session.send(pdu.response({ command_status: good ? 0 : smpp.ESME_RINVPASWD, system_id: "node-smpp" }));
      if (!good) session.close();
    });
  }
  session.on("submit_sm", (pdu) => receive(session, pdu));
  session.on("enquire_link", (pdu) => session.send(pdu.response()));
  session.on("unbind", (pdu) => {
    log({ event: "unbind" });
    session.send(pdu.response());
    session.close();
  });
});
server.listen(0, "127.0.0.1", () => log({ event: "listening", port: server.address().port }));
process.stdin.resume().on("end", () => process.exit(0)); // ends with the test
