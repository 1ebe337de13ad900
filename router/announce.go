package router

import (
	"context"
	"log/slog"
	"time"

	"github.com/anysms/anysms/provider"
)

// notice tells the program and the log of something that happened.
func (s *setup) notice(n Notice) {
	if s.OnNotice != nil {
		s.OnNotice(n)
	}
	if s.Log != nil {
		s.Log.LogAttrs(context.Background(), n.level(), "sms "+string(n.Kind), n.attrs()...)
	}
}

// heard reports whether a notice would reach anybody.
func (s *setup) heard() bool { return s.OnNotice != nil || s.Log != nil }

func (n *Notice) level() slog.Level {
	switch n.Kind {
	case NoticeAttempt:
		return slog.LevelDebug
	case NoticeFault:
		return slog.LevelError
	case NoticeBreaker, NoticeDuplicate:
		return slog.LevelWarn
	}
	return slog.LevelInfo
}

// attrs are the fields of a log line, without number and text.
func (n *Notice) attrs() []slog.Attr {
	attrs := make([]slog.Attr, 0, 8)
	add := func(key, value string) {
		if value != "" {
			attrs = append(attrs, slog.String(key, value))
		}
	}
	add("provider", n.Provider)
	add("ref", provider.Mask(n.Ref))
	add("from", string(n.From))
	add("to", string(n.To))
	add("country", n.Country)
	add("next", n.Next)
	if a := n.Attempt; a != nil {
		add("outcome", string(a.Outcome))
		add("code", string(a.Code))
		add("vendor_code", a.VendorCode)
		attrs = append(attrs, slog.Duration("duration", a.Duration))
	}
	if n.For > 0 {
		attrs = append(attrs, slog.Duration("for", n.For))
	}
	if n.Err != nil {
		add("error", provider.Mask(n.Err.Error()))
	}
	return attrs
}

// announce tells of the state changes of the candidate's breakers.
func (s *send) announce(c *candidate) {
	s.announceChanges(s.r, c.line, c.line.health.whole, "")
	if b := s.breaker(c); b != c.line.health.whole {
		s.announceChanges(s.r, c.line, b, s.countryCode())
	}
}

func (s *setup) announceChanges(r *Router, l *line, b *breaker, country string) {
	for _, change := range b.takeChanges() {
		r.telemetry.breaker(l.Name, change)
		s.notice(Notice{Kind: NoticeBreaker, At: time.Now(), Provider: l.Name, From: change.from, To: change.to, Country: country})
	}
}

func (s *send) announcePark(c *candidate, d time.Duration) {
	if s.heard() {
		s.notice(Notice{Kind: NoticeParked, At: time.Now(), Provider: c.line.Name, Ref: s.m.Ref, For: d})
	}
}

func (s *send) announceAttempt(a *Attempt) {
	if s.heard() {
		copied := *a
		s.notice(Notice{Kind: NoticeAttempt, At: time.Now(), Provider: a.Provider, Ref: s.m.Ref, Attempt: &copied})
	}
}

// announceFailover tells that another provider takes over.
func (s *send) announceFailover(c *candidate) {
	n := len(s.result.Attempts)
	if n == 0 || s.result.Attempts[n-1].Provider == c.line.Name || !s.heard() {
		return
	}
	last := s.result.Attempts[n-1]
	s.notice(Notice{Kind: NoticeFailover, At: time.Now(), Provider: last.Provider, Ref: s.m.Ref, Attempt: &last, Next: c.line.Name})
}

// fault tells of a journal or store that could not be written.
func (s *setup) fault(ref string, err error) {
	s.notice(Notice{Kind: NoticeFault, At: time.Now(), Ref: ref, Err: err})
}
