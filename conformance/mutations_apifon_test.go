package conformance_test

func apifonMutations() []mutation {
	const secret = `if secret != "" && subtle.ConstantTimeCompare([]byte(c.Query.Get(callbackKey)), []byte(secret)) != 1 {`
	const result = "return otpVerdicts[answer.ResultInfo.StatusCode], nil"
	const sends = "result, err := p.submit(ctx, m, envelope{[]Recipient{{Number: m.To.Digits()}}, m.Ref, m.Attempt})"
	const item = `events = append(events, provider.UnreadableItem(raw, fmt.Errorf("apifon: item %d of the callback's data does not have the documented form", i)))`
	return []mutation{
		// Verification
		{"verify.go", result, "_ = answer; return provider.VerificationRight, nil", "lookups.verify"},
		{"codes.go", "OTPDeclined:    provider.VerificationWrong,", "OTPDeclined:    provider.VerificationRight,", "lookups.verify"},
		{"codes.go", "OTPExpired:     provider.VerificationExpired,", "OTPExpired:     provider.VerificationRight,", "lookups.verify"},
		{"codes.go", "OTPUsed:        provider.VerificationUsed,", "OTPUsed:        provider.VerificationRight,", "lookups.verify"},

		// Cancel, balance
		{"provider.go", "if removed < 1 {\n\t\treturn provider.NewError(provider.Rejected,", "if removed < 0 {\n\t\treturn provider.NewError(provider.Rejected,", "lookups.cancel"},
		{"gateway.go", "if count == nil {", "if count == nil { return 1, nil }; if count == nil {", "lookups.failed"},
		{"provider.go", "removed, err := p.client.RemoveSMS(ctx, id)", `removed, err := p.client.RemoveSMSByReference(ctx, id)`, "lookups.cancel"},
		{"provider.go", "available, err := said.Balance.Money(p.config.Currency)", `available, err := said.Balance.Money("USD")`, "lookups.balance"},
		{"provider.go", "available, err := said.Balance.Money(p.config.Currency)", `available, err := said.Plafon.Money(p.config.Currency)`, "lookups.balance"},
		{"provider.go", "balance := &provider.Balance{Available: available}", "available.Micros *= 100; balance := &provider.Balance{Available: available}", "lookups.balance"},

		// Callbacks
		{"callback.go", secret, `if got := c.Query.Get(callbackKey); secret != "" && subtle.ConstantTimeCompare([]byte(got), []byte(secret[:min(len(got), len(secret))])) != 1 {`, "callbacks.forged"},
		{"callback.go", secret, `if secret != "" && !bytes.EqualFold([]byte(c.Query.Get(callbackKey)), []byte(secret)) || subtle.ConstantTimeEq(0, 1) == 1 {`, "callbacks.forged"},
		{"callback.go", secret, `if got := c.Query.Get(callbackKey); secret != "" && got != "" && subtle.ConstantTimeCompare([]byte(got), []byte(secret)) != 1 {`, "callbacks.forged"},
		{"callback.go", item, "return events", "callbacks.bad-item"},
		{"callback.go", item, "continue", "callbacks.bad-item"},
		{"callback.go", "events = append(events, e)", "if i == 0 { events = append(events, e) }", "callbacks.golden"},
		{"callback.go", "VendorStatus: string(d.Status.Text), VendorCode: string(d.Status.Code)", "VendorStatus: string(f.status), VendorCode: string(d.Status.Code)", "callbacks.golden"},
		{"callback.go", "f = fate{status: provider.StatusUnknown}", "f = fate{status: provider.StatusDelivered, final: true}", "callbacks.unknown-status"},
		{"callback.go", "return time.Unix(int64(seconds), 0).UTC()", "return time.UnixMilli(int64(seconds)).UTC()", "callbacks.golden"},
		{"callback.go", `if secret != "" &&`, `if p.config.ReplyURL += "x"; len(p.config.ReplyURL) > 1 { return nil, nil }; if secret != "" &&`, "callbacks.repeated"},

		// Sends
		{"provider.go", sends, "if m.Class == provider.Marketing { _, _ = p.submit(ctx, m, envelope{[]Recipient{{Number: m.To.Digits()}}, m.Ref, m.Attempt}) }; " + sends, "message.options"},
		{"provider.go", sends, sends + "; if err != nil { result, err = p.submit(ctx, m, envelope{[]Recipient{{Number: m.To.Digits()}}, m.Ref, m.Attempt}) }", "requests.one"},
		{"provider.go", "if err := m.Validate(); err != nil {", "if m.Text == \"\" { m.Text = \" \" }; if err := m.Validate(); err != nil {", "message.validated"},
		{"provider.go", "ReferenceID: e.reference,", "ReferenceID: \"\",", "requests.ref"},
		{"provider.go", "TTE:         TTE{For: m.Validity},", "TTE:         TTE{For: m.Validity / 60},", "capabilities.validity"},
		{"sms.go", "strconv.FormatInt(int64(t.For/time.Second), 10)", "strconv.FormatInt(int64(t.For/time.Millisecond), 10)", "capabilities.validity"},
		{"provider.go", "Date:        sendAt(m),", "Date:        Time{},", "capabilities.schedule"},
		{"gateway.go", "return json.Marshal(t.UTC().Format(timeLayout))", "return json.Marshal(t.Add(time.Hour).UTC().Format(timeLayout))", "capabilities.schedule"},
		{"provider.go", "if from == \"\" {\n\t\tfrom = p.config.Sender", "if p.config.Sender != \"\" {\n\t\tfrom = p.config.Sender", "capabilities.sender"},
		{"provider.go", `strings.Contains(text, magic)`, `strings.Contains(text, magic+"!")`, "text.placeholders"},
		{"provider.go", `strings.Contains(text, magic)`, `strings.Contains(text, "{")`, "text.braces"},
		{"provider.go", "return Text{Text: m.Text, DataCoding: coding, SenderID: sender}, nil", "return Text{Text: strings.TrimSpace(m.Text), DataCoding: coding, SenderID: sender}, nil", "text.white-space"},
		{"provider.go", "return Text{Text: m.Text, DataCoding: coding, SenderID: sender}, nil", "return Text{Text: strings.ToValidUTF8(m.Text[:min(len(m.Text), 300)], \"\"), DataCoding: coding, SenderID: sender}, nil", "text.long"},
		{"gateway.go", "case parseError(r) != nil: // also beside an acceptance", "case parseError(r) != nil && result.RequestID == \"\":", "codes.id-and-error"},
		{"gateway.go", "if !r.OK() {\n\t\treturn nil, c.failure(r, gatewayCodes)\n\t}\n\tvar result", "if r.Status >= 400 {\n\t\treturn nil, c.failure(r, gatewayCodes)\n\t}\n\tvar result", "requests.redirect-307"},
		{"provider.go", "Segments: len(entries), Raw: result.Raw", "Segments: len(entries) + 1, Raw: result.Raw", "receipt.invented"},
		{"gateway.go", "if digits(key) == digits(number) {", "if digits(key) != \"\" {", "batch.partial"},

		// Batches
		{"batch.go", "v.Receipt, v.Err = receipt(result, m.To, batchID(result.RequestID, i+1))", "v.Receipt, v.Err = receipt(result, m.To, batchID(result.RequestID, i+2))", "batch.partial"},
		{"batch.go", "v.Receipt, v.Err = receipt(result, m.To, batchID(result.RequestID, i+1))", "_ = m; v.Receipt, v.Err = receipt(result, b.messages[0].To, batchID(result.RequestID, i+1))", "batch.partial"},
		{"batch.go", "v := &verdicts[b.places[i]]", "v := &verdicts[i]", "batch.invalid"},
		{"batch.go", "return result, wholeBatch(err)", "if err != nil { result, err = p.submit(ctx, m, e) }; return result, wholeBatch(err)", "batch.doubt"},
		{"batch.go", "return result, wholeBatch(err)", `if err != nil { err = provider.NewError(provider.Unavailable, "lost") }; return result, wholeBatch(err)`, "batch.doubt"},

		// Codes
		{"codes.go", `{"sender", provider.SenderRejected},`, `{"sender", provider.Rejected},`, "codes.sender_rejected"},
		{"codes.go", `"401": provider.Unauthenticated,` + "\n\t\"403\": provider.InvalidMessage,", `"401": provider.Rejected,` + "\n\t\"403\": provider.InvalidMessage,", "codes.unauthenticated"},
		{"errors.go", "err := r.Failed(code, string(said.Code), said.message())", "err := r.Failed(code, said.Title, said.message())", "codes.unauthenticated"},
		{"errors.go", "case !known:\n\t\tcode = r.ByStatus().Code", "case !known:\n\t\tcode = provider.Unavailable", "codes.indeterminate"},

		// Privacy
		{"provider.go", sends, "fmt.Println(\"text\", m.Text); " + sends, "privacy.logs"},
	}
}
