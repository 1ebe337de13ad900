package conformance_test

func phonifyMutations() []mutation {
	const send = "sent, err := p.client.Send(ctx, m.To, m.Text)"
	const post = `resp, err := c.post(ctx, "/messages", url.Values{"to": {to.String()}, "body": {body}})`
	const list = "_, err := p.client.List(ctx, 0, 1)"
	const receipt = "ID: sent.ID, Raw: sent.Raw"
	// form is the request with another text in it.
	form := func(text string) string {
		return `resp, err := c.post(ctx, "/messages", url.Values{"to": {to.String()}, "body": {` + text + `}})`
	}
	replaced := func(old, fresh string) string {
		return form("string(bytes.ReplaceAll([]byte(body), []byte(" + old + "), []byte(" + fresh + ")))")
	}
	unless := func(condition string) string {
		return post + "; if " + condition + ` { err = provider.NewError(provider.Unavailable, "not sent") }`
	}
	return []mutation{
		// Messages
		{"provider.go", send, `if m.Ref == "" { _, _ = p.client.Send(ctx, m.To, m.Text) }; ` + send, "message.options"},
		{"provider.go", send, "_ = m.Ref[0]; " + send, "message.options"},
		{"provider.go", send, "_ = map[bool][]int{false: {0}}[m.Class == provider.OTP][0]; " + send, "message.options"},
		{"provider.go", send, `if m.Tag != "" { m.Text += m.Tag }; ` + send, "message.unchanged"},
		{"provider.go", `if _, err := m.ExtraOf("phonify"); err != nil {`, `if _, err := m.ExtraOf("phonify"); err != nil && m.Ref == "" {`, "message.own-extra"},
		{"provider.go", `if _, err := m.ExtraOf("phonify"); err != nil {`, `if len(m.Extra) > 0 { return provider.NewError(provider.Unsupported, "extra") }; if _, err := m.ExtraOf("phonify"); err != nil {`, "message.foreign-extra"},
		{"provider.go", `case m.From != "":`, `case m.From != "" && m.Ref == "":`, "capabilities.sender"},
		{"provider.go", "case !m.SendAt.IsZero():", `case !m.SendAt.IsZero() && m.Ref == "":`, "capabilities.schedule"},
		{"provider.go", "case m.Validity != 0:", "case m.Validity < 0:", "capabilities.validity"},

		// Texts
		{"messages.go", post, form("fmt.Sprint(body, \".\")"), "text.gsm7"},
		{"messages.go", post, form("string(bytes.ToUpper([]byte(body)))"), "text.gsm7"},
		{"messages.go", post, form("string(bytes.TrimSpace([]byte(body)))"), "text.white-space"},
		{"messages.go", post, form("string([]rune(body)[:min(len([]rune(body)), 140)])"), "capabilities.limits"},
		{"messages.go", post, form("string(bytes.ToValidUTF8([]byte(body)[:min(len(body), 160)], nil))"), "capabilities.limits"},
		{"messages.go", post, replaced(`"\r\n"`, `"\n"`), "text.line-ends"},
		{"messages.go", post, replaced(`"“"`, `"\""`), "text.typographic"},
		{"messages.go", post, replaced(`"’"`, `"'"`), "text.typographic"},
		{"messages.go", post, replaced(`"€"`, `"EUR"`), "text.extension"},
		{"messages.go", post, replaced(`"{"`, `"("`), "text.braces"},
		{"messages.go", post, replaced(`"\u200d"`, `""`), "text.emoji"},
		{"messages.go", post, replaced(`"ά"`, `"α"`), "text.greek"},
		{"messages.go", post, replaced("`\"`", "`'`"), "text.quotes"},

		// Limits
		{"messages.go", "if n := utf8.RuneCountInString(body); n > limit {", "if n := max(len(body), utf8.RuneCountInString(body)); n > limit {", "capabilities.limits"},
		{"messages.go", "if n := utf8.RuneCountInString(body); n > limit {", "if n := utf8.RuneCountInString(body); n > limit-1 {", "capabilities.limits"},
		{"messages.go", "if n := utf8.RuneCountInString(body); n > limit {", "if n := utf8.RuneCountInString(body); n > limit+100 {", "capabilities.limits"},
		{"provider.go", "Features: features, MaxCharacters: MaxCharacters", "Features: features, MaxCharacters: 100", "capabilities.limits"},

		// Outcomes
		{"messages.go", post, unless(`fmt.Sprint(err) == "indeterminate: no response within the timeout"`), "timeout.hang-after-read"},
		{"messages.go", post, unless("ctx.Err() != nil"), "context.deadline-waiting"},
		{"messages.go", post, unless("errors.Is(err, context.Canceled)"), "context.cancel-waiting"},
		{"messages.go", post, unless("errors.Is(err, provider.Indeterminate)"), "fault.close-after-read"},
		{"messages.go", post, unless("errors.Is(err, provider.Rejected)"), "codes.rejected"},
		{"messages.go", post, unless("errors.Is(err, provider.Unauthenticated)"), "codes.unauthenticated"},
		{"messages.go", post, post + `; if errors.Is(err, provider.Unavailable) { err = provider.NewError(provider.Indeterminate, "doubt") }`, "fault.refused"},
		{"messages.go", post, "if ctx = context.WithoutCancel(ctx); ctx == nil { return nil, nil }; " + post, "context.cancel-waiting"},
		{"messages.go", `if len(messages) == 0 || messages[0].ID == "" {`, "if len(messages) == 0 {", "fault.wrong-types"},
		{"messages.go", "if sent.State == StateError {", "if sent.State == StateSent {", "codes.error-2xx"},
		{"errors.go", "c.codeOf(said, bare.Code), said.Faults[0].Type, said.message()", "c.codeOf(said, bare.Code), said.Faults[0].Title, said.message()", "codes.rejected"},
		{"errors.go", "if resp.Readable() != nil || loosejson.Unmarshal(resp.Raw(), &body) != nil || len(body.Errors) == 0 {", "if resp.OK() || loosejson.Unmarshal(resp.Raw(), &body) != nil || len(body.Errors) == 0 {", "codes.id-and-error"},
		{"errors.go", "bare.Code = provider.Rejected // 402", "bare.Code = provider.Unavailable // 402", "codes.rejected"},
		{"codes.go", `"credit":  provider.InsufficientFunds,`, `"credit":  provider.Rejected,`, "codes.insufficient_funds"},
		{"codes.go", `"msisdn":    provider.InvalidRecipient,`, `"msisdn":    provider.InvalidMessage,`, "codes.invalid_recipient"},
		{"codes.go", `"body":   provider.InvalidMessage,`, `"body":   provider.Unsupported,`, "codes.invalid_message"},

		// Requests
		{"client.go", "resp, err := c.http.Do(ctx, r)", `if r.Method == http.MethodPost { _, _ = c.http.Do(ctx, r) }; resp, err := c.http.Do(ctx, r)`, "requests.one"},
		{"client.go", "resp, err := c.http.Do(ctx, r)", "resp, err := c.http.Do(ctx, r); if err != nil { resp, err = c.http.Do(ctx, r) }", "requests.one"},
		{"client.go", "resp, err := c.http.Do(ctx, r)", "resp, err := c.http.Do(ctx, r); if err == nil && resp.Status >= 500 { resp, err = c.http.Do(ctx, r) }", "requests.one"},
		{"messages.go", post, "if _, err := c.List(ctx, 0, 1); err != nil { return nil, err }; " + post, "requests.one"},

		// Receipts
		{"provider.go", receipt, "ID: sent.ID, Raw: sent.Raw, Segments: 1", "receipt.invented"},
		{"provider.go", receipt, `ID: sent.ID, Raw: sent.Raw, Cost: &provider.Money{Micros: 50_000, Currency: "EUR"}`, "receipt.invented"},
		{"provider.go", receipt, "Raw: sent.Raw", "receipt.accepted"},
		{"provider.go", receipt, "ID: m.Ref, Raw: sent.Raw", "receipt.accepted"},
		{"provider.go", receipt, "ID: sent.ID[:len(sent.ID)-1], Raw: sent.Raw", "receipt.accepted"},

		// Lookups
		{"provider.go", "status, known := statuses[m.State]", "status, known := provider.StatusDelivered, m.ID != \"\"", "lookups.status"},
		{"provider.go", "Final: m.State == StateError", "Final: known", "lookups.status"},
		{"messages.go", "if messages[i].ID == id {", `if messages[i].ID != "" {`, "lookups.status"},
		{"codes.go", "StateError:       provider.StatusUndelivered,", "StateError:       provider.StatusSent,", "lookups.status"},
		{"provider.go", list, `_, err := p.client.post(ctx, "/messages", map[string][]string{})`, "lookups.no-send"},
		{"provider.go", list, list + "; err = nil", "lookups.failed"},
		{"inbox.go", "return events, newest.String(), nil", "return events, cursor, nil", "lookups.inbox"},
		{"inbox.go", "slices.Reverse(events)", "slices.Reverse(events[:0])", "lookups.inbox"},
		{"inbox.go", "if p.inbound(&m) && !since.Has(m.ID) {", "if !since.Has(m.ID) {", "lookups.inbox"},
		{"inbox.go", "if p.inbound(&m) && !since.Has(m.ID) {", "if p.inbound(&m) && !since.Has(m.ID) && len(events) == 0 {", "lookups.inbox"},
		{"inbox.go", "From: from.address(), To: m.To, Text: m.Body, Extra", "From: from.address(), To: m.To, Extra", "lookups.inbox"},

		// Capabilities, privacy, life
		{"provider.go", "provider.HasStatus | provider.HasCheck", "provider.HasStatus | provider.HasCheck | provider.HasFind", "capabilities.bits"},
		{"provider.go", `return "phonify provider at " + p.config.BaseURL`, `return "phonify provider with " + p.config.APIKey.Reveal()`, "privacy.provider"},
		{"provider.go", receipt, `ID: sent.ID, Raw: append(sent.Raw, p.config.APIKey.Reveal()...)`, "privacy.receipt"},
		{"messages.go", post, `fmt.Println("sending to", to.String()); ` + post, "privacy.logs"},
		{"messages.go", post, post + `; if err != nil { err = fmt.Errorf("to %s: %w", to.String(), err) }`, "privacy.errors"},
		{"client.go", "func (c *Client) Close() error { return c.http.Close() }", "func (c *Client) Close() error { return nil }", "life.use-after-close"},
		{"provider.go", "client, err := NewClient(config)", "client, err := NewClient(config); if err == nil { _, err = client.List(context.Background(), 0, 1) }", "life.open-offline"},
	}
}

