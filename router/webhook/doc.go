// Package webhook receives delivery reports and incoming messages from vendors and
// records them in a ledger: from HTTP callbacks ([Handler]), by polling ([PollInbox],
// [PollStatus]), or over a connection ([Listen]).
//
// A vendor gets an acknowledgement only after its events have been committed, so an
// acknowledged event is never lost. Repeated events change nothing.
//
//	const public = "https://sms.example.com/callbacks"
//	h, err := webhook.New(l, webhook.Options{PublicURL: public}, webhook.Endpoint{Name: "athens", Provider: athens})
//	…
//	http.Handle("/callbacks/", http.StripPrefix("/callbacks", h))
//
// A vendor calls PublicURL/NAME/TOKEN. The token is a secret, since some vendors sign
// nothing. The ledger makes one for each endpoint whose Token is empty; one of your own has
// at least sixteen characters. The driver verifies signatures as well. This is what to
// enter at the vendor:
//
//	tokens, err := l.CallbackTokens(ctx, "athens")
//	fmt.Println(webhook.URL(public, "athens", tokens[0].Value))
package webhook
