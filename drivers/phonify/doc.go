// Package phonify sends texts through Phonify (phonify.io), worldwide, at most
// 160 characters each.
//
//	p, err := phonify.New(phonify.Config{APIKey: "…"})
//
// [Provider] is what a router needs, [Client] the API call by call.
//
// # What the vendor has
//
// A send takes a number and a text, nothing else: no sender (the vendor chooses
// it), no schedule, no validity, no reference of the caller, no idempotency
// key, no delivery reports. A message's state can be read; "sent" is the best
// that is ever reported. Messages from people are in the same list as messages
// to people, without a field that distinguishes them.
//
// So the outcome of an indeterminate send cannot be found by a search: there is
// no Finder.
//
// # What is assumed
//
// The vendor's page is short and leaves much open. Where the package had to
// assume something, a setting changes it:
//
//   - The API is at https://www.phonify.io/v1: base_url.
//   - The key is sent as the user of HTTP Basic with an empty password; auth:
//     parameter sends it as api_key instead, where it may end up in logs.
//   - 160 characters are 160 code points, whatever the alphabet. If your texts
//     beyond GSM-7 arrive truncated, set max_ucs2_characters: 70, and longer ones are
//     refused as unsupported before a request.
//   - A refusal is HTTP status 402 with a list of errors, each with a type and a
//     title. The types are not published. A type with a word that speaks for
//     itself (credit, number, body, …) is read so, any other 402 is
//     provider.Rejected, and error_types maps the types that you meet.
//   - The types do not count if the status leaves the outcome unknown
//     (5xx and the like), unless error_types lists them.
//   - A response to a send is {"message":{…}}, {"messages":[…]} or […]; the id may
//     be a string or a number.
//   - State "error" in the response to a send is a refusal; later it is an
//     undelivered message.
//   - A page of the list that is not full is the last one.
//   - A message is inbound if its "to" is one of own_numbers. Its sender is the
//     phone; inbound_from: origin uses the other party.
//
// Source: the API reference at https://www.phonify.io/docs/api. The response
// formats and the base URL follow the vendor's Ruby gem. The gem last changed
// in 2021: check that the service still runs before you rely on it.
package phonify
