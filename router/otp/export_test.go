package otp

import "time"

// SetClock gives a service another clock.
func (s *Service) SetClock(now func() time.Time) { s.now = now }

// Below is below.
var Below = below

// Render puts a code into a text.
func Render(c Config, text, code string) string { return c.render(text, code) }
