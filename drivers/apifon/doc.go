// Package apifon speaks to Apifon's REST API (docs.apifon.com): SMS, instant
// messages over Viber with SMS as the way out, one-time codes, balance, lists
// and their subscribers, and the bounce list.
//
// [Client] is the vendor's documented API, typed. [Provider] is the thin layer
// over it that routers use.
//
// # Authentication
//
// Either token and secret, with which every request is signed (HMAC-SHA256), or
// client_id and client_secret, with which an access token is fetched and kept
// (OAuth2 client credentials).
//
// # What the vendor does not document
//
// The following is assumed, and the setting changes it where there is one:
//
//   - The signed path is the percent-encoded path without the query, and an
//     absent body is signed as the empty string.
//   - Answers and callbacks give prices without a currency: they are counted as
//     provider.Credits unless the setting currency names one.
//   - A 401 to an access token that was kept from an earlier request means that
//     the token has ended, not that the account is locked.
//   - Access tokens are fetched without a scope; the setting scopes asks for
//     some. token_url names the identity server.
//   - A refusal's reason is told by the words of its description alone. Where
//     they name neither sender nor recipient nor credit, it is
//     provider.InvalidMessage.
//
// # Ids
//
// A receipt's id is the vendor's request id; for a message of a batch it is the
// request id, a colon and the message's place in the batch. Delivery reports
// carry the same ids: in a batch the place travels as the vendor's custom_id.
package apifon
