package router

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// The bounds are those of other implementations of Wilson's score interval
// (statsmodels: proportion_confint with method wilson).
func TestBounds(t *testing.T) {
	z := zOf(0.975)
	assert.InDelta(t, 1.959964, z, 1e-6)
	for _, c := range []struct{ good, all, low, high float64 }{
		{90, 100, 0.8256343, 0.9447709},
		{5, 10, 0.2365931, 0.7634069},
		{1, 1, 0.2065493, 1},
		{0, 10, 0, 0.2775328},
		{0, 0, 0, 1},
	} {
		low, high := tally{c.good, c.all}.bounds(z)
		assert.InDelta(t, c.low, low, 1e-6, c)
		assert.InDelta(t, c.high, high, 1e-6, c)
	}
	assert.InDelta(t, 1, tally{}.rate(), 0)
}

// What was counted weighs half after the half-life, and no more than the window counts.
func TestCountsFade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := measured{accepted: tally{80, 100}, delivered: tally{40, 100}, verified: tally{20, 100}, at: time.Now()}
		m.passTime(time.Now(), time.Hour)
		assert.Equal(t, tally{80, 100}, m.accepted)
		time.Sleep(time.Hour)
		m.passTime(time.Now(), time.Hour)
		assert.Equal(t, []tally{{40, 50}, {20, 50}, {10, 50}}, []tally{m.accepted, m.delivered, m.verified})
		time.Sleep(2 * time.Hour)
		m.passTime(time.Now(), time.Hour)
		assert.Equal(t, tally{10, 12.5}, m.accepted)
		m.passTime(time.Now().Add(-time.Hour), time.Hour)
		assert.Equal(t, tally{10, 12.5}, m.accepted, "time does not go back")
	})
	var m measured
	m.passTime(time.Now(), time.Hour)
	assert.Zero(t, m.accepted)
	for range 1000 {
		m.addAttempt(true, 2*time.Second, 50)
		m.addReport(true, 50)
		m.addCode(false, 50)
	}
	for _, c := range []tally{m.accepted, m.delivered, m.verified} {
		assert.InDelta(t, 50, c.all, 0.01)
	}
	assert.InDelta(t, 50, m.accepted.good, 0.01)
	assert.Zero(t, m.verified.good)
	assert.InDelta(t, 2, m.seconds, 0.01)
}

// The duration is the mean of the attempts that were accepted.
func TestMeanDuration(t *testing.T) {
	var m measured
	for _, took := range []time.Duration{time.Second, 3 * time.Second, 8 * time.Second} {
		m.addAttempt(true, took, 1e9)
		m.addAttempt(false, time.Hour, 1e9)
	}
	assert.InDelta(t, 4, m.seconds, 1e-6)
}

// Two providers are compared by the codes that were entered, if enough are known of both;
// else by the reports in the same way; else by the attempts.
func TestCompared(t *testing.T) {
	enough, few := tally{10, 20}, tally{10, 19.5}
	accepted := tally{90, 100}
	for name, c := range map[string]struct {
		x, y measured
		want string
		rate float64
	}{
		"codes":               {measured{accepted: accepted, verified: enough}, measured{accepted: accepted, verified: enough}, "verified", 0.45},
		"few codes of one":    {measured{accepted: accepted, verified: few}, measured{accepted: accepted, verified: enough}, "", 0.9},
		"few codes of both":   {measured{accepted: accepted, verified: enough}, measured{accepted: accepted, verified: few}, "", 0.9},
		"reports":             {measured{accepted: accepted, delivered: enough, verified: few}, measured{accepted: accepted, delivered: enough, verified: enough}, "delivered", 0.45},
		"few reports of one":  {measured{accepted: accepted, delivered: few}, measured{accepted: accepted, delivered: enough}, "", 0.9},
		"few reports of both": {measured{accepted: accepted, delivered: enough}, measured{accepted: accepted, delivered: few}, "", 0.9},
	} {
		x, y := compared(&c.x, &c.y, 20, 2)
		assert.Equal(t, c.want, x.what, name)
		assert.Equal(t, c.want, y.what, name)
		assert.InDelta(t, c.rate, x.rate, 1e-9, name)
		low, high := accepted.bounds(2)
		if c.want != "" {
			l, h := enough.bounds(2)
			low, high = low*l, high*h
		}
		assert.InDelta(t, low, x.low, 1e-9, name)
		assert.InDelta(t, high, x.high, 1e-9, name)
	}
}

// counts is a provider of which as much is known.
func counts(accepted, attempts, delivered, reports float64) *measured {
	return &measured{accepted: tally{accepted, attempts}, delivered: tally{delivered, reports}}
}

