// Package zoomconnect sends texts through ZoomConnect (zoomconnect.com), a
// South African vendor whose API is also that of SMS Messenger.
//
//	p, err := zoomconnect.New(zoomconnect.Config{Email: "…", Token: "…"})
//
// [Provider] is what a router needs, [Client] the whole API: account, messages,
// analysis, contacts, groups and templates.
//
// # What the vendor has
//
// Single sends and batches with a verdict for each message, scheduling to the
// minute, the status of a message, a search by the caller's reference, the
// balance and the price of a text in credits, replies by polling, and callbacks
// for replies and delivery reports. [provider.Message].Ref is sent as dataField
// and returned in statuses and callbacks; Tag is sent as campaign, unless
// Extra["zoomconnect.campaign"] or the setting campaign overrides it.
//
// It has no sender field, no validity period, no idempotency key, and nothing
// that certainly stops a scheduled message: [Client.DeleteMessage] is
// documented only as a deletion, so there is no Canceller. Credits are not
// money: amounts have the currency [provider.Credits].
//
// # What is assumed
//
// Where the vendor's documents are silent the package had to assume something,
// and a setting changes it:
//
//   - The API is at https://www.zoomconnect.com/app: base_url.
//   - Credentials are sent in the headers email and token: auth: basic, or query,
//     which the vendor recommends for tests only.
//   - Recipients are written as +27820000001: number_format: digits.
//   - Dates are South African time, which has no daylight saving: time_zone. The
//     time to send is written as yyyyMMddHHmm and rounded up, never down, to the
//     minute. In responses, milliseconds since 1970 and ISO 8601 are both read.
//   - A batch has at most 100 messages (max_batch), is sent without a rate limit
//     (messages_per_minute), and its results come in the same order. If the vendor
//     refuses it as a whole, each of its messages is provider.Unavailable: which
//     one was at fault is unknown.
//   - Of the numbers in errors, 2 is an invalid number, 3 an empty text, and 1
//     says nothing about the message. An "error" beside the message id is a refusal
//     in words; credit, opt-out, mobile number and empty message are recognised,
//     other words are provider.Rejected. The setting errors maps numbers and
//     words that you encounter.
//   - The vendor selects received messages by day. A reply that is listed
//     later than inbox_overlap (15 minutes) after its receipt, behind newer
//     ones, is missed by [Provider.Inbox]; callbacks miss none.
//   - Callbacks are not proven to come from the vendor: the algorithm of their
//     checksum is not public. Put a secret into the URLs that you enter at
//     the vendor (https://…?secret=…) and into callback_secret, and give
//     [Config].VerifyCallback if you know the algorithm. nonce, nonce_date and
//     checksum are in the events' Extra for receivers that reject replays.
//   - Lists of contacts, groups and templates are requested with page and
//     pageSize, and followed while a response links to a next page.
//   - [Client.SendURL] and [Client.SendURLParameters] respond with a message
//     id in plain text; any other text is indeterminate.
//
// Find searches by dataField. A message that it finds was accepted; the vendor
// does not say how soon a message is listed, so not finding one proves nothing.
//
// Sources: the REST API guide at https://www.zoomconnect.com/api and its copy
// at https://www.smsmessenger.co.za/rest-api-guide, and the vendor's Swagger
// description, which has the fields of responses.
package zoomconnect
