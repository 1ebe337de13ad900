// Package webhook receives delivery reports and incoming messages from vendors and
// records them in a ledger: from HTTP callbacks ([Handler]), by polling ([PollInbox],
// [PollStatus]), or over a connection ([Listen]).
//
// A vendor gets an acknowledgement only after its events have been committed, so an
// acknowledged event is never lost. Repeated events change nothing.
//
//	h, err := webhook.New(l, webhook.Options{PublicURL: "https://sms.example.com/callbacks"},
//		webhook.Endpoint{Name: "athens", Provider: athens, Token: token})
//	…
//	http.Handle("/callbacks/", http.StripPrefix("/callbacks", h))
//
// A vendor calls PublicURL/NAME/TOKEN. The token is a secret of at least sixteen
// characters, since some vendors sign nothing. The driver verifies signatures as well.
package webhook
