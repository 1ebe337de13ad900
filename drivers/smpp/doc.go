// Package smpp is a driver for SMPP 3.4, the protocol of operators' and
// aggregators' SMSCs: a lasting connection over which messages, delivery reports
// and messages from people travel.
//
// Package smpptest is a fake SMSC for tests.
//
// # Connections
//
// The first call connects. The provider keeps its connections bound from then
// on, tests them when they are quiet, and makes lost ones again with growing
// pauses. They are bound as transmitters until [Provider.Listen] is called, and
// as transceivers while it runs: an SMSC would hand reports to a transceiver to
// which nobody listens. Close lets what is under way finish and unbinds.
//
// # What is known of a message
//
// A message is accepted when the SMSC has accepted each of its segments. The
// command_status decides what became of a segment, by the standard's table and
// the setting status_codes. Without a response it is provider.Unavailable if the
// system has taken none of its bytes, and else provider.Indeterminate, as it is
// after generic_nack. A response that comes after Send has returned becomes an
// event with the message's Ref and Attempt if it settles the whole message.
//
// # Long messages
//
// Each segment is one submit_sm, sent after the one before it was accepted. If
// the first is refused, so is the message. A later one that is throttled, or
// proven not to have been sent, is repeated until the deadline. If the others
// cannot be brought to an end, the message is provider.Indeterminate with a
// [PartialError]; the error's ID has the accepted segments, and empty ids for the
// others.
//
// Receipt.ID has the ids of all segments, which [provider.SegmentIDs] separates. A
// report is about one segment. As long as this process remembers the message (it
// does for the latest 20,000 segments), the event has its Receipt.ID and an
// EventSegment; later the event has the segment's own id, by which package ledger
// finds the message.
//
// # Status and Cancel
//
// query_sm and cancel_sm must name the message's sender. If the settings query or
// cancel are on, it is the tag of a Receipt.ID, see [provider.TagID], of a message
// that had one of its own; without a tag it is the setting's.
//
// # Extras
//
//	smpp.dlt_entity    principal entity id of India's DLT, instead of the setting's
//	smpp.dlt_template  template id of India's DLT, instead of the setting's
//	smpp.service_type  service_type, instead of the setting's
//
// # Events
//
// What the SMSC delivers is acknowledged after the handler has taken it; else the
// response is ESME_RX_T_APPN, a temporary error, so that the SMSC repeats it. Only
// the segments of an inbound message that is not yet complete are acknowledged at
// once, because many SMSCs send the next one only then; they are lost if the
// process dies before the others come. Segments whose others do not come within
// ten minutes are handed over by themselves.
package smpp
