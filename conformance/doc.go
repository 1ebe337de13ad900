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
// each has a stable id, a level (must or should), the reason for it, and its source.
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
// With a signature line (header NAME or query NAME), the suite forges the callback
// in several ways; signature_covers: body means that a changed body must be detected
// too. status_word: DELIVRD lets the suite replace this word by an unknown status.
// received_at and remote_ip set the fields of provider.Callback.
//
// A driver that makes no HTTP requests has neither accepted.http nor other replies.
// The cases that need a server are then not applicable, as the report says.
package conformance
