// Package apifon is a driver for Apifon's REST API (docs.apifon.com): SMS,
// instant messages over Viber with SMS as the fallback, one-time codes,
// balance, lists and their subscribers, and the bounce list.
//
// [Client] is the vendor's documented API, typed. [Provider] is the thin layer
// over it that routers use. Package apifontest is a fake of the vendor for
// tests.
//
// # Authentication
//
// Either token and secret, which sign every request (HMAC-SHA256), or client_id
// and client_secret, which get an access token (OAuth2 client credentials).
//
// # Extras
//
// A message with one of these keys in its Extra is sent by Viber first, and its
// Text follows by SMS if Viber does not deliver it. Durations are written as in
// Go, "90s".
//
//	apifon.im_text             text on Viber, up to 1000 characters; default the message's Text,
//	                           unless there is an image or a video
//	apifon.im_sender           sender on Viber; default that of the API token
//	apifon.im_channel          channel id; default that of the API token
//	apifon.im_image            address of an image
//	apifon.im_action_title     words on a button, up to 30 characters, and
//	apifon.im_action_url       where it leads
//	apifon.im_ttl              how long Viber tries, 30s to 24h
//	apifon.im_expiry_text      what is shown if it arrives later
//	apifon.im_device_target    SMARTPHONE_ONLY or SMARTPHONE_AND_OTHER_DEVICES
//	apifon.im_video_url        address of a video, with im_video_size in octets, im_video_duration,
//	                           im_video_thumbnail, im_video_type, and im_video_caption for a button
//
// im_text, im_sender, im_ttl and im_device_target do the same for a
// provider.VerificationRequest.
//
// # Ids
//
// A receipt's id is the vendor's request id; for a message of a batch it is the
// request id, a colon and the message's place in the batch. Delivery reports
// carry the same ids, those of the SMS after an instant message and those of
// each segment included: in a batch the place travels as the vendor's custom_id,
// before the message's Ref. The id of a one-time code is its ref, which is the
// Ref of its delivery reports.
//
// # What the vendor does not document
//
// The following is assumed, and the setting changes it where there is one:
//
//   - The signed path is the percent-encoded path without the query, and an
//     absent body is signed as the empty string.
//   - Responses and callbacks give prices without a currency: they are counted as
//     provider.Credits unless the setting currency names one. The end of a
//     prepaid bundle has no zone: it is read as UTC.
//   - A 401 to a cached access token means that
//     the token has expired, not that the account is locked.
//   - Access tokens are requested without a scope; the setting scopes requests
//     some. token_url and revoke_url name the identity server.
//   - Only the words of a refusal's description tell its reason. If
//     they name neither sender nor recipient nor credit, it is
//     provider.InvalidMessage.
//   - An SMS that is absent (status 1), and an instant message after which the
//     vendor may send the SMS (8, 22 and 120), may still change: these
//     reports are not final.
//   - Callbacks are not signed. The setting callback_secret adds a secret to the
//     URLs that the vendor is given, and requires it.
//   - A batch has at most 100 messages.
package apifon
