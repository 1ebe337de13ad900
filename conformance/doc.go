// Package conformance proves a driver: it runs the driver against a server that
// answers, refuses, lies, drops and floods as real networks do, and checks that
// what the driver says of each message is true.
//
// A driver's whole test is its harness:
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
// [Run] reports to a test, [Check] to a program. [Catalogue] lists the cases;
// each has a stable id, a level (must or should), the reason why it is asked,
// and the source that asks for it.
//
// # Replies
//
// Replies holds what the vendor really answers: raw HTTP responses, one small
// file per outcome, that a reviewer can compare with the vendor's documents.
//
//	accepted.http                   needed: the message was accepted
//	invalid_recipient.http          a code's name: the documented answer for it
//	invalid_recipient.landline.http more than one answer means the same
//
// A file begins with comment lines; at least one names the source. What follows
// is the response. Content-Length is supplied.
//
//	# source: https://acme.example/docs/errors, section 3, read 2026-11-02
//	# vendor_code: 2011
//	HTTP/1.1 400 Bad Request
//	Content-Type: application/json
//
//	{"error":{"code":2011,"message":"{{digits}} is not a mobile number"}}
//
// An optional vendor_code is what provider.Error.VendorCode must then be. Where
// a real vendor repeats something of the request or makes an id, write a
// placeholder: {{to}} is the recipient with its plus, {{digits}} without,
// {{ref}} the message's Ref; {{id}}, {{uuid}} and {{number}} are ids that differ
// from answer to answer, as letters and digits, as a UUID, and as an integer.
// Give accepted.http one of these wherever the vendor makes an id: only then can
// the suite see whose answer a receipt is.
//
// A reply without a body documents what its status alone means at this vendor:
// rejected.bare-402.http allows rejected where the suite asks for
// insufficient_funds otherwise.
//
// batch/*.http are answers to batches: a verdict line says what became of each
// message, and the placeholders are numbered.
//
//	# source: https://acme.example/docs/batches, read 2026-11-02
//	# verdict: accepted
//	# verdict: invalid_recipient
//	HTTP/1.1 200 OK
//
//	[{"id":"{{id.1}}"},{"error":2011,"number":"{{digits.2}}"}]
//
// callbacks/*.http are the vendor's requests to us. An event line gives the
// fields that each event must have: kind, id, ref, status, final, code,
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
// A signature line (header NAME or query NAME) makes the suite forge the
// callback in all ways; signature_covers: body says that a changed body must be
// noticed too. status_word: DELIVRD lets the suite put an unheard-of status in
// its place. received_at and remote_ip set the fields of provider.Callback.
//
// A driver that makes no HTTP requests has no accepted.http and no other answer;
// the cases that need a server are then not applicable, and the report says so.
package conformance
