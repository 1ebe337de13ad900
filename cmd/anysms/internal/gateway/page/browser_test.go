package page_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/settings"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router/ledger"
)

// signInTab opens the page, and signs in by keyboard.
func (l *lab) signInTab(c *chromium, key, path string) *tab {
	l.Helper()
	t := c.tab()
	t.size(1280, 900, false)
	l.signInWith(t, key, path)
	return t
}

func (l *lab) signInWith(t *tab, key, path string) {
	l.Helper()
	t.open(l.server.URL + path)
	t.until(`document.activeElement.id === "key"`)
	t.write(key)
	t.press("Enter")
	t.until("location.pathname === " + quote(strings.SplitN(path, "?", 2)[0]))
	t.until(`document.readyState === "complete"`)
}

// Every view fits a phone and a desk, in light and dark, empty and full of malice.
func TestBrowserViews(t *testing.T) {
	c := startChromium(t)
	for _, state := range []string{"empty", "ten"} {
		l := newLab(t, &settings.Serve{Keys: keys()})
		paths := map[string]string{"messages": "/", "unknown": "/unknown", "providers": "/providers", "optouts": "/optouts", "costs": "/costs", "analyser": "/analyser"}
		if state == "ten" {
			l.fill()
			paths["message"], paths["message-evil"], paths["message-failover"] = "/messages/"+l.ids[0], "/messages/"+l.ids[8], "/messages/"+l.ids[3]
			paths["filtered"] = "/?status=unknown&tag=" + url.QueryEscape(evil)
			paths["missing"] = "/messages/nobody"
		}
		v := l.signInTab(c, opsKey, "/")
		for name, path := range paths {
			for _, width := range []int{390, 1280} {
				for _, dark := range []bool{false, true} {
					v.size(width, 900, dark)
					v.open(l.server.URL + path)
					if state == "ten" && name == "analyser" {
						v.eval(`document.getElementById("text").focus()`)
						v.write(strings.Repeat("It’s a text with 😀 and "+evil+" in it. ", 5))
						v.eval(`document.querySelector("main form button").click()`)
						v.until(`document.querySelector(".segments") !== null`)
					}
					what := fmt.Sprintf("%s-%s-%d-%v", name, state, width, dark)
					assert.LessOrEqual(t, v.eval("document.documentElement.scrollWidth"), float64(width), "%s does not fit", what)
					assert.Nil(t, v.eval("window.hit ?? null"), "%s runs what a text says", what)
					assert.Equal(t, dark, v.eval(darkness), "%s has the wrong background", what)
					assert.Empty(t, v.eval(faint), "%s has text that is hard to read", what)
					v.shoot(what)
				}
			}
		}
		v.mu.Lock()
		var others []string
		for _, complaint := range v.complaints {
			if !strings.Contains(complaint, "/messages/nobody") { // the 404 that was asked for
				others = append(others, complaint)
			}
		}
		v.complaints = others
		v.mu.Unlock()
		v.sound(l.server.URL)
	}
}

const darkness = `(() => { const [r, g, b] = getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number); return r + g + b < 200 })()`

// faint lists texts whose contrast with what is behind them is below WCAG's 4.5.
const faint = `(() => {
	const light = (c) => { const [r, g, b] = c.map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b };
	const parse = (s) => s.match(/[\d.]+/g).map(Number);
	const behind = (e) => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c.slice(0, 3) } return [255, 255, 255] };
	const found = [];
	for (const e of document.querySelectorAll("body *")) {
		if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) || !e.getClientRects().length) continue;
		const a = light(parse(getComputedStyle(e).color).slice(0, 3)), b = light(behind(e));
		if ((Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 4.5) found.push(e.outerHTML.slice(0, 120));
	}
	return found;
})()`

// Everything can be done by keyboard alone.
func TestBrowserKeyboard(t *testing.T) {
	c := startChromium(t)
	l := newLab(t, &settings.Serve{Keys: keys()})
	l.fill()
	v := l.signInTab(c, opsKey, "/")
	v.press("Tab")
	assert.Equal(t, "Skip to the content", v.eval("document.activeElement.textContent"))
	v.press("Enter")
	assert.Equal(t, "main", v.eval("document.activeElement.id"))
	v.tabTo(`a[href="/messages/` + l.ids[5] + `"]`)
	v.press("Enter")
	v.until(`document.title.startsWith("Message ")`)
	v.tabTo(`button[value=accepted]`)
	v.press("Enter")
	v.until(`document.querySelector("[role=status].said")?.textContent === "The message is settled."`)
	m, err := l.ledger.Message(t.Context(), l.ids[5])
	require.NoError(t, err)
	assert.Equal(t, ledger.Accepted, m.Status)
	v.tabTo(`nav a[href="/optouts"]`)
	v.press("Enter")
	v.until(`location.pathname === "/optouts"`)
	v.tabTo(`form[action="/optouts/add"] input[name=number]`)
	v.write("694 123 4577")
	v.press("Enter")
	v.until(`document.body.innerText.includes("+306941234577")`)
	v.tabTo(`form[action="/sign-out"] button`)
	v.press("Enter")
	v.until(`location.pathname === "/sign-in"`)
	v.sound(l.server.URL)
}

// Without JavaScript everything works; only the refreshing is missing.
func TestBrowserWithoutScript(t *testing.T) {
	c := startChromium(t)
	l := newLab(t, &settings.Serve{Keys: keys()})
	l.fill()
	v := c.tab()
	v.size(1280, 900, false)
	v.do("Emulation.setScriptExecutionDisabled", map[string]any{"value": true})
	l.signInWith(v, opsKey, "/unknown")
	v.tabTo(`form[action="/messages/` + l.ids[5] + `/settle"] button[value=not_sent]`)
	v.press("Enter")
	v.until(`document.body.innerText.includes("The message is settled.")`)
	v.open(l.server.URL + "/providers")
	v.tabTo(`form[action="/providers/usa/override"] button[value=out]`)
	v.press("Enter")
	v.until(`document.body.innerText.includes("taken out")`)
	assert.Equal(t, true, v.eval(`document.getElementById("live-state").hidden`))
	v.sound(l.server.URL)
}

// With JavaScript a new message shows up by itself, and the focus stays where it is.
func TestBrowserLive(t *testing.T) {
	c := startChromium(t)
	l := newLab(t, &settings.Serve{Keys: keys()})
	v := l.signInTab(c, opsKey, "/")
	v.until(`document.getElementById("live-state").textContent === "Live"`)
	v.tabTo("input[name=ref]")
	v.write("half a ref")
	l.send(&provider.Message{To: e164.MustParse("+306941234567"), Text: "x", Ref: "fresh" + evil})
	v.until(`document.getElementById("rows").innerText.includes("fresh")`)
	assert.Equal(t, "half a ref", v.eval("document.activeElement.value"))
	assert.Nil(t, v.eval("window.hit ?? null"))
	v.sound(l.server.URL)
}
