package conformance

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/anysms/anysms/provider"
)

func lookupCases() []Case {
	const source = contract + ", the optional interfaces; the files in Replies/calls name the vendor's documents"
	return []Case{
		{ID: "lookups.status", Level: Must, run: lookedUp(provider.HasStatus, enoughStatus, otherID),
			Why:    "a status that is not the message's own makes undelivered messages look delivered",
			Source: source, Fix: "map the vendor's word through the table of statuses, and compare the reply's id with the id that was asked for"},
		{ID: "lookups.find", Level: Must, run: lookedUp(provider.HasFind, enoughFind, otherRef),
			Why:    "a message that is taken for another is reported as accepted and never sent; one that is not found is sent twice",
			Source: source, Fix: "compare Ref exactly with what the vendor lists, and return nil, nil if none is equal"},
		{ID: "lookups.cancel", Level: Must, run: lookedUp(provider.HasCancel, enoughCancel, nil),
			Why:    "nil says that the message will not be sent; if the vendor removed nothing, it will be",
			Source: source, Fix: "return an error unless the vendor says that it removed the message"},
		{ID: "lookups.balance", Level: Must, run: lookedUp(provider.HasBalance, enough("balance"), nil),
			Why:    "alerts and routes rely on the balance; a wrong unit or currency is wrong by a factor",
			Source: source, Fix: "read the amount with provider.ParseMoney, in the unit and currency that the vendor documents"},
		{ID: "lookups.quote", Level: Must, run: lookedUp(provider.HasQuote, enough("quote"), nil),
			Why:    "prices are compared before sending",
			Source: source, Fix: "read segments, encoding and cost from the reply; leave out what it does not say"},
		{ID: "lookups.verify", Level: Must, run: lookedUp(provider.HasVerify, enoughVerify, nil),
			Why:    "a wrong code that counts as right lets anybody in",
			Source: source, Fix: "return VerificationRight only for the vendor's documented word"},
		{ID: "lookups.inbox", Level: Must, run: lookedUp(provider.HasInbox, enoughInbox, inboxAdvances),
			Why:    "lost events are lost opt-outs; a cursor that does not advance delivers them for ever",
			Source: source, Fix: "return every event once, and a cursor behind the last of them"},
		{ID: "lookups.check", Level: Must, run: lookedUp(provider.HasCheck, enough("check"), nil),
			Why:    "a check that fails with valid credentials stops a program from starting",
			Source: source, Fix: "return nil for the vendor's documented reply to valid credentials"},
		{ID: "lookups.no-send", Level: Must, needs: aLab, run: lookupsSendNothing,
			Why:    "checks, quotes and polls run every minute; if one also sends a message, it costs money and reaches somebody",
			Source: contract + ", Checker, Quoter",
			Fix:    "make only the vendor's read-only call; if the vendor documents that it is the send call with a flag, name it in the reply file (# request: POST /messages)"},
		{ID: "lookups.failed", Level: Must, needs: aLab, run: failedLookups,
			Why:    "a failed lookup must be an error: callers treat \"not found\" as proof that nothing was sent, and nil from Cancel as proof that nothing will be",
			Source: contract + ", Finder, Canceller",
			Fix:    "return an error unless the reply has the documented form, and never unsupported for a capability that is set"},
	}
}

// lookedUp compares a call with the call files of its capability. enough says what
// is missing for a proof, and more goes beyond the files.
func lookedUp(bit provider.Feature, enough func([]callFile) string, more func(*bench, callFile)) func(*trial) {
	return func(t *trial) {
		b := t.bench(accept)
		if !b.has(bit) {
			t.notApplicable("the driver has no capability %s", bit)
		}
		var files []callFile
		for _, f := range t.calls {
			if lookupFor(f.call).bit == bit {
				files = append(files, f)
			}
		}
		for _, f := range files {
			b.playCall(f)
			if more != nil {
				more(b, f)
			}
		}
		if missing := enough(files); missing != "" && t.failed() == 0 {
			t.unproven("the capability %s is set, but Replies/calls has not enough to test it: want %s", bit, missing)
		}
	}
}

func count(files []callFile, is func(callFile) bool) int {
	n := 0
	for _, f := range files {
		n += asOne(is(f))
	}
	return n
}

func succeeds(f callFile) bool { return f.code == "" && !f.absent }

// enough wants one file with a result.
func enough(call string) func([]callFile) string {
	return func(files []callFile) string {
		if count(files, succeeds) == 0 {
			return "a " + call + " file with a result"
		}
		return ""
	}
}

func enoughStatus(files []callFile) string {
	different := make(map[any]bool)
	for _, f := range files {
		if word := f.want["status"]; word != nil {
			different[word] = true
		}
	}
	if len(different) < 2 {
		return "status files with two different statuses"
	}
	return ""
}