func taking(seconds float64) *measured {
	m := counts(100, 100, 0, 0)
	m.seconds = seconds
	return m
}

// When a provider is worse than another one in use, so that it must rest; and when it
// still is, so that it rests on.
func TestWorse(t *testing.T) {
	a := Adaptive{MinSample: 20}.withDefaults()
	off := a
	off.Slow, off.Floor = -1, -1
	for name, c := range map[string]struct {
		a     Adaptive
		x, y  *measured
		worse string
		still bool
	}{
		"fewer accepted":                                 {a, counts(50, 100, 0, 0), counts(100, 100, 0, 0), "50% accepted; y has 100% accepted", true},
		"one is just known":                              {a, counts(5, 20, 0, 0), counts(100, 100, 0, 0), "25% accepted; y has 100% accepted", true},
		"one is hardly known":                            {a, counts(5, 19.5, 0, 0), counts(100, 100, 0, 0), "", true},
		"the other is just known":                        {off, counts(20, 100, 0, 0), counts(20, 20, 0, 0), "20% accepted; y has 100% accepted", true},
		"the other is hardly known":                      {off, counts(20, 100, 0, 0), counts(19.5, 19.5, 0, 0), "", true},
		"less than the floor":                            {a, counts(20, 100, 0, 0), counts(1, 1, 0, 0), "20% accepted", true},
		"not surely less than the floor":                 {a, counts(45, 100, 0, 0), counts(1, 1, 0, 0), "", true},
		"no floor":                                       {off, counts(20, 100, 0, 0), counts(1, 1, 0, 0), "", true},
		"by less than the margin":                        {a, counts(960, 1000, 0, 0), counts(1000, 1000, 0, 0), "", true},
		"by half the margin":                             {a, counts(98, 100, 0, 0), counts(100, 100, 0, 0), "", false},
		"fewer delivered":                                {a, counts(100, 100, 60, 100), counts(100, 100, 95, 100), "100% accepted, 60% delivered; y has 100% accepted, 95% delivered", true},
		"the other does not report":                      {a, counts(100, 100, 20, 100), counts(100, 100, 0, 0), "20% delivered", true},
		"the other hardly reports":                       {a, counts(100, 100, 20, 100), counts(100, 100, 19.5, 19.5), "20% delivered", true},
		"the other just reports":                         {a, counts(100, 100, 20, 100), counts(100, 100, 5, 20), "", true},
		"both report as little":                          {a, counts(100, 100, 20, 100), counts(100, 100, 20, 100), "", false},
		"few reports, and the other has none":            {a, counts(100, 100, 1, 19.5), counts(100, 100, 0, 0), "", false},
		"just enough reports, and the other has none":    {a, counts(100, 100, 1, 20), counts(100, 100, 0, 0), "5% delivered", true},
		"just enough reports, and the other has as many": {a, counts(100, 100, 1, 20), counts(100, 100, 1, 20), "", false},
		"enough reports arrive":                          {a, counts(100, 100, 45, 100), counts(100, 100, 0, 0), "", false},
		"no floor for reports":                           {off, counts(100, 100, 20, 100), counts(100, 100, 0, 0), "", false},
		"slow":                                           {a, taking(9), taking(2), "attempts take 9s; with y they take 2s", true},
		"slow by the hundredth":                          {a, taking(9.123456), taking(2), "attempts take 9.12s; with y they take 2s", true},
		"not four times as slow":                         {a, taking(7), taking(2), "", true},
		"not twice as slow":                              {a, taking(3.5), taking(2), "", false},
		"slow, but by less than a second":                {a, taking(1), taking(0.1), "", false},
		"slow, which does not matter":                    {off, taking(9), taking(2), "", false},
	} {
		assert.Equal(t, c.worse, c.a.worse(c.x, c.y, "y", c.a.MinSample, zOf(c.a.Confidence)), name)
		assert.Equal(t, c.still, c.a.stillWorse(c.x, c.y, zOf(c.a.Confidence)), name)
		assert.Empty(t, c.a.worse(c.x, c.x, "x", c.a.MinSample, zOf(c.a.Confidence)), "%s: none is worse than itself", name)
	}
}

func TestYieldString(t *testing.T) {
	m := counts(9, 10, 0, 0)
	assert.Equal(t, "90% accepted", m.yieldOf(&m.delivered, "delivered", 2).String(), "no report yet")
	assert.Equal(t, "90% accepted", m.yieldOf(nil, "", 2).String())
	m.delivered = tally{1, 2}
	assert.Equal(t, "90% accepted, 50% delivered", m.yieldOf(&m.delivered, "delivered", 2).String())
}
