// Package webhook takes what vendors report and hands it to a ledger: by HTTP callbacks
// ([Handler]), by asking ([PollInbox], [PollStatus]), or over a connection ([Listen]).
//
// Whatever the way, a vendor is told that something was received only after it has been
// committed, so that nothing is lost that was acknowledged. What comes twice changes
// nothing.
//
//	h, err := webhook.New(l, webhook.Options{PublicURL: "https://sms.example.com/callbacks"},
//		webhook.Endpoint{Name: "athens", Provider: athens, Token: token})
//	…
//	http.Handle("/callbacks/", http.StripPrefix("/callbacks", h))
//
// A vendor calls PublicURL/NAME/TOKEN. The token is a secret of at least sixteen
// characters, as some vendors sign nothing; signatures are verified by the driver
// besides.
package webhook