func enoughFind(files []callFile) string {
	if count(files, succeeds) == 0 || count(files, func(f callFile) bool { return f.absent }) == 0 {
		return `a find file with a receipt and one with "# want: null"`
	}
	return ""
}

func enoughCancel(files []callFile) string {
	if done := count(files, succeeds); done == 0 || done == len(files) {
		return `a cancel file that succeeds and one with "# error: …", such as the vendor's reply for a message that is sent already`
	}
	return ""
}

func enoughVerify(files []callFile) string {
	right := count(files, func(f callFile) bool { return f.want["result"] == string(provider.VerificationRight) })
	checks := count(files, func(f callFile) bool { return f.call == "check_verification" && succeeds(f) })
	starts := count(files, func(f callFile) bool { return f.call == "start_verification" && succeeds(f) })
	if right == 0 || checks == right || starts == 0 {
		return "a start_verification file, a check_verification file whose result is right and one whose result is not"
	}
	return ""
}

func enoughInbox(files []callFile) string {
	if count(files, func(f callFile) bool { return len(f.events) > 0 }) == 0 {
		return "an inbox file with events"
	}
	return ""
}

// serve makes the vendor reply to the requests of a call.
func (b *bench) serve(f callFile) {
	b.resetAll(func(n int, _ []byte) Reply {
		return Reply{Text: f.fill(f.replies[min(n, len(f.replies))-1].text)}
	})
}

// prepare sends the messages that come before a call and fills in their ids.
func (b *bench) prepare(f callFile) callFile {
	var pairs []string
	for i, s := range f.sent {
		m := (callArgs{To: s.To, Text: s.Text, Ref: s.Ref}).message()
		if s.SendAt != "" {
			wait, err := time.ParseDuration(s.SendAt)
			if err != nil {
				b.stopf("%s: send_at: %v", f.file, err)
			}
			m.SendAt = time.Now().Add(wait)
		}
		pairs = append(pairs, fmt.Sprintf("{{id.%d}}", i+1), b.wantAccepted(b.send(m)).ID)
	}
	fill := strings.NewReplacer(pairs...)
	f.args.ID = fill.Replace(f.args.ID)
	want := make(map[string]any, len(f.want))
	for key, value := range f.want {
		if text, ok := value.(string); ok {
			value = fill.Replace(text)
		}
		want[key] = value
	}
	f.want = want
	return f
}

// playCall makes the call of a file and compares what it returns.
func (b *bench) playCall(f callFile) {
	on := b
	if len(f.sent) > 0 || b.lab == nil {
		on = b.trial.bench(accept) // what happened before would matter
		f = on.prepare(f)
	}
	if b.lab != nil {
		on.serve(f)
	}
	got, err := on.look(lookupFor(f.call), f.args)
	switch {
	case f.code != "" && err == nil:
		b.failf("%s: returned %s, want an error with code %s", f.file, got.claim, f.code)
	case f.code != "":
		if code := provider.CodeOf(err); code != f.code {
			b.failf("%s: returned %q with code %s, want code %s", f.file, err, code, f.code)
		}
	case err != nil:
		b.failf("%s: returned the error %q, want a result", f.file, err)
	case f.absent != (f.call == "find" && got.fields == nil):
		b.failf("%s: returned %s", f.file, got.claim)
	default:
		b.compareFields(f.file, got.fields, f.want)
		if f.call == "inbox" {
			b.compareEvents(f.file, got.events, f.events)
		}
	}
	on.checkTargets(f)
}

// checkTargets compares the requests with those that the vendor documents.
func (b *bench) checkTargets(f callFile) {
	requests := b.requests()
	for i, r := range f.replies {
		switch {
		case r.target == "":
		case i >= len(requests):
			b.failf("%s: %d requests, want %s too", f.file, len(requests), r.target)
		case requests[i].Target != r.target && !strings.HasSuffix(requests[i].Target, " "+r.target):
			b.failf("%s: the request is %s, want %s", f.file, requests[i].Target, r.target)
		}
		for _, value := range r.has {
			if i < len(requests) && !values(requests[i].Values).has(value) {
				b.failf("%s: %q is not in the request. The request: %s", f.file, value, requests[i].Print)
			}
		}
	}
}

// otherID asks for another id. A reply that is about the first must not be taken for
// the status of the other.
func otherID(b *bench, f callFile) {
	if f.code != "" || len(f.args.ID) < 2 || !f.said(f.args.ID) {
		return
	}
	other := f
	other.args.ID = twist(f.args.ID)
	b.serve(f)
	got, err := b.look(lookupFor(f.call), other.args)
	if err == nil {
		b.failf("%s: asked for the id %q, the vendor replied for the id %q: Status returned %s, want an error", f.file, other.args.ID, f.args.ID, got.claim)
	}
}

