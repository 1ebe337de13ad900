package resttest

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/anysms/anysms/drivers/rest"
	"github.com/anysms/anysms/drivers/rest/internal/fixture"
	"github.com/anysms/anysms/provider"
)

// report puts the entry into the fixtures' reports: the callbacks, and the
// responses of the status call. The table holds if it does in one of them, as a
// report's code may decide over its status.
func (w *walker) report(e rest.Entry) Decision {
	d := Decision{Entry: e, Fault: "no fixture of a report with a vendor_status to try it in"}
	if e.Table == "report_codes" {
		d.Fault = "no fixture of a failed report with a vendor_code to try it in"
	}
	for i := range w.fixtures {
		f := &w.fixtures[i]
		at, want := reportOf(f, e.Table)
		if want == nil {
			continue
		}
		swap := swapper{{want.VendorStatus, e.Code}}
		if e.Table == "report_codes" {
			swap = swapper{{want.VendorCode, e.Code}}
		}
		got, err := w.eventOf(f, at, swap)
		if err != nil {
			d.Got, d.Fault = err.Error(), err.Error()
			continue
		}
		d.Got, d.Fault = eventOutcome(got), reportFault(e, got)
		if d.Fault == "" {
			break
		}
	}
	return d
}

// reportOf finds the event of a fixture in which a code or status can be put.
func reportOf(f *fixture.Fixture, table string) (at int, want *fixture.Event) {
	var all []fixture.Event
	switch {
	case f.Kind() == "callback":
		all = f.Events
	case f.Kind() == "status" && f.Event != nil && f.Reply != nil:
		all = []fixture.Event{*f.Event}
	}
	failed := []string{"", string(provider.StatusUndelivered), string(provider.StatusRejected), string(provider.StatusExpired), string(provider.StatusUnknown)}
	at = slices.IndexFunc(all, func(e fixture.Event) bool {
		switch {
		case e.Kind != "" && e.Kind != string(provider.Report) || e.Segment != nil:
			return false
		case table == "report_codes":
			return e.VendorCode != "" && slices.Contains(failed, e.Status)
		}
		return e.VendorStatus != ""
	})
	if at < 0 {
		return 0, nil
	}
	return at, &all[at]
}

// eventOf parses a fixture's callback, or asks for its status, with other words
// in it.
func (w *walker) eventOf(f *fixture.Fixture, at int, swap swapper) (*provider.Event, error) {
	p, err := w.provider(f)
	if err != nil {
		return nil, err
	}
	if f.Kind() == "status" {
		body, err := f.Reply.Bytes()
		if err != nil {
			return nil, err
		}
		w.response.Store(&response{status: f.Reply.Status, headers: f.Reply.Headers, body: swap.inBody(body)})
		return provider.ReadStatus(w.ctx, p, f.ID)
	}
	c, err := f.Callback.Callback()
	if err != nil {
		return nil, err
	}
	events, err := provider.ParseCallback(w.ctx, p, swap.inCallback(c))
	if err != nil {
		return nil, err
	}
	if at >= len(events) {
		return nil, fmt.Errorf("got %d events, want more than %d", len(events), at)
	}
	return &events[at], nil
}

func eventOutcome(e *provider.Event) string {
	if e.Code == "" {
		return string(e.Status)
	}
	return string(e.Status) + ", " + string(e.Code)
}

func reportFault(e rest.Entry, got *provider.Event) string {
	switch {
	case e.LeftOut != "" && e.Table == "statuses":
		if got.Status != provider.StatusUnknown {
			return fmt.Sprintf("got %s, although no row says what it means", got.Status)
		}
	case e.LeftOut != "":
		if got.Code == provider.InvalidRecipient {
			return "blamed on the number, although no row says what it means"
		}
	case e.Status != "" && got.Status != e.Status, (e.Means != "" || e.Table == "statuses") && got.Code != e.Means:
		want := provider.Event{Status: cmp.Or(e.Status, got.Status), Code: e.Means}
		return fmt.Sprintf("got %s, want %s", eventOutcome(got), eventOutcome(&want))
	}
	return ""
}
