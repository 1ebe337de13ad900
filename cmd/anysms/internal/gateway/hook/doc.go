// Package hook takes the calls that other software makes as it is: auth servers
// that want a code sent, and alerting systems.
//
// Each hook has a name, under which it is called (POST /NAME), and a preset, which
// knows one software: where its payload has the number, what the text is, how it
// authenticates itself, and which response makes it show an error or try again.
// The preset generic takes any JSON by paths.
//
// # What is sent once
//
// A hook derives the message's ref from the payload, so that software that calls
// again is not charged twice. Alerting systems identify what they say: the ref is
// made from the group key, the status, and the beginnings of the alerts, and holds
// for as long as the message is remembered. The auth servers identify nothing: a
// repeat is the same text to the same number within [Config.RepeatWithin]. The
// preset generic takes the ref from the payload, from the header Idempotency-Key, or
// from the webhook-id of a signature.
//
// Refs are HMACs under the hook's own secret: a code and a number cannot be guessed
// from them.
//
// # Replays
//
// A signature is taken for five minutes around its timestamp. A token has no
// timestamp; a recorded request that is replayed meets the ref.
package hook
