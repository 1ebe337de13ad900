// Package conformance tests drivers: it runs a driver against a server that accepts
// and rejects messages, drops connections, stalls, and sends broken responses, and
// checks that the driver reports the true outcome of each message.
//
// The whole test of a driver is its harness:
//
//	func TestConformance(t *testing.T) {
//		conformance.Run(t, conformance.Harness{
//			Open: func(url string) (provider.Provider, error) {
//				return acme.New(acme.Config{BaseURL: url, APIKey: "k3y"})
//			},
//			Replies: os.DirFS("testdata/conformance"),
//			Secrets: []string{"k3y"},
//		})
//	}
//
// [Run] reports to a test, [Check] returns a report. [Catalogue] lists the cases;
// each has a stable id, a level (must or should), the reason for it, its source, and
// how to fix a driver that fails.
//
// # Verdicts
//
// A driver is [Conformant] if no case of level must fails, else [NotConformant]. It is
// unproven ([NotProven]) if none fails but it claims a capability for which Replies
// has no file: what was not tried is not proven. Run fails then too, unless
// Harness.AllowUnproven is set. A driver that blocks, sleeps or panics fails the case
// in which it does so; the suite goes on.
//
// # Replies
//
// Replies has the vendor's documented responses: raw HTTP, one small file per
// outcome, that a reviewer can compare with the vendor's documents.
//
//	accepted.http                   required: the message was accepted
//	invalid_recipient.http          the documented response for a code
//	invalid_recipient.landline.http another response for the same code
//
// A file starts with comment lines, of which one names the source. The response
// follows. Content-Length is added.
//
//	# source: https://acme.example/docs/errors, section 3, read 2026-11-02
//	# vendor_code: 2011
//	HTTP/1.1 400 Bad Request
//	Content-Type: application/json
//
//	{"error":{"code":2011,"message":"{{digits}} is not a mobile number"}}
//
// vendor_code is optional; provider.Error.VendorCode must have this value. Where the
// vendor echoes the request or generates an id, write a placeholder: {{to}} is the
// recipient with its plus, {{digits}} without, {{ref}} the message's Ref; {{id}},
// {{uuid}} and {{number}} are ids that differ in each response: letters and digits, a
// UUID, and an integer. accepted.http should have one of these where the vendor
// generates an id: only then can the suite tell to which response a receipt belongs.
//
// accepted.http also says what the reply has beside the id, and how requests write
// times and validities; without these lines receipts must have neither segments nor
// cost, and only Unix time and RFC 3339 are recognised.
//
//	# receipt: {"segments": 1, "cost": "0.05 EUR"}
//	# send_at: 2006-01-02 15:04 in Africa/Johannesburg
//	# validity: minutes
//
// A line such as placeholder: {name} names what the vendor would replace in a text.
// Times are unix, unix_ms, rfc3339 or a layout of package time with an optional zone.
// Validities are milliseconds, seconds, minutes, hours, or "until" and a form of times.
//
// A reply without a body documents the meaning of its status alone at this vendor:
// rejected.bare-402.http permits rejected where the suite otherwise wants
// insufficient_funds.
//
// batch/*.http are responses to batches. They have a verdict line for each message,
// and numbered placeholders.
//
//	# source: https://acme.example/docs/batches, read 2026-11-02
//	# verdict: accepted
//	# verdict: invalid_recipient
//	HTTP/1.1 200 OK
//
//	[{"id":"{{id.1}}"},{"error":2011,"number":"{{digits.2}}"}]
//
// calls/*.http are responses to the other calls: status, find, cancel, balance, quote,
// start_verification, check_verification, inbox and check, each with at least one file
// where the call succeeds and, where the vendor can say no, one where it does not
// (status.delivered.http and status.failed.http, cancel.removed.http and
// cancel.nothing.http). args are the call's arguments, want is what it must return:
// fields of its result, or null where Find must find nothing. error is the code that it
// must return instead. inbox has event lines.
//
//	# source: https://acme.example/docs/status, read 2026-11-02
//	# args: {"id":"a1"}
//	# request: GET /messages/a1
//	# want: {"status":"delivered","final":true,"vendor_status":"DELIVRD"}
//	HTTP/1.1 200 OK
//
//	{"id":"a1","state":"DELIVRD"}
//
// request is optional: the request must have this method and path, and with
// request_has this value. If the call makes several requests, the line "# next reply" separates their responses.
//
// callbacks/*.http are the vendor's requests. An event line has the fields that the
// event must have: kind, id, ref, status, final, code,
// vendor_status, vendor_code, segments, cost ("0.05 EUR"), mccmnc, at (RFC 3339,
// UTC), from, to, text, in_reply_to.
//
//	# source: https://acme.example/docs/reports, read 2026-11-02
//	# event: {"kind":"report","id":"42","status":"delivered","final":true}
//	# signature: header X-Acme-Signature
//	# signature_covers: body
//	POST /hooks/acme HTTP/1.1
//	Host: hooks.example
//	X-Acme-Signature: 5d41402abc4b2a76b9719d911017c592
//
//	{"id":"42","state":"DELIVRD"}
//
// With a signature line (header NAME, query NAME or remote_ip), the suite forges the
// callback in several ways; where the vendor proves nothing, the line is "none:" and
// the reason. signature_covers: body means that a changed body must be detected
// too. status_word: DELIVRD lets the suite replace this word by an unknown status; for
// a status that is a number, write `"code":7 => "code":987`, and where something else decides, "none:" and the
// reason.
// received_at and remote_ip set the fields of provider.Callback.
//
// events/* are what a vendor pushes over a connection, in the form of the lab, with event
// lines.
//
// # Other transports
//
// Only a [Lab] knows the transport. Its vendors receive requests, say which recipient,
// text and values are in them, reply with the bytes of a reply file, and fail as the
// suite tells them. All cases but those about HTTP itself (status.*, redirects, TLS)
// are then the same, and reply files end in the lab's Extension. Write one for another
// protocol, and set Harness.Lab:
//
//   - Start listens on loopback. For each complete request, the vendor calls respond in
//     a goroutine and writes Reply.Text, in which the suite has filled the placeholders.
//     Each counts as a send, unless a call file expects it: logins, keep-alives and
//     acknowledgements are the lab's own affair, and respond is not called for them.
//   - Request has To and Text with Decoded if the lab can decode them, and the other
//     values in Values, among them Ref, sender, times and validity as they are written.
//   - Fail switches a fault on; each of Faults becomes the case fault.NAME, and with
//     Silent also timeout.NAME.
//   - A vendor that pushes events is a [Pusher] too.
//
// A driver without any transport has neither accepted.http nor other replies; its calls
// and events files end in .txt and have comment lines alone. Where a message must be
// sent before a call, the file has a line for it: # sent: {"ref":"r-1"}; {{id.1}} is
// then the id of its receipt.
package conformance