// otherRef looks for another Ref. A vendor that lists the first must not make the
// other look found.
func otherRef(b *bench, f callFile) {
	if !succeeds(f) || b.lab == nil {
		return
	}
	other := f
	other.args.Ref = "zq-other-ref"
	b.serve(f)
	got, err := b.look(lookupFor(f.call), other.args)
	asked := slices.ContainsFunc(b.requests(), func(r received) bool { return values(r.Values).has(other.args.Ref) })
	if err == nil && got.fields != nil && (f.said(f.args.Ref) || !asked) {
		b.failf("%s: looked for Ref %q, the vendor listed Ref %q: Find returned %s", f.file, other.args.Ref, f.args.Ref, got.claim)
	}
}

// inboxAdvances polls again with the cursor of the first poll, of a vendor that
// still lists the same.
func inboxAdvances(b *bench, f callFile) {
	if len(f.events) == 0 || f.code != "" {
		return
	}
	if b.lab != nil {
		b.serve(f)
	}
	l := lookupFor(f.call)
	first, err := b.look(l, f.args)
	if err != nil || len(first.events) == 0 {
		return // reported before
	}
	if first.next == f.args.Cursor {
		b.failf("%s: Inbox returned %d events and the cursor that it was given, %q", f.file, len(first.events), first.next)
	}
	if b.lab != nil {
		b.serve(f)
	}
	args := f.args
	args.Cursor = first.next
	again, err := b.look(l, args)
	passedOn := slices.ContainsFunc(b.requests(), func(r received) bool { return values(r.Values).has(first.next) })
	if err == nil && len(again.events) > 0 && again.events[0].ID == first.events[0].ID && !passedOn {
		b.failf("%s: polled again with the cursor %q, Inbox returned the same events again", f.file, first.next)
	}
}

// lookupsSendNothing compares the requests of calls that do not send with those of
// Send.
func lookupsSendNothing(t *trial) {
	b := t.bench(accept)
	m := t.plain("Hello")
	b.wantAccepted(b.send(m))
	sends := make(map[string]bool)
	for _, r := range b.taken() {
		sends[r.Target] = true
	}
	tried := 0
	for _, l := range lookups() {
		if l.bit == provider.HasVerify && l.call != "check_verification" || !b.has(l.bit) {
			continue
		}
		for _, f := range t.callsOrNone(l.call) {
			if len(f.replies) > 0 {
				b.serve(f)
			} else {
				b.resetAll(accept)
			}
			_, _ = b.look(l, f.args) // what it returns is tested elsewhere
			for _, r := range b.requests() {
				tried++
				if sends[r.Target] && !f.documents(r.Target) {
					t.failf("%s made the request %s, as Send does", l.name, r.Target)
				}
			}
		}
	}
	if tried == 0 {
		t.notApplicable("the driver makes no requests that do not send")
	}
}

// callsOrNone returns the files of a call, or an empty one.
func (t *trial) callsOrNone(call string) []callFile {
	var files []callFile
	for _, f := range t.calls {
		if f.call == call {
			files = append(files, f)
		}
	}
	if len(files) == 0 {
		files = []callFile{{call: call, args: callArgs{ID: "zq-1", Ref: "zq-verify", Code: "123456"}}}
	}
	return files
}

// documents reports whether the file names a request.
func (f *callFile) documents(target string) bool {
	return slices.ContainsFunc(f.replies, func(r callReply) bool {
		return r.target != "" && (target == r.target || strings.HasSuffix(target, " "+r.target))
	})
}

// failedLookups makes all requests that do not send fail.
func failedLookups(t *trial) {
	asked := false
	for what, respond := range t.lookupFailures() {
		// A new bench for each, as a driver may fetch a new token after a refusal.
		b := t.bench(accept)
		b.wantAccepted(b.send(t.plain("Hello")))
		if respond == nil {
			b.fail(FaultClose)
			respond = accept
		}
		for _, l := range lookups() {
			if !b.has(l.bit) {
				continue
			}
			for _, f := range t.callsOrNone(l.call)[:1] {
				b.resetAll(respond)
				got, err := b.look(l, f.args)
				asks := b.count() > 0
				asked = asked || asks
				switch {
				case !asks:
				case err == nil && l.bit == provider.HasCheck && emptyJSON[what]: // the status may be all that counts
				case err == nil:
					t.failf("%s after %s: returned %s, want an error", l.name, what, got.claim)
				case provider.CodeOf(err) == provider.Unsupported:
					t.failf("%s after %s: %q, although the capability is set", l.name, what, err)
				default:
					b.leaks(l.name+" after "+what+": the error", printed(err))
				}
			}
		}
	}
	if !asked {
		t.notApplicable("the driver makes no requests that do not send")
	}
}
