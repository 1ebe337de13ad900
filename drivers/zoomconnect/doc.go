// Package zoomconnect sends texts through ZoomConnect (zoomconnect.com), a South
// African vendor whose API also stands behind SMS Messenger.
//
//	p, err := zoomconnect.New(zoomconnect.Config{Email: "…", Token: "…"})
//
// [Provider] is what a router needs, [Client] the whole API: account, messages,
// analysis, contacts, groups and templates.
//
// # What the vendor has
//
// Single sends and batches with a verdict for each message, scheduling to the
// minute, the state of a message, a search by the caller's reference, the
// balance and the price of a text in credits, replies by polling, and callbacks
// for replies and delivery reports. [provider.Message].Ref travels as dataField
// and comes back in states and callbacks; Tag travels as campaign, unless
// Extra["zoomconnect.campaign"] or the setting campaign says otherwise.
//
// It has no sender field, no validity period, no idempotency key, and nothing
// that certainly stops a scheduled message: [Client.DeleteMessage] is documented
// as a deletion only, so there is no Canceller. Credits are no money: amounts
// have the currency [provider.Credits].
//
// # What is assumed
//
// Where the vendor's documents are silent the package had to assume something,
// and a setting changes it:
//
//   - The API is at https://www.zoomconnect.com/app: base_url.
//   - Credentials travel in the headers email and token: auth: basic, or query,
//     which the vendor recommends for tests only.
//   - Recipients are written as +27820000001: number_format: digits.
//   - Dates are South African time, which has no daylight saving: time_zone. The
//     time to send is written as yyyyMMddHHmm and rounded up, never down, to the
//     minute. In answers, milliseconds since 1970 and ISO 8601 are both read.
//   - A batch has at most 100 messages (max_batch), goes out without a pace
//     (messages_per_minute), and is answered in its own order. If the vendor
//     refuses it as a whole, each of its messages is provider.Unavailable: which
//     one was at fault is not told.
//   - Of the numbers in errors, 2 is an invalid number, 3 an empty text, and 1
//     says nothing of the message. An "error" beside the message id is a refusal
//     in words; credit, opt-out, mobile number and empty message are recognised,
//     other words are provider.Rejected. The setting errors maps numbers and
//     words that you meet.
//   - The vendor chooses received messages by the day. A reply that is listed
//     later than inbox_overlap (15 minutes) after its receipt, behind newer
//     ones, is missed by [Provider.Inbox]; callbacks miss none.
//   - Callbacks are not proven to come from the vendor: the recipe of their
//     checksum is not public. Put a secret into the addresses that you enter at
//     the vendor (https://…?secret=…) and into callback_secret, and give
//     [Config].VerifyCallback if you know the recipe. nonce, nonce_date and
//     checksum are in the events' Extra for receivers that refuse repetitions.
//   - Lists of contacts, groups and templates are asked for with page and
//     pageSize, and followed while a response links to a next page.
//   - [Client.SendURL] and [Client.SendURLParameters] are answered with a message
//     id in plain text; any other text is doubt.
//
// Find searches by dataField. It is proof if it finds; the vendor does not say
// how soon a message is listed, so that it never proves absence.
//
// Sources: the REST API guide at https://www.zoomconnect.com/api and its twin at
// https://www.smsmessenger.co.za/rest-api-guide, and the vendor's Swagger
// description, which gives the fields of answers.
package zoomconnect
