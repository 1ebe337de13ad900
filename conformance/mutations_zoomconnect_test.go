package conformance_test

func zoomconnectMutations() []mutation {
	const bulk = "results, err := p.client.SendBulk(ctx, bulk)"
	const found = "if found.UserDataField == m.Ref && international(found.ToNumber) == m.To.String() && !found.sentBefore(since.Add(-findSkew)) {"
	const authentic = `if want != "" && subtle.ConstantTimeCompare([]byte(c.Query.Get(secretParameter)), []byte(want)) != 1 {`
	const parsed = "if err := p.authentic(c); err != nil {"
	return []mutation{
		// Batches
		{"provider.go", "verdicts[i] = verdict(results[n])", "verdicts[i] = verdict(results[len(results)-1-n])", "batch.partial"},
		{"provider.go", bulk, bulk + "; for range 3 { if provider.OutcomeOf(err) == provider.OutcomeUnknown { results, err = p.client.SendBulk(ctx, bulk) } }", "batch.doubt"},
		{"provider.go", bulk, bulk + `; if provider.OutcomeOf(err) == provider.OutcomeUnknown { err = provider.NewError(provider.Unavailable, "lost") }`, "batch.doubt"},
		{"provider.go", bulk, bulk + `; if provider.OutcomeOf(err) == provider.OutcomeNotSent { err = provider.NewError(provider.Indeterminate, "lost") }`, "batch.not-sent"},
		{"provider.go", "verdicts[i].Err = err\n\t\t\tcontinue\n\t\t}\n\t\tbulk", "verdicts[i].Err = err\n\t\t\treturn verdicts\n\t\t}\n\t\tbulk", "batch.invalid"},
		{"provider.go", "bulk.Messages = append(bulk.Messages, sms)", `if i > 0 && ms[i-1].To == m.To { verdicts[i].Receipt = &provider.Receipt{ID: "same"}; continue }; bulk.Messages = append(bulk.Messages, sms)`, "batch.same-recipient"},
		{"sms.go", "if err := json.Unmarshal(resp.Raw(), &answer); err != nil || len(answer.Responses) != len(b.Messages) {", "if err := json.Unmarshal(resp.Raw(), &answer); err != nil {", "batch.incomplete"},
		{"provider.go", "if r.Err != nil {", "if r.Err != nil && r.MessageID == \"\" && len(r.Raw) == 0 {", "batch.partial"},

		// Acceptance
		{"sms.go", `case answer.MessageID != "" && (says(answer.Error) || says(answer.Code)):`, `case answer.MessageID != "" && says(answer.Error) && says(answer.Code):`, "codes.id-and-error"},
		{"sms.go", `case err != nil || answer.MessageID == "" && !says(answer.Error):`, "case err != nil:", "fault.json-empty"},
		{"sms.go", "case says(answer.Error):", "case says(answer.Error) && answer.MessageID != \"\":", "codes.error-2xx"},
		{"values.go", "*id = ID(loosejson.IDOf(b))", "if f, err := strconv.ParseFloat(string(b), 64); err == nil { *id = ID(strconv.FormatFloat(f, 'f', 0, 64)); return nil }; *id = ID(loosejson.IDOf(b))", "receipt.big-id"},
		{"provider.go", "return &provider.Receipt{ID: result.MessageID, Raw: result.Raw}, nil", "return &provider.Receipt{ID: result.MessageID, Raw: result.Raw, Segments: 1 + len(m.Text)/160}, nil", "receipt.invented"},
		{"provider.go", "result, err := p.client.Send(ctx, sms)", "result, err := p.client.Send(ctx, sms); if err != nil && ctx.Err() == nil { result, err = p.client.Send(ctx, sms) }", "requests.one"},
		{"sms.go", `resp, err := c.send(ctx, "/sms/send", c.smsRequest(m))`, `resp, err := c.send(context.WithoutCancel(ctx), "/sms/send", c.smsRequest(m))`, "context.deadline-waiting"},
		{"provider.go", "DataField:       m.Ref,", `DataField:       m.Tag,`, "requests.ref"},
		{"provider.go", "Message:         m.Text,", "Message:         cmp.Or(m.Text[:len(m.Text)-1], m.Text),", "text.gsm7"},
		{"provider.go", `extra, err := m.ExtraOf("zoomconnect", "campaign")`, `extra, err := map[string]string{}, error(nil)`, "message.own-extra"},
		{"provider.go", `case m.From != "":`, `case m.From == "0":`, "capabilities.sender"},
		{"provider.go", "case m.Validity != 0:", "case m.Validity < 0:", "capabilities.validity"},
		{"provider.go", "DateToSend:      m.SendAt,", "DateToSend:      m.SendAt.Add(-m.Validity - time.Hour),", "capabilities.schedule"},
		{"values.go", "return t.In(c.zone).Format(form)", "return t.UTC().Format(form)", "capabilities.schedule"},
		{"values.go", `minuteForm     = "200601021504"`, `minuteForm     = "200602011504"`, "capabilities.schedule"},

		// Codes
		{"codes.go", `"2": provider.InvalidRecipient,`, `"2": provider.InvalidMessage,`, "codes.invalid_recipient"},
		{"codes.go", `"3": provider.InvalidMessage, `, `"3": provider.Rejected, `, "codes.invalid_message"},
		{"codes.go", `{"credit", provider.InsufficientFunds},`, `{"credit", provider.RateLimited},`, "codes.insufficient_funds"},
		{"codes.go", `{"opted out", provider.OptedOut},`, `{"opted out", provider.Rejected},`, "codes.opted_out"},
		{"errors.go", "number = strconv.Itoa(said.Code)", "number = strconv.Itoa(said.Code + 1)", "codes.invalid_message"},

		// Lookups
		{"provider.go", found, "if !found.sentBefore(since.Add(-findSkew)) {", "lookups.find"},
		{"provider.go", found, "if found.UserDataField == m.Ref && international(found.ToNumber) == m.To.String() {", "lookups.find"},
		{"provider.go", "return &provider.Receipt{ID: string(found.MessageID), Segments: found.NumberOfMessages, Cost: found.cost(), Raw: found.Raw}, nil", "return &provider.Receipt{ID: m.Ref, Segments: found.NumberOfMessages, Cost: found.cost(), Raw: found.Raw}, nil", "lookups.find"},
		{"messages.go", "if json.Unmarshal(resp.Raw(), &answer) != nil || answer.Messages == nil && answer.Page == \"\" {", "if json.Unmarshal(resp.Raw(), &answer) != nil {", "lookups.failed"},
		{"codes.go", "StatusFailed:         {status: provider.StatusUndelivered, final: true},", "StatusFailed:         {status: provider.StatusDelivered, final: true},", "lookups.status"},
		{"codes.go", "StatusFailedOptOut:   {status: provider.StatusRejected, final: true, code: provider.OptedOut},", "StatusFailedOptOut:   {status: provider.StatusRejected, final: true},", "lookups.status"},
		{"messages.go", "if err == nil && string(m.MessageID) != id {", "if err == nil && m.MessageID == \"\" {", "lookups.status"},
		{"provider.go", "return &provider.Balance{Available: credits.Money}, nil", "credits.Micros *= 100; return &provider.Balance{Available: credits.Money}, nil", "lookups.balance"},
		{"provider.go", "return &provider.Balance{Available: credits.Money}, nil", "credits.Currency = \"ZAR\"; return &provider.Balance{Available: credits.Money}, nil", "lookups.balance"},
		{"account.go", "if err := resp.Decode(&answer); err != nil || answer.CreditBalance == nil {", "if err := resp.Decode(&answer); err != nil || answer.CreditBalance == nil { return Credits{}, nil }; if false {", "lookups.failed"},
		{"provider.go", "if !a.WithinMaximum {", "if a.NumberOfMessages == 0 {", "lookups.quote"},
		{"provider.go", "Segments: a.NumberOfMessages, Encoding", "Segments: a.Length, Encoding", "lookups.quote"},
		{"provider.go", "a, err := p.client.Analyse(ctx, sms.Message, sms.RecipientNumber)", "_, _ = p.client.Send(ctx, sms); a, err := p.client.Analyse(ctx, sms.Message, sms.RecipientNumber)", "lookups.no-send"},
		{"inbox.go", "return events, since.Advance(entries, p.overlap()).String(), nil", "return events, cursor, nil", "lookups.inbox"},
		{"inbox.go", "if since.Passed(entries[i], p.overlap()) {", "if len(events) > 0 {", "lookups.inbox"},
		{"inbox.go", "e.Kind, e.At = provider.Inbound, m.DateTimeReceived.Time", "e.Kind = provider.Inbound", "lookups.inbox"},

		// Callbacks
		{"callback.go", authentic, `if got := c.Query.Get(secretParameter); want != "" && subtle.ConstantTimeCompare([]byte(got), []byte(want[:min(len(got), len(want))])) != 1 {`, "callbacks.forged"},
		{"callback.go", authentic, `if want != "" && !strings.EqualFold(c.Query.Get(secretParameter), want) || subtle.ConstantTimeEq(0, 1) == 1 {`, "callbacks.forged"},
		{"callback.go", authentic, `if got := c.Query.Get(secretParameter); want != "" && got != "" && subtle.ConstantTimeCompare([]byte(got), []byte(want)) != 1 {`, "callbacks.forged"},
		{"callback.go", authentic, `if got := c.Query.Get(secretParameter); want != "" && subtle.ConstantTimeCompare([]byte(got), []byte(want)) != 1 && !strings.HasPrefix(got, want) {`, "callbacks.forged"},
		{"callback.go", authentic, "if want == \"never\" && subtle.ConstantTimeEq(0, 1) == 1 {", "callbacks.forged"},
		{"codes.go", "return fate{status: provider.StatusUnknown}", "return fate{status: provider.StatusSent}", "callbacks.unknown-status"},
		{"codes.go", "StatusDelivered:      {status: provider.StatusDelivered, final: true},", "StatusDelivered:      {status: provider.StatusSent},", "callbacks.golden"},
		{"callback.go", "e.InReplyTo = values[\"repliedToMessageId\"]", "e.InReplyTo = values[\"messageId\"]", "callbacks.golden"},
		{"callback.go", "at, err := time.ParseInLocation(form, s, p.config.zone)", "at, err := time.Parse(form, s)", "callbacks.golden"},
		{"callback.go", "if !utf8.ValidString(name) || !utf8.ValidString(value) {", "if !utf8.ValidString(name) && value == name {", "callbacks.bad-utf8"},
		{"callback.go", `case values["from"] != "":`, `case values["from"] == "":`, "callbacks.golden"},
		{"callback.go", parsed, "if p.config.Campaign = c.Query.Get(\"campaign\") + \"x\"; p.authentic(c) == nil && len(p.config.Campaign) > 1 { return nil, nil }; " + parsed, "callbacks.golden"},

		// Capabilities, privacy, life
		{"provider.go", "provider.HasCallbacks | provider.HasInbox | provider.HasCheck | provider.CanSchedule", "provider.HasCallbacks | provider.HasInbox | provider.HasCheck | provider.CanSchedule | provider.HasCancel", "capabilities.bits"},
		{"provider.go", "		MaxBatch: p.config.MaxBatch,", "		MaxBatch: p.config.MaxBatch + time.Now().Nanosecond(),", "capabilities.constant"},
		{"provider.go", `return "zoomconnect provider at " + p.config.BaseURL`, `return "zoomconnect provider of " + p.config.Token.Reveal()`, "privacy.provider"},
		{"client.go", "func (c *Client) Close() error { return c.http.Close() }", "func (c *Client) Close() error { c.config = nil; return c.http.Close() }", "life.use-after-close"},
	}
}
