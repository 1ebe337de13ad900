package page

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/api"
	"github.com/anysms/anysms/router"
)

func (l *providerList) html(v *visit) g.Node {
	explanation := "Figures of today, since midnight UTC."
	if l.Pending {
		explanation += " They are being summed up; this page reloads automatically."
	}
	cards := empty("The configuration has no providers.")
	if len(l.Items) > 0 {
		cards = h.Ul(h.Class("tiles"), g.Map(l.Items, func(c providerCard) g.Node {
			return h.Li(h.Class("panel tile"), c.html(), g.If(l.MayOverride, c.overrideForm(v)))
		}))
	}
	return g.Group{heading("Providers", explanation), live("providers", cards)}
}

func (c *providerCard) html() g.Node {
	return g.Group{
		h.H2(g.Text(c.Name+" "), h.Span(h.Class("muted"), g.Text(c.Driver))),
		h.P(c.state(), g.If(c.Override == router.OverrideIn, note("kept in by hand"))),
		h.Dl(h.Class("figures"),
			fact("Attempts", count(c.Day.Attempts)),
			fact("Accepted", count(c.Day.Accepted)),
			fact("Delivered", g.Text(deliveryRate(c.Day))),
			fact("Mean latency", g.Text(took(c.Day.Latency))),
			fact("Unknown", count(c.Day.Unknown)),
			fact("Cost", money(c.Day.Costs)),
		),
		h.Dl(h.Class("facts slim"),
			fact("Breaker", g.Text(c.breakers())),
			g.Iff(c.ParkedUntil != nil, func() g.Node { return fact("Paused until", timeOf(*c.ParkedUntil, shortTime)) }),
			fact("In flight", g.Text(c.inFlight())),
			fact("Limit", g.Text(c.limits())),
			g.If(c.Callbacks.Used, fact("Reports", c.reports())),
			g.Iff(c.LastError != nil, func() g.Node { return lastError(c.LastError) }),
		),
	}
}

func (c *providerCard) state() g.Node {
	switch c.State {
	case "ok":
		return badgeOf("good", "healthy")
	case "out":
		return badgeOf("bad", "taken out")
	case "open":
		return badgeOf("bad", "breaker open")
	case "half_open":
		return badgeOf("doubt", "breaker half open")
	}
	return badgeOf("doubt", "paused")
}

// breakers is the state of the provider's breaker, and of those of countries.
func (c *providerCard) breakers() string {
	list := []string{words(string(c.Breaker))}
	for _, country := range slices.Sorted(maps.Keys(c.Countries)) {
		list = append(list, country+" "+words(string(c.Countries[country])))
	}
	return strings.Join(list, "; ")
}

func (c *providerCard) inFlight() string {
	text := strconv.Itoa(c.InFlight)
	if c.Limits.MaxInFlight > 0 {
		text += " of " + strconv.Itoa(c.Limits.MaxInFlight)
	}
	return text
}

func (c *providerCard) limits() string {
	rate := func(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
	text := "none"
	if c.Limits.RateLimit != 0 {
		text = rate(c.Limits.RateLimit) + " calls a second"
	}
	if c.Limits.SegmentRate != 0 {
		text += ", " + rate(c.Limits.SegmentRate) + " segments a second"
	}
	return text
}

// reports says how the vendor comes to send its reports.
func (c *providerCard) reports() g.Node {
	address := h.Code(g.Text(c.Callbacks.URL))
	switch {
	case c.Callbacks.URL == "":
		return g.Text("set serve.public_url, so that the vendor can send them")
	case c.Callbacks.Asked:
		return g.Group{g.Text("asked for with each message, at "), address}
	}
	return g.Group{g.Text("enter "), address, g.Text(" at the vendor")}
}

func lastError(e *api.LastError) g.Node {
	text := ", " + words(string(e.Code))
	if e.Message != "" {
		text += ": " + e.Message
	}
	return fact("Last error", timeOf(e.At, shortTime), g.Text(text))
}

// overrideForm switches the provider by hand.
func (c *providerCard) overrideForm(v *visit) g.Node {
	button := func(mode router.Override, text string) g.Node {
		class, pressed := "small second", c.Override == mode
		if pressed {
			class = "small"
		}
		return h.Button(h.Name("mode"), h.Value(string(mode)), h.Class(class), h.Aria("pressed", strconv.FormatBool(pressed)), g.Text(text))
	}
	return h.Form(h.Method("post"), h.Action("/providers/"+url.PathEscape(c.Name)+"/override"), h.Class("row switch"), h.Aria("label", "Switch "+c.Name), v.csrf(),
		button(router.OverrideAuto, "Auto"),
		button(router.OverrideIn, "Keep in"),
		button(router.OverrideOut, "Take out"),
	)
}