// httpcallMutations are mistakes in the package that makes the requests of every
// driver.
func httpcallMutations() []mutation {
	const folder = "provider/httpcall/"
	const table = "case 307, 308, 403, 404, 405, 410, 411, 413, 414, 415, 421, 425, 431, 501, 505, 451:"
	return []mutation{
		{folder + "client.go", "if w.wrote() && !(w.first() && wantsCertificate(err)) {", "if w.wrote() && ctx.Err() == nil {", "context.deadline-waiting"},
		{folder + "client.go", "if w.wrote() && !(w.first() && wantsCertificate(err)) {", "if !w.wrote() {", "fault.reset-after-read"},
		{folder + "conn.go", "return c.writing || c.taken > mark", "return false", "fault.close-after-read"},
		{folder + "client.go", `case "gzip", "x-gzip":`, `case "x-gzip":`, "fault.gzip"},
		{folder + "client.go", `bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))`, `bytes.TrimPrefix(body, nil)`, "fault.bom"},
		{folder + "response.go", "return r.Status >= 200 && r.Status <= 299", "return r.Status == 200 || r.Status == 201", "receipt.status-2xx"},
		{folder + "response.go", "return time.Duration(seconds) * time.Second, true", "return time.Duration(seconds) * time.Millisecond, true", "status.429-seconds"},
		{folder + "response.go", "return max(0, at.Sub(now)), true", "return 60*max(0, at.Sub(now)), true", "status.429-date"},
		{folder + "status.go", "case 408, 409, 301, 302, 303:", "case 409, 301, 303:", "status.408"},
		{folder + "status.go", "case 408, 409, 301, 302, 303:\n\t\treturn provider.Indeterminate", "case 408, 409, 301, 302, 303:\n\t\treturn provider.Unavailable", "requests.redirect-302"},
		{folder + "status.go", "case 429:", "case 420:", "status.429"},
		{folder + "status.go", table, "case 500, 307, 308, 403, 404, 405, 410, 411, 413, 414, 415, 421, 425, 431, 501, 505, 451:", "status.500"},
		{folder + "status.go", table, "case 502, 307, 308, 403, 404, 405, 410, 411, 413, 414, 415, 421, 425, 431, 501, 505, 451:", "status.502"},
		{folder + "status.go", table, "case 504, 307, 308, 403, 404, 405, 410, 411, 413, 414, 415, 421, 425, 431, 501, 505, 451:", "status.504"},
		{folder + "status.go", table, "case 524, 307, 308, 403, 404, 405, 410, 411, 413, 414, 415, 421, 425, 431, 501, 505, 451:", "status.other-5xx"},
		{folder + "status.go", table, "case 417, 307, 308, 403, 404, 405, 410, 411, 413, 414, 415, 421, 425, 431, 501, 505, 451:", "status.other-4xx"},
		{folder + "status.go", "		if retryAfter {", "		if !retryAfter {", "status.503-retry-after"},
		{folder + "response.go", "return r.client.secrets.Hide(s)", "return s", "privacy.errors"},
	}
}
